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

type Change = (now: readonly string[]) => readonly string[];

/** Change the tracks that the list now has, and show it. */
export async function changeTracks(id: string, change: Change): Promise<Playlist | undefined> {
  const changed = await inTurn(() => applied(id, change));
  if (changed) playlistChanges.value++;
  return changed;
}

/** A page shows these tracks in place of those; what other devices added or removed meanwhile stays so, and is shown. */
export async function rearrange(id: string, before: readonly string[], after: readonly string[]): Promise<Playlist | undefined> {
  const changed = await inTurn(() => applied(id, (now) => merge(now, before, after)));
  if (changed && changed.tracks.map((track) => track.id).join() !== after.join()) playlistChanges.value++;
  return changed;
}

async function applied(id: string, change: Change, attempts = 5): Promise<Playlist> {
  const { tracks, changed_at } = await api.playlist(id);
  try {
    return await api.replaceTracks(id, [...change(tracks.map((track) => track.id))], changed_at);
  } catch (error) {
    if (attempts > 1 && (error as { code?: string }).code === "changed_meanwhile") return applied(id, change, attempts - 1);
    throw error;
  }
}

/** ``after`` with what ``now`` has more than ``before`` at the end, and without what it has less. */
export function merge(now: readonly string[], before: readonly string[], after: readonly string[]): string[] {
  return [...minus(after, minus(before, now)), ...minus(now, before)];
}

/** Without as many of each as the others have, the last ones. */
function minus(ids: readonly string[], others: readonly string[]): string[] {
  const less = new Map<string, number>();
  for (const id of others) less.set(id, (less.get(id) ?? 0) + 1);
  const left = [...ids].reverse().filter((id) => {
    const n = less.get(id) ?? 0;
    if (n) less.set(id, n - 1);
    return !n;
  });
  return left.reverse();
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
