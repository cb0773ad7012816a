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

const MODEL_NAMES: Record<string, string> = { mn04: "EfficientAT mn04", musicnn: "MusiCNN", vggish: "VGGish" };

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
