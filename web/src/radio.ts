/** What plays after the queue: a radio, or what sounds like the queue's end. The listener steers both. */
import { effect, signal } from "@preact/signals";
import * as api from "./api";
import { reconnects } from "./connection";
import * as player from "./player";
import { persisted } from "./preferences";
import { upcoming } from "./queue";
import { showToast } from "./toast";
import type { RadioRequest, Track } from "./types";

export type Steer = NonNullable<RadioRequest["steer"]>[number];

/** In pairs of opposites. */
export const STEERS: [Steer, Steer][] = [
  ["slower", "faster"], ["darker", "brighter"], ["calmer", "more energetic"], ["older", "newer"],
];
const FEW = 3; // tracks left, from which more are asked for
const MANY = 40; // tracks left in the queue, with which nobody looks at what comes after
const LAST = 5; // tracks of a queue that the music goes on from
const MOST_PREVIOUS = 500; // tracks that a request names

export const keepPlaying = persisted("keepplaying", true);
export const looking = signal(false); // for what comes next

let fruitless: unknown = null; // what was asked in vain, so that it is not asked again and again

const queued = () => player.queue.value.order.map((index) => player.queue.value.tracks[index] as Track);

async function ask(station: player.Station, previous: readonly Track[]): Promise<readonly Track[]> {
  const { seeds, minus, steer, reach } = station;
  const request = { seeds, minus, steer, reach, previous: previous.slice(-MOST_PREVIOUS).map((track) => track.id) };
  const answer = await api.radio(request);
  return answer.matches.map((match) => match.track).filter(player.playable);
}

export function startRadio(station: player.Station): Promise<void> {
  return player.beginFound(ask(station, []), ([first, ...rest]) => {
    if (!first) return;
    player.playTracks([first]);
    player.station.value = station;
    player.continuation.value = rest;
    showToast(`Radio: ${station.name}`);
  });
}

export const radioOf = (track: Track): player.Station => (
  { seeds: [track.id], minus: [], name: `like “${track.title}”`, steer: [], reach: 0.5 }
);

/** One that goes on from the end of the queue, steered as the one before it. */
function stationOfQueue(): player.Station | null {
  const last = queued().slice(-LAST);
  const final = last.at(-1);
  if (!final) return null;
  const { steer, reach } = player.station.value ?? { steer: [], reach: 0.5 };
  return { seeds: [...new Set(last.map((track) => track.id))], minus: [], name: `like “${final.title}”`, steer, reach, auto: true };
}

/** Choose other tracks to come, or ``more`` of them, as the station now is. */
async function choose(more: boolean): Promise<void> {
  if (looking.value) return;
  looking.value = true;
  const before = player.station.value;
  const fresh = !before || (before.auto && !more && !player.continuation.value.length);
  const station = fresh ? stationOfQueue() : before;
  const previous = upTo(more);
  const tracks = station && (await ask(station, previous).catch(() => []));
  looking.value = false;
  const now = player.station.value;
  if (now !== before || (fresh && !keepPlaying.value) || !sameTracks(upTo(more), previous)) {
    return now && !(more && now === before) ? choose(false) : goOn(); // the answer is to what was so when it was asked for
  }
  if (!station || !tracks) return;
  if (!tracks.length) {
    fruitless = player.queue.value;
    if (player.moreWanted.value) player.endQueue();
    return;
  }
  if (fresh) player.station.value = station;
  player.continuation.value = [...(more ? player.continuation.value : []), ...tracks];
  if (player.moreWanted.value) player.next();
}

/** What comes before the tracks that are chosen: it stays the same where the music just goes on. */
const upTo = (more: boolean) => (more ? [...queued(), ...player.continuation.value] : queued());
const sameTracks = (a: readonly Track[], b: readonly Track[]) => a.length === b.length && a.every((track, i) => track.id === b[i]?.id);

export function steerRadio(changed: Partial<player.Station>): void {
  if (!player.station.value) return;
  player.station.value = { ...player.station.value, ...changed };
  void choose(false);
}

/** Go more toward a track that was chosen to come, or less: then it does not come. */
export function leanOn(track: Track, more: boolean): void {
  const station = player.station.value;
  if (!station) return;
  const without = (ids: string[]) => ids.filter((id) => id !== track.id);
  const { seeds, minus } = station;
  steerRadio(more ? { seeds: [...without(seeds), track.id], minus: without(minus) }
    : { seeds: without(seeds).length ? without(seeds) : seeds, minus: [...without(minus), track.id] });
}

export function stopRadio(): void {
  player.station.value = null;
  player.continuation.value = [];
}

export function setKeepPlaying(on: boolean): void {
  keepPlaying.value = on;
  if (!on && player.station.value?.auto) stopRadio();
}

/** See that something comes after the queue. */
function goOn(): void {
  const { queue, continuation, station, playing, moreWanted } = player;
  const on = keepPlaying.value || (station.value && !station.value.auto);
  if (!on || queue.value.repeat !== "off" || queue.value === fruitless) {
    if (moreWanted.value) player.endQueue();
    return;
  }
  const left = upcoming(queue.value).length;
  if (reconnects.value < 0 || !player.currentTrack.value || !(playing.value || moreWanted.value)) return;
  if (continuation.value.length < FEW && left < MANY) queueMicrotask(() => void choose(continuation.value.length > 0));
}

effect(goOn);
