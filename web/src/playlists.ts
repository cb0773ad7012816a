/** Changes of playlists, one after another: none overtakes the one before, and each starts from what the list is by then. */
import { signal } from "@preact/signals";
import * as api from "./api";
import { attempt } from "./toast";
import type { Playlist } from "./types";

/** Counts changes that were made beside a playlist's own page: a page that shows the list asks again. */
export const playlistChanges = signal(0);

let last: Promise<unknown> = Promise.resolve();

/** Make a change when those before it are done; a failure is shown. */
export function inTurn<T>(change: () => Promise<T>): Promise<T | undefined> {
  const done = last.then(() => attempt(change()));
  last = done;
  return done;
}

/** Change the tracks that the list now has. */
export async function changeTracks(id: string, change: (now: readonly string[]) => readonly string[]): Promise<Playlist | undefined> {
  const changed = await inTurn(async () => {
    const { name, tracks } = await api.playlist(id);
    return api.changePlaylist(id, name, [...change(tracks.map((track) => track.id))]);
  });
  if (changed) playlistChanges.value++;
  return changed;
}

/** Without these at its end, or wherever they have been moved since. */
export function withoutLast(now: readonly string[], added: readonly string[]): string[] {
  const left = [...now];
  for (const id of [...added].reverse()) {
    const place = left.lastIndexOf(id);
    if (place >= 0) left.splice(place, 1);
  }
  return left;
}

/** With these at their places again; the places ascend. */
export function putBack(now: readonly string[], removed: readonly (readonly [place: number, id: string])[]): string[] {
  const all = [...now];
  for (const [place, id] of removed) all.splice(place, 0, id);
  return all;
}
