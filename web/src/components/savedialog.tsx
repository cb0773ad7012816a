import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import * as api from "../api";
import { count } from "../format";
import { useLoad } from "../hooks";
import { changeTracks, withoutLast } from "../playlists";
import { navigate } from "../router";
import { attempt, showToast } from "../toast";
import type { PlaylistSummary, Track } from "../types";
import { Dialog } from "./dialog";
import { Icon } from "./icons";

/** The tracks to save. The dialog is open while this is set. */
export const saving = signal<{ tracks: readonly Track[]; name: string } | null>(null);

const ids = (tracks: readonly Track[]) => tracks.map((track) => track.id).filter((id) => !api.isClip(id));

/** The playlists that one may change. */
export function useOwnPlaylists(): PlaylistSummary[] {
  const { data } = useLoad(api.playlists, []);
  return (data?.playlists ?? []).filter((head) => head.owner === null);
}

/** Put tracks at the end of a playlist, with Undo. */
export async function addToPlaylist(head: PlaylistSummary, tracks: readonly Track[]): Promise<void> {
  const added = ids(tracks);
  const list = await changeTracks(head.id, (now) => [...now, ...added]);
  if (!list) return;
  const undo = () => void changeTracks(list.id, (now) => withoutLast(now, added));
  showToast(`${count(tracks.length, "track")} added to “${list.name}”`, { action: { label: "Undo", run: undo } });
}

export function SaveDialog() {
  return saving.value && <Saving tracks={saving.value.tracks} suggestion={saving.value.name} />;
}

function Saving({ tracks, suggestion }: { tracks: readonly Track[]; suggestion: string }) {
  const [name, setName] = useState(suggestion);
  const own = useOwnPlaylists();
  const close = () => (saving.value = null);
  const done = (id: string, title: string) => {
    close();
    showToast(`Saved to “${title}”`, { action: { label: "Open", run: () => navigate(`/playlists/${id}`) } });
  };
  const create = async (event: Event) => {
    event.preventDefault();
    const made = await attempt(api.savePlaylist(name.trim(), ids(tracks)));
    if (made) done(made.id, made.name);
  };
  const extend = async (head: PlaylistSummary) => {
    if (await changeTracks(head.id, (now) => [...now, ...ids(tracks)])) done(head.id, head.name);
  };
  return (
    <Dialog title={`Save ${count(tracks.length, "track")}`} onClose={close}>
      <form class="save-new" onSubmit={create}>
        <label class="field">
          <span class="hidden-text">New playlist name</span>
          <input value={name} onInput={(event) => setName(event.currentTarget.value)} placeholder="New playlist name" maxLength={120} />
        </label>
        <button class="button main" disabled={!name.trim()}>Create</button>
      </form>
      {own.length > 0 && (
        <>
          <h3 class="dialog-sub">Or add to</h3>
          <ul class="save-list">
            {own.map((head) => (
              <li key={head.id}>
                <button type="button" onClick={() => extend(head)}>
                  <Icon name="playlist" /><span class="clip">{head.name}</span>
                  <span class="quiet num">{count(head.n, "track")}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  );
}
