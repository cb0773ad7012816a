/** The player: one audio element that outlives every page, and what it does as signals. */
import { computed, effect, signal } from "@preact/signals";
import { soundOf } from "./api";
import { kept } from "./prefs";
import * as Q from "./queue";
import { say } from "./toast";
import type { Track } from "./types";

export const audio = new Audio();
audio.preload = "auto";

export const queue = kept<Q.Queue>("queue", Q.nothing);
export const volume = kept("volume", 0.9);
export const muted = signal(false);
export const playing = signal(false);
export const waiting = signal(false);
export const time = signal(0); // s
export const heardLength = signal(0); // s, as the browser found it
export const now = computed(() => Q.current(queue.value));
export const duration = computed(() => now.value?.duration_s || heardLength.value);

export const playable = (track: Track) => (track.has_file && !track.missing) || track.id.startsWith("clip-");

let loaded: string | null = null;
let failures = 0;

function load(track: Track, from = 0): void {
  if (loaded !== track.id) {
    loaded = track.id;
    audio.src = soundOf(track.id);
    heardLength.value = 0;
  }
  audio.currentTime = from;
  time.value = from;
}

function play(): void {
  audio.play().catch((error: DOMException) => {
    if (error.name === "NotAllowedError") playing.value = false;
  });
}

function begin(from = 0): void {
  const track = now.value;
  if (!track) return;
  load(track, from);
  play();
}

export function playTracks(tracks: readonly Track[], first = 0, from = 0): void {
  const wanted = tracks[first];
  const heard = tracks.filter(playable);
  if (!wanted || !playable(wanted)) {
    say(wanted ? `“${wanted.title}” has no sound here to play.` : "There is nothing to play.", { bad: true });
    return;
  }
  failures = 0;
  queue.value = Q.start(queue.value, heard, heard.indexOf(wanted));
  begin(from);
}

export function toggle(): void {
  const track = now.value;
  if (!track) return;
  if (loaded !== track.id) begin(time.value);
  else if (audio.paused) play();
  else audio.pause();
}

export function stop(): void {
  audio.pause();
  seek(0);
}

function turnTo(changed: Q.Queue): void {
  queue.value = changed;
  begin();
}

export function next(): void {
  if (Q.hasNext(queue.value)) turnTo(Q.next(queue.value));
  else stop();
}

/** Back to the start of a track that has played for a while, else to the one before. */
export function previous(): void {
  if (time.value > 3 || queue.value.at <= 0) seek(0);
  else turnTo(Q.previous(queue.value));
}

export const jump = (index: number) => turnTo(Q.jump(queue.value, index));

export function seek(to: number): void {
  const limit = duration.value || 0;
  const target = Math.min(Math.max(to, 0), limit);
  time.value = target;
  if (now.value && loaded !== now.value.id) load(now.value, target);
  else audio.currentTime = target;
}

export function playAfter(tracks: readonly Track[]): void {
  add(tracks, Q.playNext, "plays next");
}

export function enqueue(tracks: readonly Track[]): void {
  add(tracks, Q.append, "added to the queue");
}

function add(tracks: readonly Track[], how: typeof Q.append, what: string): void {
  const heard = tracks.filter(playable);
  if (!heard.length) return say("There is no sound here to play.", { bad: true });
  queue.value = how(queue.value, heard);
  say(heard.length === 1 ? `“${heard[0]?.title}” ${what}` : `${heard.length} tracks: ${what}`);
}

export function removeAt(index: number): void {
  const wasNow = index === queue.value.at;
  queue.value = Q.remove(queue.value, index);
  if (!wasNow) return;
  if (!now.value) clear();
  else if (playing.value) begin();
}

export function clear(): void {
  audio.pause();
  audio.removeAttribute("src");
  loaded = null;
  time.value = 0;
  queue.value = { ...Q.nothing, shuffle: queue.value.shuffle, repeat: queue.value.repeat };
}

export const setShuffle = (on: boolean) => (queue.value = Q.setShuffle(queue.value, on));
export const turnRepeat = () => (queue.value = Q.turnRepeat(queue.value));
export const moveTo = (from: number, to: number) => (queue.value = Q.move(queue.value, from, to));

function ended(): void {
  failures = 0;
  if (Q.hasNext(queue.value) || queue.value.repeat === "one") turnTo(Q.next(queue.value, true));
  else seek(0);
}

function failed(): void {
  if (!audio.getAttribute("src") || !now.value) return;
  loaded = null;
  playing.value = waiting.value = false;
  say(`“${now.value.title}” could not be played.`, { bad: true });
  if (++failures < 3 && Q.hasNext(queue.value)) next(); // three in a row are not the files' fault
}

audio.addEventListener("play", () => (playing.value = true));
audio.addEventListener("pause", () => (playing.value = false));
audio.addEventListener("waiting", () => (waiting.value = true));
audio.addEventListener("playing", () => ((waiting.value = false), (failures = 0)));
audio.addEventListener("canplay", () => (waiting.value = false));
audio.addEventListener("timeupdate", () => !audio.seeking && (time.value = audio.currentTime));
audio.addEventListener("durationchange", () => (heardLength.value = Number.isFinite(audio.duration) ? audio.duration : 0));
audio.addEventListener("ended", ended);
audio.addEventListener("error", failed);
effect(() => {
  audio.volume = volume.value;
  audio.muted = muted.value;
});
