import { humane } from "../format";
import type { Clusters, MapData } from "../types";
import { hueOf, lit, oklch, parse, ramp, type Rgb } from "./colours";
import type { Sign } from "./view";

export type ColourBy = "cluster" | "genre" | "year";

export interface Entry {
  key: number;
  name: string;
  n: number;
  colour: Rgb;
}

export interface Painted {
  colours: Uint8Array;
  legend: Entry[];
}

const NAMED = 14; // entries of the legend; what is rarer is grey

/** A colour for every point, and what the colours mean; all but ``only`` step back. */
export function paint(map: MapData, groups: Clusters, by: ColourBy, dark: boolean, only: number | null): Painted {
  const keys = by === "year" ? map.year.map((year) => (year === null ? null : Math.floor(year / 10) * 10)) : map[by];
  const counts = new Map<number, number>();
  for (const key of keys) if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  const common = [...counts].sort((a, b) => (by === "year" ? a[0] - b[0] : b[1] - a[1])).slice(0, by === "year" ? 20 : NAMED);
  const legend = common.map(([key, n], i): Entry => {
    if (by === "year") return { key, n, name: `${key}s`, colour: ramp(common.length > 1 ? i / (common.length - 1) : 1, dark) };
    if (by === "genre") return { key, n, name: map.genres[key] ?? "?", colour: hueOf(i, dark) };
    const group = groups.clusters.find((cluster) => cluster.number === key);
    const given = parse(group?.colour ?? "");
    return { key, n, name: humane(group?.name ?? `group ${key}`), colour: given ? lit(given, dark) : hueOf(i, dark) };
  });
  const known = new Map(legend.map((entry) => [entry.key, entry.colour]));
  const grey = oklch(dark ? 0.5 : 0.68, 0.012, 170);
  const colours = new Uint8Array(4 * keys.length);
  keys.forEach((key, i) => {
    const shown = only === null || key === only;
    colours.set(known.get(key ?? NaN) ?? grey, 4 * i);
    colours[4 * i + 3] = shown ? 235 : 34;
  });
  return { colours, legend };
}

/** The names of groups, each where its tracks are densest: at the median of their places. */
export function signsOf(map: MapData, groups: Clusters): Sign[] {
  return groups.clusters.slice(0, NAMED).flatMap((group) => {
    const members = map.cluster.flatMap((cluster, i) => (cluster === group.number ? [i] : []));
    if (members.length < 3) return [];
    const middle = (values: readonly number[]) => members.map((i) => values[i]!).sort((a, b) => a - b)[members.length >> 1]!;
    return [{ x: middle(map.x), y: middle(map.y), text: brief(group.name) }];
  });
}

/** As many of a name's parts as fit on a map. */
function brief(name: string): string {
  const [first = "", ...others] = name.split(", ");
  return others.reduce((text, part) => (text.length + part.length > 22 ? text : `${text}, ${part}`), humane(first));
}
