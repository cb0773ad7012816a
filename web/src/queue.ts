/** The play queue as pure functions: each returns the next state of the queue. */
import type { Track } from "./types";

export type Repeat = "off" | "all" | "one";

export interface Queue {
  readonly tracks: readonly Track[]; // in the order they were added
  readonly order: readonly number[]; // indices of tracks in playing order
  readonly at: number; // position in ``order``; -1 if the queue is empty
  readonly next?: readonly number[]; // indices of tracks that were put next by hand and have not come yet
  readonly heard?: readonly number[]; // indices of tracks that were the current one before
  readonly shuffle: boolean;
  readonly repeat: Repeat;
}

export type Random = () => number;

export const nothing: Queue = { tracks: [], order: [], at: -1, shuffle: false, repeat: "off" };

export function current(queue: Queue): Track | null {
  return at(queue, queue.at);
}

export function at(queue: Queue, place: number): Track | null {
  const index = queue.order[place];
  return index === undefined ? null : (queue.tracks[index] ?? null);
}

export function upcoming(queue: Queue): Track[] {
  return queue.order.slice(queue.at + 1).map((index) => queue.tracks[index] as Track);
}

function shuffled(indices: number[], random: Random): number[] {
  const mixed = [...indices];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as number, mixed[i] as number];
  }
  return mixed;
}

/** A new queue of ``tracks`` that starts with one of them. */
export function start(queue: Queue, tracks: readonly Track[], first: number, random: Random = Math.random): Queue {
  const all = tracks.map((_, i) => i);
  const fresh = { ...queue, tracks, next: [], heard: [] };
  if (!queue.shuffle) return { ...fresh, order: all, at: first };
  const rest = shuffled(all.filter((i) => i !== first), random);
  return { ...fresh, order: [first, ...rest], at: 0 };
}

/** Go to another place: what was current is heard, what becomes it no longer waits. */
function goTo(queue: Queue, place: number): Queue {
  const left = queue.order[queue.at];
  const reached = queue.order[place];
  const heard = (queue.heard ?? []).filter((index) => index !== left);
  return {
    ...queue, at: place, heard: left === undefined ? heard : [...heard, left],
    next: (queue.next ?? []).filter((index) => index !== reached),
  };
}

/** Move to the next track, because one has ended (``ended``) or somebody asked for it. */
export function next(queue: Queue, ended = false): Queue {
  if (ended && queue.repeat === "one") return { ...queue };
  if (queue.at + 1 < queue.order.length) return goTo(queue, queue.at + 1);
  return queue.repeat === "off" || !queue.order.length ? queue : goTo(queue, 0);
}

export function hasNext(queue: Queue): boolean {
  return queue.at + 1 < queue.order.length || (queue.repeat !== "off" && queue.order.length > 0);
}

export function previous(queue: Queue): Queue {
  return queue.at > 0 ? goTo(queue, queue.at - 1) : queue;
}

export function jump(queue: Queue, place: number): Queue {
  return place >= 0 && place < queue.order.length ? goTo(queue, place) : queue;
}

/** With ``tracks`` before the index ``index``, at ``place`` of the order. */
function insert(queue: Queue, tracks: readonly Track[], index: number, place: number): Queue {
  const moved = (old: number) => (old >= index ? old + tracks.length : old);
  const added = tracks.map((_, i) => index + i);
  const order = queue.order.map(moved);
  return {
    ...queue,
    tracks: [...queue.tracks.slice(0, index), ...tracks, ...queue.tracks.slice(index)],
    order: [...order.slice(0, place), ...added, ...order.slice(place)],
    at: queue.at < 0 && tracks.length ? 0 : queue.at,
    next: (queue.next ?? []).map(moved),
    heard: (queue.heard ?? []).map(moved),
  };
}

/** After the current track, in both orders: shuffling leaves them there. */
export function playNext(queue: Queue, tracks: readonly Track[]): Queue {
  const index = (queue.order[queue.at] ?? -1) + 1;
  const longer = insert(queue, tracks, index, queue.at + 1);
  const added = tracks.map((_, i) => index + i).filter((i) => i !== longer.order[longer.at]);
  return { ...longer, next: [...added, ...(longer.next ?? [])] };
}

/** At a place of the order. */
export const putAt = (queue: Queue, tracks: readonly Track[], place: number) =>
  insert(queue, tracks, queue.shuffle ? queue.tracks.length : (queue.order[place - 1] ?? -1) + 1, place);

export const append = (queue: Queue, tracks: readonly Track[]) => insert(queue, tracks, queue.tracks.length, queue.order.length);

/** The tracks that a queue has beyond those that it had before. */
export function added(before: Queue, now: Queue): Track[] {
  const rest = [...before.tracks];
  return now.tracks.filter((track) => {
    const place = rest.indexOf(track);
    if (place >= 0) rest.splice(place, 1);
    return place < 0;
  });
}

export function remove(queue: Queue, place: number): Queue {
  if (place < 0 || place >= queue.order.length) return queue;
  const gone = queue.order[place] as number;
  const without = (indices: readonly number[]) =>
    indices.filter((index) => index !== gone).map((index) => (index > gone ? index - 1 : index));
  const order = without(queue.order);
  return {
    ...queue, order, tracks: queue.tracks.filter((_, i) => i !== gone),
    at: place < queue.at ? queue.at - 1 : Math.min(queue.at, order.length - 1),
    next: without(queue.next ?? []), heard: without(queue.heard ?? []),
  };
}

export function move(queue: Queue, from: number, to: number): Queue {
  if (from === to || !(from in queue.order) || to < 0 || to >= queue.order.length) return queue;
  const order = [...queue.order];
  const [moved] = order.splice(from, 1);
  order.splice(to, 0, moved as number);
  const playing = queue.order[queue.at] as number;
  const changed = { ...queue, order, at: order.indexOf(playing), next: (queue.next ?? []).filter((i) => i !== moved) };
  return queue.shuffle ? changed : inOrder(changed);
}

/** The same, with the tracks numbered as they play: an order made by hand is the list's own. */
function inOrder(queue: Queue): Queue {
  const numbers = new Map(queue.order.map((index, place) => [index, place]));
  const renumber = (indices: readonly number[]) => indices.flatMap((index) => numbers.get(index) ?? []);
  return {
    ...queue, tracks: queue.order.map((index) => queue.tracks[index] as Track), order: queue.order.map((_, place) => place),
    next: renumber(queue.next ?? []), heard: renumber(queue.heard ?? []),
  };
}

/** Turn shuffle on or off. The current track stays, and what was put next by hand; what was heard is not mixed in again. */
export function setShuffle(queue: Queue, shuffle: boolean, random: Random = Math.random): Queue {
  if (queue.at < 0) return { ...queue, shuffle };
  const playing = queue.order[queue.at] as number;
  const next = queue.next ?? [];
  const all = queue.tracks.map((_, i) => i);
  if (!shuffle) {
    const list = all.filter((i) => !next.includes(i));
    const at = list.indexOf(playing);
    return { ...queue, shuffle, order: [...list.slice(0, at + 1), ...next, ...list.slice(at + 1)], at };
  }
  const heard = (queue.heard ?? []).filter((i) => i !== playing && !next.includes(i));
  const rest = shuffled(all.filter((i) => i !== playing && !heard.includes(i) && !next.includes(i)), random);
  return { ...queue, shuffle, order: [...heard, playing, ...next, ...rest], at: heard.length };
}

export const cycleRepeat = (queue: Queue): Queue => ({
  ...queue,
  repeat: queue.repeat === "off" ? "all" : queue.repeat === "all" ? "one" : "off",
});
