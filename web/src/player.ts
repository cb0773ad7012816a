/** The player: what plays, and what the listener does to it. It outlives every page; its state is signals. */
import { computed, effect, signal } from "@preact/signals";
import { recordPlays } from "./api";
import { offline, responds } from "./connection";
import { Engine } from "./engine";
import { persisted } from "./preferences";
import * as Q from "./queue";
import { attempt, showToast } from "./toast";
import type { RadioRequest, Track } from "./types";

export const queue = persisted<Q.Queue>("queue", Q.nothing);
export const volume = persisted("volume", 0.9);
export const muted = signal(false);
export const playing = signal(false);
export const waiting = signal(false); // for sound
export const started = signal(0); // how many tracks began to play
export const time = signal(0); // s
const mediaDuration = signal(0); // s, as reported by the browser
export const currentTrack = computed(() => Q.current(queue.value));
export const duration = computed(() => currentTrack.value?.duration_s || mediaDuration.value);

/** What a radio starts from and where it goes. */
export interface Station {
  seeds: string[];
  minus: string[];
  name: string;
  steer: NonNullable<RadioRequest["steer"]>;
  reach: number;
  auto?: boolean; // made of the queue, to go on after it
}

export const station = persisted<Station | null>("station", null);
export const continuation = persisted<readonly Track[]>("continuation", []); // what plays after the queue
export const moreWanted = signal(false); // the queue has ended, and what comes next is still looked for

/** The track that follows the current one, if it is known. */
export const following = computed<Track | null>(() => {
  const { repeat, at, order } = queue.value;
  if (repeat === "one") return currentTrack.value;
  if (at + 1 < order.length || repeat === "all") return Q.current(Q.next(queue.value));
  return continuation.value[0] ?? null;
});

export const playable = (track: Track) => (track.has_file && !track.missing) || track.id.startsWith("clip-");

const COUNTS_FROM_S = 240; // of playing, or half of a track, from which it counts as played

let counted = false;
let failures = 0;
let begun = 0; // how often the listener has begun something, or asked for it
let resumeAt: number | null = null; // s, where to go on once the service is back

export const engine = new Engine({ state: followEngine, progress, ended, failed: () => void failed(), taken });

function followEngine(): void {
  playing.value = engine.current.playing;
  waiting.value = engine.current.waiting || resumeAt !== null;
  if (playing.value && !waiting.value) failures = 0;
}

function progress(): void {
  time.value = engine.current.time;
  mediaDuration.value = engine.current.length;
  if (time.value > 0) countPlay();
}

function playCurrent(from = 0): void {
  const track = currentTrack.value;
  if (!track) return;
  counted = from > 0 && from >= countsFrom(); // as after a reload
  resumeAt = null;
  started.value++;
  time.value = from;
  mediaDuration.value = 0;
  engine.load(track.id, from);
  startAudio();
}

function startAudio(): void {
  void engine.current.play().then((allowed) => allowed || (playing.value = false));
}

export function playTracks(tracks: readonly Track[], first = 0, from = 0): void {
  const chosen = tracks[first];
  const playableTracks = tracks.filter(playable);
  if (!chosen || !playable(chosen)) {
    showToast(chosen ? `“${chosen.title}” has no audio to play.` : "Nothing to play.", { bad: true });
    return;
  }
  failures = 0;
  begun++;
  station.value = null;
  continuation.value = [];
  queue.value = Q.start(queue.value, playableTracks, playableTracks.indexOf(chosen));
  playCurrent(from);
}

/** Begin what ``work`` finds, unless the listener has begun or asked for something else meanwhile. */
export async function beginFound<T>(work: Promise<T>, begin: (found: T) => void): Promise<void> {
  const mine = ++begun;
  const found = await attempt(work);
  if (found !== undefined && mine === begun) begin(found);
}

export function toggle(): void {
  if (playing.value) pause();
  else play();
}

export function play(): void {
  const track = currentTrack.value;
  if (!track || playing.value) return;
  begun++;
  if (engine.current.id !== track.id || engine.current.audio.error) playCurrent(time.value);
  else startAudio();
}

export function pause(): void {
  resumeAt = null;
  engine.pause();
  followEngine();
}

export function stop(): void {
  pause();
  seek(0);
}

function switchTo(changed: Q.Queue): void {
  moreWanted.value = false;
  queue.value = changed;
  playCurrent();
}

export function next(): void {
  if (Q.hasNext(queue.value)) switchTo(Q.next(queue.value));
  else if (continuation.value.length) joinContinuation(0);
  else moreWanted.value = true;
}

/** Nothing follows. */
export function endQueue(): void {
  moreWanted.value = false;
  stop();
}

export function playContinuation(place: number): void {
  begun++;
  joinContinuation(place);
}

/** Play on with what was chosen to follow: it joins the queue up to this place. */
function joinContinuation(place: number): void {
  const taken = continuation.value.slice(0, place + 1);
  if (!taken.length) return;
  continuation.value = continuation.value.slice(place + 1);
  const longer = Q.append(queue.value, taken);
  switchTo(Q.jump(longer, longer.order.length - 1));
}

