/** What the Similar page starts from: tracks and clips to sound like, and some to sound unlike. */
import { clipExists, isClip } from "./api";
import { count } from "./format";
import { persisted } from "./preferences";
import { navigate } from "./router";
import { showToast } from "./toast";
import type { Clip, Playlist, SeedSuggestion, Track } from "./types";

export interface Seed {
  id: string;
  title: string;
  artist: string | null;
  duration_s: number;
  minus: boolean;
}

export const seeds = persisted<Seed[]>("seeds", []);

export const seedFromTrack = (track: Track, minus = false): Seed => ({
  id: track.id, title: track.title, artist: track.artist, duration_s: track.duration_s, minus,
});
export const seedFromClip = (clip: Clip): Seed => ({
  id: clip.id, title: clip.name, artist: null, duration_s: clip.duration_s, minus: false,
});
export const seedFromSuggestion = (suggestion: SeedSuggestion): Seed => ({
  id: suggestion.seed, title: suggestion.name, artist: suggestion.text, duration_s: 0, minus: false,
});
/** By its id: others may have playlists of the same name. */
export const seedFromPlaylist = (list: Playlist, name: string, n: number): Seed => ({
  id: `playlist:${list.id}`, title: name, artist: `${count(n, "track")} of the playlist${list.owner ? ` by ${list.owner}` : ""}`, duration_s: 0, minus: false,
});

export function addSeed(seed: Seed): void {
  seeds.value = [...seeds.value.filter((other) => other.id !== seed.id), seed];
}

export const addTrackAsSeed = (track: Track, minus = false) => announceSeed(seedFromTrack(track, minus));

/** Add a seed from another page, and say so. */
export function announceSeed(seed: Seed): void {
  addSeed(seed);
  showToast(`Similar now looks for ${seed.minus ? "less" : "more"} like “${seed.title}”`, { action: { label: "Open", run: () => navigate("/similar") } });
}

export function flipSeed(id: string): void {
  seeds.value = seeds.value.map((seed) => (seed.id === id ? { ...seed, minus: !seed.minus } : seed));
}

export const removeSeed = (id: string) => (seeds.value = seeds.value.filter((seed) => seed.id !== id));

/** Drop the clips that the service no longer has, and say so. */
export async function dropExpired(): Promise<void> {
  for (const clip of seeds.value.filter((seed) => isClip(seed.id))) {
    if (await clipExists(clip.id)) continue;
    removeSeed(clip.id);
    showToast(`“${clip.title}” has expired: Segue keeps your audio for an hour. Add it again to go on with it.`);
  }
}

/** A seed as a track that can be played. A clip has no file in the library. */
export function trackFromSeed(seed: Seed): Track {
  return {
    id: seed.id, title: seed.title, artist: seed.artist, artists: [], album: null, album_artist: null, genre: null, year: null, disc_number: null, track_number: null,
    duration_s: seed.duration_s, path: "", url: null, source: null, has_file: !seed.id.includes(":"), missing: false, cluster: null,
  };
}
