import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { Cover, EmptyState, HiddenTitle, LoadError, IconButton, SegmentedControl } from "../components/common";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { Legend } from "../components/legend";
import { MapTabs } from "../components/tabs";
import { TracksBar } from "../components/tracksbar";
import { coverImage } from "../covers";
import { count, readableName, soundFeature } from "../format";
import { useLoad } from "../hooks";
import { startJob, anyJobRunning, libraryChanges, jobs, isRunning } from "../jobs";
import * as player from "../player";
import { mayManage } from "../person";
import { dark, persisted } from "../preferences";
import { colorPoints, colorValues, groupCaptions, type ColorBy } from "../scatter/pointcolors";
import type { Point } from "../scatter/grid";
import type { Path } from "../scatter/overlay";
import { Scatter } from "../scatter/view";
import { route } from "../router";
import { addTrackAsSeed } from "../seeds";
import { attempt } from "../toast";
import type { Clusters, LibraryMap, Track } from "../types";

const savedSound = persisted("map.sound", "tempo_bpm");
const MOST_QUEUED = 12; // tracks of the queue that are joined by a line: more would hide the map
const REST_MS = 250; // of the pointer on a point, before it sounds
const savedColorBy = persisted<ColorBy>("map.by", "cluster");
const noGroups: Clusters = { clusters: [], view: "", separation: 0, new: 0, stale: false };

export function MapPage() {
  const { data, error, retry } = useLoad(api.map, [libraryChanges.value]);
  const { data: groups } = useLoad(api.clusters, [libraryChanges.value]);
  useEffect(() => {
    if (data && !("ids" in data)) void startJob(Promise.resolve()); // it is being made: poll the job
  }, [data]);
  const mapJob = jobs.value.find((job) => job.kind === "map" && isRunning(job));
  if (error) return <><HiddenTitle title="Map" /><LoadError error={error} retry={retry} /></>;
  if (!data || !("ids" in data)) {
    return (
      <>
        <HiddenTitle title="Map" />
        <EmptyState icon="map" title="Making the map">
          <p>Tracks that sound alike are placed close together.</p>
          {mapJob ? <JobLine job={mapJob} /> : !anyJobRunning.value && data && (
            <button type="button" class="button" disabled={!mayManage.value} onClick={() => void attempt(startJob(api.makeMap()))}>Make the map</button>
          )}
        </EmptyState>
      </>
    );
  }
  if (!data.ids.length) return <><HiddenTitle title="Map" /><EmptyState icon="map" title="Nothing to map yet"><p>The library is empty. <a href="/">Add your music</a></p></EmptyState></>;
  return <DrawnMap map={data} groups={groups ?? noGroups} />;
}

type MapElement = HTMLElement & { fit: () => void; goTo: (point: number) => void };

function DrawnMap({ map, groups }: { map: LibraryMap; groups: Clusters }) {
  const [lasso, setLasso] = useState(false);
  const [hover, setHover] = useState<{ point: number; at: Point } | null>(null);
  const [selected, setSelected] = useState(-1);
  const [lassoed, setLassoed] = useState<number[]>([]);
  const [only, setOnly] = useState<number | null>(null);
  const [listening, setListening] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const { data: measured } = useLoad(async (stop) => (savedColorBy.value === "sound" ? api.descriptor(savedSound.value, stop) : null), [savedColorBy.value, savedSound.value, map]);
  const colorBy = savedColorBy.value === "cluster" && !groups.clusters.length ? "genre" : savedColorBy.value;
  const pointColors = useMemo(() => (colorBy === "sound" ? colorValues(measured?.values ?? map.ids.map(() => null), dark.value, only)
    : colorPoints(map, groups, colorBy, dark.value, only)), [map, groups, colorBy, measured, dark.value, only]);
  const captions = useMemo(() => (colorBy === "cluster" ? groupCaptions(map, groups) : []), [map, groups, colorBy]);
  const pointById = useMemo(() => new Map(map.ids.map((id, i) => [id, i])), [map]);
  const playing = pointById.get(player.currentTrack.value?.id ?? "") ?? -1;
  const paths = usePaths(pointById);
  const coverOf = useCovers(map.ids);
  usePreview(listening && hover ? (map.ids[hover.point] ?? null) : null);
  const label = (i: number) => `${map.titles[i]}${map.artists[i] ? ` by ${map.artists[i]}` : ""}`;
  const scatter = () => holder.current?.querySelector(".scatter") as MapElement | null;
  const pick = (point: number) => (setSelected(point), setLassoed([]));
  return (
    <div class="map" ref={holder}>
      <HiddenTitle title={`Map of ${count(map.ids.length, "track")}`} />
      <Scatter x={map.x} y={map.y} colors={pointColors.colors} captions={captions} paths={paths} playing={playing} selected={selected} lassoed={lassoed}
        titleOf={(i) => map.titles[i] ?? ""} coverOf={coverOf}
        lasso={lasso} label={`Map of ${count(map.ids.length, "track")}. Arrow keys move, plus and minus zoom, Enter selects the track in the middle, Escape closes it.`}
        describe={label} onHover={(point, at) => setHover(at ? { point, at } : null)} onPick={pick}
        onLasso={(points) => (setLassoed(points), setSelected(-1), setLasso(false))} onEscape={() => (pick(-1), setLasso(false))} />
      <MapTabs />
      <div class="map-tools">
        <span class="map-colors">
          <SegmentedControl label="Color by" value={colorBy} onPick={(value) => ((savedColorBy.value = value), setOnly(null))}
            options={[...(groups.clusters.length ? [["cluster", "Group"] as const] : []), ["genre", "Genre"], ["year", "Year"]]} />
          <SoundChoice onPick={(name) => (name ? ((savedSound.value = name), (savedColorBy.value = "sound")) : (savedColorBy.value = "cluster"), setOnly(null))} />
        </span>
        <MapSearch map={map} onPick={(point) => (scatter()?.goTo(point), pick(point))} />
        <span class="map-buttons">
          <IconButton icon="volume" label="Play what the pointer is on" pressed={listening} onClick={() => setListening(!listening)} extraClass="map-hear" />
          <IconButton icon="lasso" label="Lasso: draw around tracks to select them" pressed={lasso} onClick={() => setLasso(!lasso)} />
          <IconButton icon="fit" label="Show all" onClick={() => scatter()?.fit()} />
        </span>
      </div>
      <Legend entries={pointColors.legend} only={only} onOnly={setOnly} />
      {hover && hover.point !== selected && <Tooltip text={[map.titles[hover.point] ?? "", map.artists[hover.point] ?? ""]} id={map.ids[hover.point] ?? ""} at={hover.at} />}
      {selected >= 0 && <SelectedTrack id={map.ids[selected] ?? ""} onClose={() => setSelected(-1)} />}
      {lassoed.length > 0 && <SelectedTracks ids={lassoed.map((i) => map.ids[i] ?? "")} onClose={() => setLassoed([])} />}
    </div>
  );
}

