import * as api from "../api";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import type { Conditions, Facets, Range } from "../types";
import { Icon } from "./icons";

interface FiltersProps {
  where: Conditions;
  onChange: (where: Conditions) => void;
}

/** Filters for tracks, besides their sound. */
export function Filters({ where, onChange }: FiltersProps) {
  const { data: facets } = useLoad(api.facets, [libraryChanges.value]);
  const { data: groups } = useLoad(api.clusters, [libraryChanges.value]);
  const set = <K extends keyof Conditions>(name: K, value: Conditions[K] | undefined) => {
    const { [name]: _, ...rest } = where;
    onChange(value === undefined ? rest : { ...rest, [name]: value });
  };
  if (!facets) return <div class="filters" />;
  return (
    <div class="filters" role="group" aria-label="Filters">
      <Pick label="Genre" value={where.genre ?? undefined} options={facets.genres.map(({ name, n }) => [name, `${name} (${n})`])}
        onPick={(genre) => set("genre", genre)} />
      <Pick label="Sounds like" value={where.label ?? undefined} options={facets.labels.slice(0, 200).map(({ name, n }) => [name, `${name} (${n})`])}
        onPick={(label) => set("label", label)} />
      <Pick label="Years" value={where.years?.join("-")} options={decades(facets.years)}
        onPick={(years) => set("years", years?.split("-").map(Number) as Range | undefined)} />
      <Pick label="Length" value={where.duration_s?.join("-")}
        options={[["0-120", "under 2 min"], ["120-300", "2 to 5 min"], ["300-36000", "over 5 min"], ["30-1200", "30 s to 20 min"]]}
        onPick={(length) => set("duration_s", length?.split("-").map(Number) as Range | undefined)} />
      <Pick label="Tempo" value={where.tempo?.join("-")}
        options={[["20-90", "slow, under 90 BPM"], ["90-125", "medium, 90 to 125 BPM"], ["125-400", "fast, over 125 BPM"]]}
        onPick={(tempo) => set("tempo", tempo?.split("-").map(Number) as Range | undefined)} />
      {groups && groups.clusters.length > 0 && (
        <Pick label="Group" value={where.cluster === undefined ? undefined : String(where.cluster)}
          options={groups.clusters.map((group) => [String(group.number), group.name])}
          onPick={(cluster) => set("cluster", cluster === undefined ? undefined : Number(cluster))} />
      )}
      <Pick label="Leave out" value={undefined} options={exclusions(facets, where)} onPick={(choice) => {
        const [name, text] = JSON.parse(choice ?? "[]") as [Exclusion?, string?];
        if (name && text) set(name, [...(where[name] ?? []), text]);
      }} />
      {exclusionNames.flatMap((name) => (where[name] ?? []).map((text) => (
        <button key={`${name} ${text}`} type="button" class="chip" onClick={() => set(name, without(where[name], text))}>
          not {text}<Icon name="close" size={14} /><span class="hidden-text">: remove filter</span>
        </button>
      )))}
      {Object.entries(where).map(([name, value]) => ["artist", "album"].includes(name) && (
        <button key={name} type="button" class="chip" onClick={() => set(name as "artist", undefined)}>
          {String(value)}<Icon name="close" size={14} /><span class="hidden-text">: remove filter</span>
        </button>
      ))}
      {Object.keys(where).length > 0 && (
        <button type="button" class="button borderless small" onClick={() => onChange({})}>Clear</button>
      )}
    </div>
  );
}

const exclusionNames = ["not_genre", "not_artist", "not_label"] as const;
type Exclusion = (typeof exclusionNames)[number];

/** Genres and sounds that could be left out and are not yet; each value is JSON, as names may hold anything. */
function exclusions(facets: Facets, where: Conditions): [string, string][] {
  const choices = [
    ...facets.genres.map(({ name, n }) => ["not_genre", name, n] as const),
    ...facets.labels.slice(0, 200).map(({ name, n }) => ["not_label", name, n] as const),
  ];
  return choices.filter(([kind, name]) => !where[kind]?.includes(name))
    .map(([kind, name, n]) => [JSON.stringify([kind, name]), `${name} (${n})`]);
}

function without(names: readonly string[] | null | undefined, name: string): string[] | undefined {
  const rest = (names ?? []).filter((other) => other !== name);
  return rest.length ? rest : undefined;
}

function decades(years: { min: number | null; max: number | null }): [string, string][] {
  if (years.min === null || years.max === null) return [];
  const first = Math.floor(years.min / 10) * 10;
  const starts = Array.from({ length: Math.floor((years.max - first) / 10) + 1 }, (_, i) => first + 10 * i);
  return starts.map((start) => [`${start}-${start + 9}`, `${start}s`]);
}

interface PickProps {
  label: string;
  value: string | undefined;
  options: [string, string][];
  onPick: (value: string | undefined) => void;
}

function Pick({ label, value, options, onPick }: PickProps) {
  if (!options.length && value === undefined) return null;
  const all = value === undefined || options.some(([key]) => key === value) ? options : [[value, value] as [string, string], ...options];
  return (
    <select class={`select ${value === undefined ? "" : "set"}`} aria-label={label} value={value ?? ""}
      onChange={(event) => onPick(event.currentTarget.value || undefined)}>
      <option value="">{label}</option>
      {all.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
    </select>
  );
}

/** Read the filters from the page's address. */
export function readConditions(query: URLSearchParams): Conditions {
  const where: Conditions = {};
  for (const name of ["genre", "label", "artist", "album"] as const) {
    const value = query.get(name);
    if (value) where[name] = value;
  }
  for (const [name, key] of [["years", "years"], ["duration", "duration_s"], ["tempo", "tempo"]] as const) {
    const ends = query.get(name)?.split("-").map(Number);
    if (ends?.length === 2 && ends.every(Number.isFinite)) where[key] = ends as Range;
  }
  for (const name of exclusionNames) if (query.has(name)) where[name] = query.getAll(name);
  const cluster = query.get("cluster");
  if (cluster && Number.isInteger(Number(cluster))) where.cluster = Number(cluster);
  return where;
}
