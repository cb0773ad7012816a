import type { Track } from "../src/types";

export const track = (id: string): Track => ({
  id, title: id, artist: null, artists: [], album: null, album_artist: null, genre: null, year: null, disc_number: null, track_number: null, duration_s: 10,
  path: `${id}.ogg`, url: null, source: null, has_file: true, missing: false, cluster: null,
});