/** The queue, and the tracks that the address names: a journey. */
function usePaths(pointById: ReadonlyMap<string, number>): Path[] {
  const named = route.value.query.get("path") ?? "";
  const queue = player.queue.value;
  return useMemo(() => {
    const pointsOf = (ids: readonly (string | undefined)[]) => ids.flatMap((id) => pointById.get(id ?? "") ?? []);
    const queued = queue.order.slice(Math.max(0, queue.at), queue.at + MOST_QUEUED).map((index) => queue.tracks[index]?.id);
    return [{ kind: "queue", points: pointsOf(queued) }, { kind: "journey", points: pointsOf(named.split(",")) }];
  }, [queue, named, pointById]);
}

/** Covers for the points that are near; another function whenever one more has arrived. */
function useCovers(ids: readonly string[]): (point: number) => HTMLImageElement | null {
  const images = useRef(new Map<string, HTMLImageElement>());
  const [arrived, setArrived] = useState(0);
  return useCallback((point: number) => {
    const id = ids[point] ?? "";
    let image = images.current.get(id);
    if (!image) {
      image = coverImage(id, 96);
      image.onload = () => setArrived((n) => n + 1);
      images.current.set(id, image);
    }
    return image.complete && image.naturalWidth ? image : null;
  }, [ids, arrived]);
}

/** Play a few seconds from the first third of a track, once the pointer rests on it; the player pauses. */
function usePreview(id: string | null): void {
  useEffect(() => {
    if (!id) return;
    const audio = new Audio();
    audio.volume = player.volume.value;
    audio.muted = player.muted.value;
    audio.addEventListener("loadedmetadata", () => (audio.currentTime = Number.isFinite(audio.duration) ? audio.duration / 3 : 0));
    const timer = window.setTimeout(() => {
      player.pause();
      audio.src = api.soundOf(id);
      void audio.play().catch(() => {});
    }, REST_MS);
    return () => (window.clearTimeout(timer), audio.pause(), audio.removeAttribute("src"));
  }, [id]);
}

function SoundChoice({ onPick }: { onPick: (name: string) => void }) {
  const { data } = useLoad(api.descriptors, []);
  const value = savedColorBy.value === "sound" ? savedSound.value : "";
  if (!data?.length) return null;
  const [known, technical] = [data.filter(soundFeature), data.filter((name) => !soundFeature(name))];
  return (
    <select class={`select ${value ? "set" : ""}`} aria-label="Color by a sound feature" value={value} onChange={(event) => onPick(event.currentTarget.value)}>
      <option value="">Sound</option>
      {known.map((name) => <option key={name} value={name}>{soundFeature(name)?.[0]}</option>)}
      <optgroup label="Technical">
        {technical.map((name) => <option key={name} value={name}>{readableName(name)}</option>)}
      </optgroup>
    </select>
  );
}

