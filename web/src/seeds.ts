/** What "sounds like" begins from: tracks and clips to move towards, and some to move away from. */
import { kept } from "./prefs";
import { say } from "./toast";
import type { Clip, Track } from "./types";

export interface Seed {
  id: string;
  title: string;
  artist: string | null;
  duration_s: number;
  minus: boolean;
}

export const seeds = kept<Seed[]>("seeds", []);

export const ofTrack = (track: Track, minus = false): Seed => ({
  id: track.id, title: track.title, artist: track.artist, duration_s: track.duration_s, minus,
});
export const ofClip = (clip: Clip): Seed => ({
  id: clip.id, title: clip.name, artist: null, duration_s: clip.duration_s, minus: false,
});

export function put(seed: Seed): void {
  seeds.value = [...seeds.value.filter((other) => other.id !== seed.id), seed];
}

export function plant(track: Track, minus = false): void {
  put(ofTrack(track, minus));
  say(minus ? `Away from “${track.title}”` : `“${track.title}” is a seed now`);
}

export function turn(id: string): void {
  seeds.value = seeds.value.map((seed) => (seed.id === id ? { ...seed, minus: !seed.minus } : seed));
}

export const drop = (id: string) => (seeds.value = seeds.value.filter((seed) => seed.id !== id));

/** A clip as something that can be played: it has no file in the library. */
export function asTrack(seed: Seed): Track {
  return {
    id: seed.id, title: seed.title, artist: seed.artist, album: null, album_artist: null, genre: null, year: null,
    duration_s: seed.duration_s, path: "", url: null, source: null, has_file: true, missing: false, cluster: null,
  };
}
