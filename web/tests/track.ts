import type { Track } from "../src/types";

export const track = (id: string): Track => ({
  id, title: id, artist: null, album: null, album_artist: null, genre: null, year: null, duration_s: 10,
  path: `${id}.ogg`, url: null, source: null, has_file: true, missing: false, cluster: null,
});
