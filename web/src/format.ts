/** Numbers, dates and names as text for people. */

export function clock(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–:––";
  const s = Math.floor(seconds);
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(rest)}` : `${m}:${two(rest)}`;
}

/** A duration in words, as precise as useful. */
export function formatDuration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const [h, m] = [Math.floor(minutes / 60), minutes % 60];
  if (h < 24) return m ? `${h} h ${m} min` : `${h} h`;
  return count(Math.round(minutes / 144) / 10, "day");
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

export const percent = (share: number) => `${Math.round(100 * share)}\u00a0%`;

/** The name of a descriptor or label as readable text. */
export function readableName(name: string): string {
  const words = name.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a network calls a sound, as one of several words: "Heavy metal" and "Hip-Hop" are small there, "R&B" is not. */
export const labelName = (name: string) => (name === name.toUpperCase() || name.includes("&") ? name : name.toLowerCase());

// What a listener knows of what the descriptors measure, with its unit; the others' names are an engineer's.
const SOUNDS: Record<string, readonly [string, string]> = {
  tempo_bpm: ["Tempo", "beats per minute"],
  loudness_lkfs_mean: ["Loudness", "LKFS"],
  loudness_lkfs_std: ["Changes of loudness", "LU"],
  centroid_hz_mean: ["Brightness", "Hz"],
  centroid_hz_std: ["Changes of brightness", "Hz"],
  flatness_mean: ["Noise", ""],
  onset_strength_mean: ["Sharpness of attacks", ""],
};
const TECHNICAL = /^(mfcc|chroma|contrast|pulse|centroid|bandwidth|rolloff|flatness|zero_crossing_rate|zcr|rmse?|loudness_lkfs|onset_strength|spectral|tonnetz)_/;

/** The name and the unit of a sound feature; null where a listener would not know what it is. */
export const soundFeature = (name: string): readonly [string, string] | null => SOUNDS[name] ?? (TECHNICAL.test(name) ? null : [readableName(name), ""]);

const MODEL_NAMES: Record<string, string> = { descriptors: "Sound features", mn04: "EfficientAT mn04", musicnn: "MusiCNN", vggish: "VGGish" };

/** The name of the model that made a space, without its version. */
export function spaceName(space: string): string {
  const name = space.replace(/-\d+$/, "");
  return MODEL_NAMES[name] ?? readableName(name);
}

/** What share of the library, in whole per cent up to 99, has a lower score. */
export function percentile(score: number, quantiles: readonly number[]): number {
  const below = quantiles.filter((quantile) => quantile < score).length;
  return Math.min(99, Math.max(0, below - 1));
}

export function fileName(name: string, ending: string): string {
  return `${name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim().slice(0, 80) || "playlist"}.${ending}`;
}

export function formatDate(value: string | number): string {
  const date = new Date(typeof value === "number" ? value * 1000 : value);
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}

export const formatMegabytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 1e6))} MB`;