/** Finds tracks of the map by title and artist. */
function MapSearch({ map, onPick }: { map: LibraryMap; onPick: (point: number) => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const names = useMemo(() => map.titles.map((title, i) => `${title} ${map.artists[i] ?? ""}`.toLowerCase()), [map]);
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const points = words.length ? names.flatMap((name, i) => (words.every((word) => name.includes(word)) ? [i] : [])).slice(0, 8) : [];
  const pick = (point: number | undefined) => point !== undefined && (onPick(point), setText(""));
  const steer = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, points.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter") pick(points[at]);
    else if (event.key === "Escape") setText("");
    else return;
    event.preventDefault();
  };
  return (
    <div class="picker map-search">
      <label class="field">
        <Icon name="search" size={18} /><span class="hidden-text">Find on the map</span>
        <input role="combobox" aria-expanded={points.length > 0} aria-controls="map-found" aria-autocomplete="list" autocomplete="off" placeholder="Find on the map"
          aria-activedescendant={points.length ? `map-found-${at}` : undefined} value={text} onInput={(event) => (setText(event.currentTarget.value), setAt(0))} onKeyDown={steer} />
      </label>
      <div id="map-found" role="listbox" aria-label="Tracks" class="picker-list" hidden={!points.length}>
        {points.map((point, i) => (
          <div key={point} id={`map-found-${i}`} role="option" aria-selected={i === at} onPointerDown={(event) => (event.preventDefault(), pick(point))}>
            <Cover id={map.ids[point] ?? ""} size={36} />
            <span class="row-name"><span class="clip">{map.titles[point]}</span><span class="clip quiet">{map.artists[point]}</span></span>
          </div>
        ))}
      </div>
    </div>
  );
}

function Tooltip({ text, id, at }: { text: [string, string]; id: string; at: Point }) {
  const tooltip = useRef<HTMLDivElement>(null);
  useEffect(() => tooltip.current?.style.setProperty("transform", `translate(${at[0]}px, ${at[1]}px) translate(-50%, calc(-100% - 16px))`), [at]);
  return (
    <div ref={tooltip} class="map-tooltip" aria-hidden="true">
      <Cover id={id} size={40} />
      <span class="row-name"><span class="clip">{text[0]}</span><span class="clip quiet">{text[1]}</span></span>
    </div>
  );
}

function SelectedTrack({ id, onClose }: { id: string; onClose: () => void }) {
  const { data } = useLoad((stop) => api.track(id, stop), [id]);
  const track: Track | undefined = data?.track;
  return (
    <section class="map-card" aria-label="Selected track">
      <Cover id={id} size={72} />
      <div class="row-name">
        <a class="clip row-title" href={`/track/${encodeURIComponent(id)}`}>{track?.title ?? "…"}</a>
        <span class="clip quiet">{track?.artist}</span>
        <span class="map-card-actions">
          <button type="button" class="button small main" disabled={!track} onClick={() => track && player.playTracks([track])}><Icon name="play" size={16} />Play</button>
          <button type="button" class="button small" disabled={!track} onClick={() => track && addTrackAsSeed(track)}><Icon name="similar" size={16} />More like this</button>
        </span>
      </div>
      <IconButton icon="close" label="Close" onClick={onClose} small />
    </section>
  );
}

const MAX_TRACKS = 500; // tracks from one lasso

function SelectedTracks({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const shown = ids.slice(0, MAX_TRACKS);
  const { data, error } = useLoad(async (stop) => inGoodOrder(await api.tracksOf(shown, stop), stop), [ids]);
  return (
    <section class="map-card selection" aria-label="Selected tracks">
      <div class="row-name">
        <h2>{count(ids.length, "track")}{ids.length > MAX_TRACKS && `, the first ${MAX_TRACKS} shown`}</h2>
        {error && <p class="bad">{error.message}</p>}
        {data && <TracksBar tracks={data} name="From the map" />}
      </div>
      <IconButton icon="close" label="Close" onClick={onClose} small />
    </section>
  );
}

const MOST_ORDERED = 200; // tracks whose similarities are asked for

/** Tracks in an order in which each sounds like the one before: the nearest next, from the least central one. */
async function inGoodOrder(tracks: Track[], stop: AbortSignal): Promise<Track[]> {
  if (tracks.length < 3 || tracks.length > MOST_ORDERED) return tracks;
  const { scores } = await api.matrix(tracks.map((track) => track.id), stop);
  const sums = scores.map((row) => row.reduce((sum, score) => sum + score, 0));
  let at = sums.indexOf(Math.min(...sums));
  const left = new Set(tracks.keys());
  const order: Track[] = [];
  while (left.size) {
    left.delete(at);
    order.push(tracks[at]!);
    at = [...left].reduce((best, i) => (best < 0 || scores[at]![i]! > scores[at]![best]! ? i : best), -1);
  }
  return order;
}
