import type { Clusters, LibraryMap } from "../types";
import { hueOf, lit, oklch, parse, ramp, type Rgb } from "./colors";
import type { Caption } from "./overlay";

export type ColorBy = "cluster" | "genre" | "year" | "sound"; // a descriptor

export interface LegendEntry {
  key: number;
  name: string;
  n: number;
  color: Rgb;
}

export interface PointColors {
  colors: Uint8Array;
  legend: LegendEntry[];
}

const MAX_ENTRIES = 14; // legend entries; rarer values are gray

/** A color for each point, and the legend. With ``only``, all other points fade. */
export function colorPoints(map: LibraryMap, groups: Clusters, by: Exclude<ColorBy, "sound">, dark: boolean, only: number | null): PointColors {
  const keys = by === "year" ? map.year.map((year) => (year === null ? null : Math.floor(year / 10) * 10)) : map[by];
  const counts = new Map<number, number>();
  for (const key of keys) if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  const common = [...counts].sort((a, b) => (by === "year" ? a[0] - b[0] : b[1] - a[1])).slice(0, by === "year" ? 20 : MAX_ENTRIES);
  const legend = common.map(([key, n], i): LegendEntry => {
    if (by === "year") return { key, n, name: `${key}s`, color: ramp(common.length > 1 ? i / (common.length - 1) : 1, dark) };
    if (by === "genre") return { key, n, name: map.genres[key] ?? "?", color: hueOf(i, dark) };
    const group = groups.clusters.find((cluster) => cluster.number === key);
    const groupColor = parse(group?.color ?? "");
    return { key, n, name: group?.name ?? `Group ${key}`, color: groupColor ? lit(groupColor, dark) : hueOf(i, dark) };
  });
  const colorByKey = new Map(legend.map((entry) => [entry.key, entry.color]));
  const gray = oklch(dark ? 0.5 : 0.68, 0.012, 170);
  const colors = new Uint8Array(4 * keys.length);
  keys.forEach((key, i) => {
    const shown = only === null || key === only;
    colors.set(colorByKey.get(key ?? NaN) ?? gray, 4 * i);
    colors[4 * i + 3] = shown ? 235 : 34;
  });
  return { colors, legend };
}

const STEPS = 7; // of a descriptor, with as many tracks each

/** Colors from low to high values of a descriptor, with the legend of its steps. */
export function colorValues(values: readonly (number | null)[], dark: boolean, only: number | null): PointColors {
  const sorted = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  const ends = Array.from({ length: STEPS - 1 }, (_, i) => sorted[Math.floor(((i + 1) / STEPS) * sorted.length)] ?? 0);
  const stepOf = (value: number) => ends.filter((end) => value >= end).length;
  const counts = Array.from({ length: STEPS }, () => 0);
  const colors = new Uint8Array(4 * values.length);
  const gray = oklch(dark ? 0.5 : 0.68, 0.012, 170);
  values.forEach((value, i) => {
    const step = value === null ? null : stepOf(value);
    if (step !== null) counts[step]!++;
    colors.set(step === null ? gray : ramp(step / (STEPS - 1), dark), 4 * i);
    colors[4 * i + 3] = only === null || step === only ? 235 : 34;
  });
  const text = (value: number | undefined) => (value === undefined ? "" : String(Number(value.toPrecision(3))));
  const legend = counts.map((n, key): LegendEntry => {
    const name = key === 0 ? `below ${text(ends[0])}` : key === STEPS - 1 ? `${text(ends.at(-1))} and more` : `${text(ends[key - 1])} to ${text(ends[key])}`;
    return { key, n, name, color: ramp(key / (STEPS - 1), dark) };
  });
  return { colors, legend: legend.filter((entry) => entry.n > 0) };
}

/** The names of groups, each at the median position of its tracks. */
export function groupCaptions(map: LibraryMap, groups: Clusters): Caption[] {
  return groups.clusters.slice(0, MAX_ENTRIES).flatMap((group) => {
    const members = map.cluster.flatMap((cluster, i) => (cluster === group.number ? [i] : []));
    if (members.length < 3) return [];
    const middle = (values: readonly number[]) => members.map((i) => values[i]!).sort((a, b) => a - b)[members.length >> 1]!;
    return [{ x: middle(map.x), y: middle(map.y), text: group.name }];
  });
}
