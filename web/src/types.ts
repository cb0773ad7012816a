/** What the service says, as its routes under /api/v1 say it. */

export interface Track {
  id: string;
  title: string;
  artist: string | null;
  album: string | null;
  album_artist: string | null;
  genre: string | null;
  year: number | null;
  duration_s: number;
  path: string | null;
  url: string | null;
  source: string | null;
  has_file: boolean;
  missing: boolean;
  cluster: number | null;
}

export type Range = [number, number];

export interface Conditions {
  genre?: string;
  label?: string;
  artist?: string;
  album?: string;
  years?: Range;
  tempo?: Range;
  duration_s?: Range;
  cluster?: number;
}

export type Sort = "title" | "artist" | "added" | "year";

export interface Page {
  tracks: Track[];
  total: number;
}

export interface Detail {
  track: Track;
  tags: Record<string, string | number | null>;
  labels: Record<string, Record<string, number>>;
  descriptors: Record<string, number>;
  details: Record<string, unknown>;
}

export interface Match {
  score: number;
  track: Track;
}

export interface Recommendations {
  matches: Match[];
  shortfall: string | null;
}

export interface Wish {
  seeds: string[];
  minus?: string[];
  k?: number;
  where?: Conditions;
  same_artist?: boolean;
  variety?: number;
}

export interface Clip {
  id: string;
  name: string;
  duration_s: number;
  peaks: number[];
}

export interface Why {
  score: number;
  text: string;
  parts: { space: string; share: number; score: number }[];
  moments: { a_s: number; b_s: number; score: number }[];
  window_s: number;
  labels: { name: string; a: number; b: number }[];
  features: { name: string; text: string; a: number; b: number }[];
}

export interface PlaylistHead {
  id: string;
  name: string;
  created_at: string | number;
  changed_at: string | number;
  n: number;
  duration_s: number;
}

export interface Playlist {
  id: string;
  name: string;
  created_at: string | number;
  changed_at: string | number;
  tracks: Track[];
}

export interface MapData {
  ids: string[];
  x: number[];
  y: number[];
  cluster: (number | null)[];
  genre: (number | null)[];
  year: (number | null)[];
  genres: string[];
  titles: string[];
  artists: (string | null)[];
}

export interface Cluster {
  number: number;
  name: string;
  size: number;
  words: [string, number][];
  labels: string[];
  genres: [string, number][];
  central: Track[];
  colour: string;
}

export interface Clusters {
  clusters: Cluster[];
  separation: number | null;
  new: number;
  stale: boolean;
}

export interface Facets {
  genres: { name: string; n: number }[];
  labels: { name: string; n: number }[];
  years: { min: number | null; max: number | null };
  artists: number;
  albums: number;
}

export interface LibraryFacts {
  path_name: string;
  tracks: number;
  missing: number;
  failures: number;
  duration_s: number;
  spaces: { name: string; dim: number; licence: string; tracks: number }[];
  views: string[];
  sources: string[];
  has_map: boolean;
  clusters: number;
  writable: boolean;
}

export interface Job {
  id: string;
  kind: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  done: number;
  total: number | null;
  rate: number | null;
  left_s: number | null;
  message: string | null;
  report: unknown;
}

export interface Failure {
  path: string;
  kind: string;
  reason: string;
}

export interface Model {
  name: string;
  title: string;
  purpose: string;
  licence: string;
  size_bytes: number;
  state: string; // "ready", or what is wrong
}

export interface MatrixData {
  tracks: Track[];
  scores: number[][];
}

export interface Evaluation {
  tracks: number;
  precision: Record<string, number>; // at k
  chance: number;
}

export interface Session {
  needed: boolean;
  logged_in: boolean;
}

export type Verdict = "like" | "dislike" | "skip";
