/** The play queue as pure functions: each returns the next state of the queue. */
import type { Track } from "./types";

export type Repeat = "off" | "all" | "one";

export interface Queue {
  readonly tracks: readonly Track[]; // in the order they were added
  readonly order: readonly number[]; // indices of tracks in playing order
  readonly at: number; // position in ``order``; -1 if the queue is empty
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

/** Without what comes after the current track. */
export function dropUpcoming(queue: Queue): Queue {
  return { ...queue, order: queue.order.slice(0, queue.at + 1) };
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
  if (!queue.shuffle) return { ...queue, tracks, order: all, at: first };
  const rest = shuffled(all.filter((i) => i !== first), random);
  return { ...queue, tracks, order: [first, ...rest], at: 0 };
}

/** Move to the next track, because one has ended (``ended``) or somebody asked for it. */
export function next(queue: Queue, ended = false): Queue {
  if (ended && queue.repeat === "one") return { ...queue };
  if (queue.at + 1 < queue.order.length) return { ...queue, at: queue.at + 1 };
  return queue.repeat === "off" || !queue.order.length ? queue : { ...queue, at: 0 };
}

export function hasNext(queue: Queue): boolean {
  return queue.at + 1 < queue.order.length || (queue.repeat !== "off" && queue.order.length > 0);
}

export function previous(queue: Queue): Queue {
  return queue.at > 0 ? { ...queue, at: queue.at - 1 } : queue;
}

export function jump(queue: Queue, place: number): Queue {
  return place >= 0 && place < queue.order.length ? { ...queue, at: place } : queue;
}

function insert(queue: Queue, tracks: readonly Track[], place: number): Queue {
  const added = tracks.map((_, i) => queue.tracks.length + i);
  const order = [...queue.order.slice(0, place), ...added, ...queue.order.slice(place)];
  return { ...queue, tracks: [...queue.tracks, ...tracks], order, at: queue.at < 0 && order.length ? 0 : queue.at };
}

export const playNext = (queue: Queue, tracks: readonly Track[]) => insert(queue, tracks, queue.at + 1);
export const append = (queue: Queue, tracks: readonly Track[]) => insert(queue, tracks, queue.order.length);

export function remove(queue: Queue, place: number): Queue {
  if (place < 0 || place >= queue.order.length) return queue;
  const gone = queue.order[place] as number;
  const order = queue.order.filter((_, i) => i !== place).map((index) => (index > gone ? index - 1 : index));
  const left = place < queue.at ? queue.at - 1 : Math.min(queue.at, order.length - 1);
  return { ...queue, tracks: queue.tracks.filter((_, i) => i !== gone), order, at: left };
}

export function move(queue: Queue, from: number, to: number): Queue {
  if (from === to || !(from in queue.order) || to < 0 || to >= queue.order.length) return queue;
  const order = [...queue.order];
  const [moved] = order.splice(from, 1);
  order.splice(to, 0, moved as number);
  const playing = queue.order[queue.at];
  return { ...queue, order, at: order.indexOf(playing as number) };
}

/** Turn shuffle on or off. The current track stays. */
export function setShuffle(queue: Queue, shuffle: boolean, random: Random = Math.random): Queue {
  if (queue.at < 0) return { ...queue, shuffle };
  const playing = queue.order[queue.at] as number;
  if (!shuffle) return { ...queue, shuffle, order: queue.tracks.map((_, i) => i), at: playing };
  const rest = shuffled(queue.tracks.map((_, i) => i).filter((i) => i !== playing), random);
  return { ...queue, shuffle, order: [playing, ...rest], at: 0 };
}

export const cycleRepeat = (queue: Queue): Queue => ({
  ...queue,
  repeat: queue.repeat === "off" ? "all" : queue.repeat === "all" ? "one" : "off",
});
