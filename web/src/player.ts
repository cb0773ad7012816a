/** The player: one audio element that outlives every page, with its state as signals. */
import { computed, effect, signal } from "@preact/signals";
import { recordPlays, soundOf } from "./api";
import { persisted } from "./preferences";
import * as Q from "./queue";
import { showToast } from "./toast";
import type { RadioRequest, Track } from "./types";

const audio = new Audio();
audio.preload = "auto";

export const queue = persisted<Q.Queue>("queue", Q.nothing);
export const volume = persisted("volume", 0.9);
export const muted = signal(false);
export const playing = signal(false);
export const waiting = signal(false);
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
}

export const station = persisted<Station | null>("station", null); // the radio that plays, if one does

export const playable = (track: Track) => (track.has_file && !track.missing) || track.id.startsWith("clip-");

const COUNTS_FROM_S = 240; // of playing, or half of a track, from which it counts as played

let loaded: string | null = null;
let counted = false;
let failures = 0;

function load(track: Track, from = 0): void {
  if (loaded !== track.id) {
    loaded = track.id;
    counted = false;
    audio.src = soundOf(track.id);
    mediaDuration.value = 0;
  }
  audio.currentTime = from;
  time.value = from;
}

function startAudio(): void {
  audio.play().catch((error: DOMException) => {
    if (error.name === "NotAllowedError") playing.value = false;
  });
}

function playCurrent(from = 0): void {
  const track = currentTrack.value;
  if (!track) return;
  load(track, from);
  startAudio();
}

export function playTracks(tracks: readonly Track[], first = 0, from = 0): void {
  const chosen = tracks[first];
  const playableTracks = tracks.filter(playable);
  if (!chosen || !playable(chosen)) {
    showToast(chosen ? `“${chosen.title}” has no audio to play.` : "Nothing to play.", { bad: true });
    return;
  }
  failures = 0;
  station.value = null;
  queue.value = Q.start(queue.value, playableTracks, playableTracks.indexOf(chosen));
  playCurrent(from);
}

export function toggle(): void {
  const track = currentTrack.value;
  if (!track) return;
  if (loaded !== track.id) playCurrent(time.value);
  else if (audio.paused) startAudio();
  else pause();
}

export function play(): void {
  if (audio.paused) toggle();
}

export function pause(): void {
  audio.pause();
}

export function stop(): void {
  audio.pause();
  seek(0);
}

function switchTo(changed: Q.Queue): void {
  queue.value = changed;
  playCurrent();
}

export function next(): void {
  if (Q.hasNext(queue.value)) switchTo(Q.next(queue.value));
  else stop();
}

/** Go to the start of the track, or to the previous track within the first three seconds. */
export function previous(): void {
  if (time.value > 3 || queue.value.at <= 0) seek(0);
  else switchTo(Q.previous(queue.value));
}

export const jump = (index: number) => switchTo(Q.jump(queue.value, index));

export function seek(to: number): void {
  const limit = duration.value || 0;
  const target = Math.min(Math.max(to, 0), limit);
  time.value = target;
  if (currentTrack.value && loaded !== currentTrack.value.id) load(currentTrack.value, target);
  else audio.currentTime = target;
}

export function playAfter(tracks: readonly Track[]): void {
  add(tracks, Q.playNext, "will play next");
}

export function enqueue(tracks: readonly Track[]): void {
  add(tracks, Q.append, "added to the queue");
}

function add(tracks: readonly Track[], how: typeof Q.append, what: string): void {
  const playableTracks = tracks.filter(playable);
  if (!playableTracks.length) return showToast("These tracks have no audio to play.", { bad: true });
  queue.value = how(queue.value, playableTracks);
  showToast(playableTracks.length === 1 ? `“${playableTracks[0]?.title}” ${what}` : `${playableTracks.length} tracks ${what}`);
}

/** Put tracks where the upcoming ones are, or after those. */
export function replaceUpcoming(tracks: readonly Track[], keep = false): void {
  const kept = keep ? queue.value : Q.dropUpcoming(queue.value);
  queue.value = Q.append(kept, tracks.filter(playable));
}

function countPlay(): void {
  const track = currentTrack.value;
  if (counted || !track || track.id.startsWith("clip-") || time.value < Math.min(COUNTS_FROM_S, duration.value / 2)) return;
  counted = true;
  void recordPlays([track.id]).catch(() => {}); // a library that cannot be written to
}

export function removeAt(index: number): void {
  const wasNow = index === queue.value.at;
  queue.value = Q.remove(queue.value, index);
  if (!wasNow) return;
  if (!currentTrack.value) clear();
  else if (playing.value) playCurrent();
}

export function clear(): void {
  audio.pause();
  audio.removeAttribute("src");
  loaded = null;
  time.value = 0;
  station.value = null;
  queue.value = { ...Q.nothing, shuffle: queue.value.shuffle, repeat: queue.value.repeat };
}

export const setShuffle = (on: boolean) => (queue.value = Q.setShuffle(queue.value, on));
export const cycleRepeat = () => (queue.value = Q.cycleRepeat(queue.value));
export const moveTo = (from: number, to: number) => (queue.value = Q.move(queue.value, from, to));

function ended(): void {
  failures = 0;
  if (Q.hasNext(queue.value) || queue.value.repeat === "one") switchTo(Q.next(queue.value, true));
  else seek(0);
}

function failed(): void {
  if (!audio.getAttribute("src") || !currentTrack.value) return;
  loaded = null;
  playing.value = waiting.value = false;
  showToast(`Could not play “${currentTrack.value.title}”.`, { bad: true });
  if (++failures < 3 && Q.hasNext(queue.value)) next(); // three in a row are probably not the files' fault
}

audio.addEventListener("play", () => (playing.value = true));
audio.addEventListener("pause", () => (playing.value = false));
audio.addEventListener("waiting", () => (waiting.value = true));
audio.addEventListener("playing", () => ((waiting.value = false), (failures = 0)));
audio.addEventListener("canplay", () => (waiting.value = false));
audio.addEventListener("timeupdate", () => {
  if (audio.seeking) return;
  time.value = audio.currentTime;
  if (audio.currentTime > 0) countPlay();
});
audio.addEventListener("durationchange", () => (mediaDuration.value = Number.isFinite(audio.duration) ? audio.duration : 0));
audio.addEventListener("ended", ended);
audio.addEventListener("error", failed);
effect(() => {
  audio.volume = volume.value;
  audio.muted = muted.value;
});
