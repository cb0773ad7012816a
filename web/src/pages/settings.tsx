import * as api from "../api";
import { PageHeader, SegmentedControl } from "../components/common";
import { Icon } from "../components/icons";
import { Account, People } from "../components/people";
import { clock } from "../format";
import type { SettingsChange } from "../types";
import { crossfade, leveling } from "../handover";
import { useLoad } from "../hooks";
import { density, shortcutsEnabled, theme, type Density, type Theme } from "../preferences";
import { mayManage, session, signOut } from "../person";
import { keepPlaying, setKeepPlaying } from "../radio";
import { helpOpen } from "../shortcuts";
import { attempt } from "../toast";

export function SettingsPage() {
  return (
    <>
      <PageHeader title="Settings" lead="Recommendations and folders are settings of the library; all others are of this browser." />
      <div class="panels">
        <Account />
        <Playback />
        {mayManage.value && <Recommending />}
        {mayManage.value && <Folders />}
        <People />
        <Appearance />
        <Keyboard />
        <About />
      </div>
    </>
  );
}

function Playback() {
  return (
    <section class="panel">
      <h2>Playback</h2>
      <label class="check">
        <input type="checkbox" checked={keepPlaying.value} onChange={(event) => setKeepPlaying(event.currentTarget.checked)} />
        Keep playing what sounds like this when the queue ends
      </label>
      <label class="check">
        <input type="checkbox" checked={leveling.value} onChange={(event) => (leveling.value = event.currentTarget.checked)} />
        Play all tracks at the same loudness
      </label>
      <label class="labelled"><span>Crossfade <b class="num">{crossfade.value ? `${crossfade.value} s` : "off"}</b></span>
        <input class="range" type="range" min={0} max={12} step={1} value={crossfade.value}
          onInput={(event) => (crossfade.value = event.currentTarget.valueAsNumber)} /></label>
      <p class="quiet">How long two tracks overlap. After a sudden end the next track begins at once, and albums without pauses play as they are.</p>
    </section>
  );
}

const minutes = (seconds: number | null) => (seconds === null ? "any length" : seconds ? clock(seconds) : "any length");

function Recommending() {
  const { data, error, retry } = useLoad(api.settings, []);
  const change = (values: SettingsChange) => void attempt(api.changeSettings(values).then(retry));
  if (error && !data) return <section class="panel"><h2>Recommendations</h2><p class="bad">{error.message}</p></section>;
  if (!data) return null;
  return (
    <section class="panel">
      <h2>Recommendations</h2>
      <label class="check">
        <input type="checkbox" checked={data.speech} onChange={(event) => change({ speech: event.currentTarget.checked })} />
        Recommend speech, too
      </label>
      <Choice label="Shortest track" value={data.shortest_s} usual={minutes(data.shortest_now_s)} show={minutes} values={[10, 30, 60, 120, 0]}
        onPick={(shortest_s) => change({ shortest_s })} />
      <Choice label="Longest track" value={data.longest_s} usual={minutes(data.longest_now_s)} show={minutes} values={[600, 1200, 1800, 3600, 0]}
        onPick={(longest_s) => change({ longest_s })} />
      <Choice label="Most tracks of an artist in a playlist" value={data.per_artist} usual="a fifth" show={number} values={[1, 2, 3, 5, 10, 0]}
        onPick={(per_artist) => change({ per_artist })} />
      <Choice label="Most tracks of an album in a playlist" value={data.per_album} usual="an eighth" show={number} values={[1, 2, 3, 5, 10, 0]}
        onPick={(per_album) => change({ per_album })} />
    </section>
  );
}

function Folders() {
  const { data, retry } = useLoad(api.settings, []);
  if (!data) return null;
  return (
    <section class="panel">
      <h2>Folders</h2>
      <label class="check">
        <input type="checkbox" checked={data.watch} onChange={(event) => void attempt(api.changeSettings({ watch: event.currentTarget.checked }).then(retry))} />
        Follow the scanned folders, and take in what changes there
      </label>
      {data.watch !== data.watch_now && <p class="quiet">The service was started with {data.watch_now ? "--watch" : "--no-watch"}, so this holds from its next start.</p>}
    </section>
  );
}

const number = (n: number) => (n ? String(n) : "any number");

type Value = number | "auto";

function Choice({ label, value, usual, show, values, onPick }: {
  label: string; value: Value; usual: string; show: (n: number) => string; values: number[]; onPick: (value: Value) => void;
}) {
  const all = typeof value === "number" && !values.includes(value) ? [...values, value] : values;
  return (
    <label class="labelled"><span>{label}</span>
      <select class="select" value={String(value)} onChange={(event) => onPick(event.currentTarget.value === "auto" ? "auto" : Number(event.currentTarget.value))}>
        <option value="auto">{value === "auto" ? `Usual: ${usual}` : "Usual"}</option>
        {all.map((n) => <option key={n} value={String(n)}>{show(n)}</option>)}
      </select></label>
  );
}

function Appearance() {
  return (
    <section class="panel">
      <h2>Appearance</h2>
      <SegmentedControl<Theme> label="Appearance" value={theme.value} onPick={(value) => (theme.value = value)}
        options={[["system", "Same as system"], ["light", "Light"], ["dark", "Dark"]]} />
      <SegmentedControl<Density> label="Rows of lists" value={density.value} onPick={(value) => (density.value = value)}
        options={[["comfortable", "Comfortable rows"], ["compact", "Compact rows"]]} />
    </section>
  );
}

function Keyboard() {
  return (
    <section class="panel">
      <h2>Keyboard</h2>
      <label class="check">
        <input type="checkbox" checked={shortcutsEnabled.value} onChange={(event) => (shortcutsEnabled.value = event.currentTarget.checked)} />
        Use keyboard shortcuts
      </label>
      <p><button type="button" class="button small" onClick={() => (helpOpen.value = true)}><Icon name="keys" size={16} />Show all shortcuts</button></p>
    </section>
  );
}

function About() {
  const { data: health } = useLoad(api.health, []);
  return (
    <section class="panel">
      <h2>Segue {health?.version}</h2>
      <p class="quiet">Finds music by how it sounds. Everything runs on this machine, and this page contacts no other server.</p>
      {session.value?.needed && !session.value.by_name && <p><button type="button" class="button small" onClick={() => void attempt(signOut())}>Sign out</button></p>}
      <p><a href="/docs">HTTP API</a> · <a href="/assets/licenses.txt" target="_blank" rel="noopener">Licenses of the software in this page</a></p>
    </section>
  );
}
