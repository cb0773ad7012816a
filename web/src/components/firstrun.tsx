import { useId, useState } from "preact/hooks";
import * as api from "../api";
import { useDebounced, useLoad } from "../hooks";
import { isRunning, jobs, startJob } from "../jobs";
import { mayManage } from "../person";
import { attempt } from "../toast";
import { EmptyState } from "./common";
import { Icon } from "./icons";
import { JobLine } from "./jobline";

/** What an empty library offers: a folder to add, or music to try; and how far a scan is. */
export function EmptyLibrary() {
  const job = jobs.value.find((one) => one.kind === "scan" && isRunning(one));
  if (job) {
    return (
      <EmptyState icon="scan" title="Segue is analyzing your music">
        <p>The first tracks appear here in a moment. You can go on while it works.</p>
        <JobLine job={job} />
      </EmptyState>
    );
  }
  if (!mayManage.value) return <EmptyState icon="library" title="No music yet"><p>An administrator of this library can add folders.</p></EmptyState>;
  return (
    <EmptyState icon="library" title="Add your music">
      <p>Segue analyzes every file of a folder once and finds what sounds alike. Your files stay as they are.</p>
      <FolderField />
      <p class="quiet">No music at hand? Segue makes 96 short pieces to try it with.</p>
      <button type="button" class="button" onClick={() => void attempt(startJob(api.makeDemo()))}><Icon name="sound" size={18} />Try the demo</button>
    </EmptyState>
  );
}

/** A path of the service's machine, completed as one types: an ARIA combobox. */
export function FolderField() {
  const [text, setText] = useState("");
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const list = useId();
  const wanted = useDebounced(text, 120);
  const { data } = useLoad((stop) => api.folders(wanted, stop), [wanted]);
  const folders = data?.folders ?? [];
  const shown = open && folders.length > 0;
  const pick = (path: string) => (setText(`${path}/`), setAt(-1));
  const add = async () => {
    const folder = text.trim().replace(/(.)\/+$/, "$1");
    if (folder && (await attempt(startJob(api.addFolder(folder)).then(() => true)))) setText("");
  };
  const steer = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") (setOpen(true), setAt(Math.min(at + 1, folders.length - 1)));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, -1));
    else if ((event.key === "Enter" || event.key === "Tab") && shown && at >= 0) pick(folders[at]!);
    else if (event.key === "Escape") setOpen(false);
    else return;
    event.preventDefault();
  };
  return (
    <form class="folder-form" onSubmit={(event) => (event.preventDefault(), setOpen(false), void add())}>
      <div class="picker">
        <label class="field">
          <Icon name="library" size={18} />
          <span class="hidden-text">Folder with music</span>
          <input role="combobox" aria-expanded={shown} aria-controls={list} aria-autocomplete="list" autocomplete="off" spellcheck={false}
            aria-activedescendant={shown && at >= 0 ? `${list}-${at}` : undefined} placeholder={data?.any === false ? "A folder that was allowed" : "A folder, such as ~/Music"}
            value={text} onInput={(event) => (setText(event.currentTarget.value), setAt(-1), setOpen(true))} onKeyDown={steer}
            onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} />
        </label>
        <div id={list} role="listbox" aria-label="Folders" class="picker-list" hidden={!shown}>
          {shown && folders.map((path, i) => (
            <div key={path} id={`${list}-${i}`} role="option" aria-selected={i === at} onPointerDown={(event) => (event.preventDefault(), pick(path))}>
              <span class="clip">{path}</span>
            </div>
          ))}
        </div>
      </div>
      <button class="button main" disabled={!text.trim()}><Icon name="plus" size={18} />Add folder</button>
      {data && !data.any && <p class="quiet">Folders may be added that were allowed with <code>segue serve --folder</code>.</p>}
    </form>
  );
}