/** Go to the start of the track, or to the previous track within the first three seconds. */
export function previous(): void {
  if (time.value > 3 || queue.value.at <= 0) seek(0);
  else switchTo(Q.previous(queue.value));
}

export function jump(index: number): void {
  begun++;
  switchTo(Q.jump(queue.value, index));
}

export function seek(to: number): void {
  const target = Math.min(Math.max(to, 0), duration.value || 0);
  const track = currentTrack.value;
  time.value = target;
  if (!track) return;
  if (engine.current.id === track.id) engine.current.audio.currentTime = target;
  else engine.load(track.id, target);
}

export function playAfter(tracks: readonly Track[]): void {
  add(tracks, Q.playNext, "will play next");
}

export function enqueue(tracks: readonly Track[]): void {
  if (station.value?.auto) continuation.value = []; // it followed another last track
  add(tracks, Q.append, "added to the queue");
}

/** At a place of the queue, but not before what plays. */
export function enqueueAt(tracks: readonly Track[], place: number): void {
  add(tracks, (queue, all) => Q.putAt(queue, all, Math.max(queue.at + 1, place)), "added to the queue");
}

function add(tracks: readonly Track[], how: typeof Q.append, what: string): void {
  const playableTracks = tracks.filter(playable);
  if (!playableTracks.length) {
    showToast("These tracks have no audio to play.", { bad: true });
    return;
  }
  queue.value = how(queue.value, playableTracks);
  showToast(playableTracks.length === 1 ? `“${playableTracks[0]?.title}” ${what}` : `${playableTracks.length} tracks ${what}`);
}

const countsFrom = () => Math.min(COUNTS_FROM_S, duration.value / 2);

function countPlay(): void {
  const track = currentTrack.value;
  if (counted || !track || track.id.startsWith("clip-") || time.value < countsFrom()) return;
  counted = true;
  void recordPlays([track.id]).catch(() => {}); // a library that cannot be written to
}

/** Say what was done to the queue, and offer to take it back: what was added since stays, at the end. */
function undoable(text: string, change: () => void): void {
  const before = { queue: queue.value, station: station.value, continuation: continuation.value, time: time.value, playing: playing.value };
  const id = currentTrack.value?.id;
  change();
  const undo = () => {
    const now = currentTrack.value?.id;
    queue.value = Q.append(before.queue, Q.added(before.queue, queue.value));
    station.value = before.station;
    continuation.value = before.continuation;
    if (now === id) return;
    if (before.playing) playCurrent(before.time);
    else time.value = before.time;
  };
  showToast(text, { action: { label: "Undo", run: undo } });
}

export function removeAt(index: number): void {
  const title = Q.at(queue.value, index)?.title;
  undoable(`Removed “${title}” from the queue`, () => {
    const wasNow = index === queue.value.at;
    queue.value = Q.remove(queue.value, index);
    if (!wasNow) return;
    if (!currentTrack.value) empty();
    else if (playing.value) playCurrent();
  });
}

export const clear = () => undoable("Cleared the queue", empty);

function empty(): void {
  resumeAt = null;
  engine.unload();
  time.value = 0;
  moreWanted.value = false;
  station.value = null;
  continuation.value = [];
  followEngine();
  queue.value = { ...Q.nothing, shuffle: queue.value.shuffle, repeat: queue.value.repeat };
}

export const setShuffle = (on: boolean) => (queue.value = Q.setShuffle(queue.value, on));
export const cycleRepeat = () => (queue.value = Q.cycleRepeat(queue.value));
export const moveTo = (from: number, to: number) => (queue.value = Q.move(queue.value, from, to));

/** The engine has gone on to the next track by itself. */
function taken(id: string): void {
  const one = queue.value.repeat === "one";
  if (!one && !Q.hasNext(queue.value) && continuation.value[0]?.id === id) {
    queue.value = Q.append(queue.value, continuation.value.slice(0, 1));
    continuation.value = continuation.value.slice(1);
  }
  counted = false;
  started.value++;
  time.value = engine.current.time;
  queue.value = Q.next(queue.value, one);
  followEngine();
}

function ended(): void {
  if (!playing.value) return; // paused in its last moment
  if (!engine.takeOver()) {
    if (queue.value.repeat === "one") switchTo(Q.next(queue.value, true));
    else next();
  }
  followEngine();
}

/** A file that cannot be played is skipped; while the service is away, the player waits for it. What is paused stays so. */
async function failed(): Promise<void> {
  const track = currentTrack.value;
  if (!track || engine.current.id !== track.id) return;
  const at = time.value;
  waiting.value = true;
  const online = await responds();
  if (currentTrack.value?.id !== track.id) return;
  const paused = !engine.current.playing; // perhaps meanwhile
  if (!online) {
    resumeAt = paused ? null : at;
    waiting.value = !paused;
    return;
  }
  playing.value = waiting.value = false;
  showToast(`Could not play “${track.title}”.`, { bad: true });
  if (!paused && ++failures < 3 && following.value) next(); // three in a row are probably not the files' fault
}

effect(() => {
  if (!offline.value && resumeAt !== null) playCurrent(resumeAt);
});
effect(() => engine.setVolume(volume.value, muted.value));
