import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { Cover, EmptyState, LoadError, IconButton, SegmentedControl } from "../components/common";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { Legend } from "../components/legend";
import { MapTabs } from "../components/tabs";
import { TracksBar } from "../components/tracksbar";
import { count } from "../format";
import { useLoad } from "../hooks";
import { startJob, anyJobRunning, jobsFinished, jobs, isRunning } from "../jobs";
import * as player from "../player";
import { dark, persisted } from "../preferences";
import { colorPoints, groupCaptions, type ColorBy } from "../scatter/pointcolors";
import type { Point } from "../scatter/grid";
import { Scatter } from "../scatter/view";
import { addTrackAsSeed } from "../seeds";
import { attempt } from "../toast";
import type { Clusters, LibraryMap, Track } from "../types";

const savedColorBy = persisted<ColorBy>("map.by", "cluster");
const noGroups: Clusters = { clusters: [], view: "", separation: 0, new: 0, stale: false };

export function MapPage() {
  const { data, error, retry } = useLoad(api.map, [jobsFinished.value]);
  const { data: groups } = useLoad(api.clusters, [jobsFinished.value]);
  useEffect(() => {
    if (data && !("ids" in data)) void startJob(Promise.resolve()); // it is being made: poll the job
  }, [data]);
  const mapJob = jobs.value.find((job) => job.kind === "map" && isRunning(job));
  if (error) return <><h1 class="hidden-text" tabIndex={-1}>Map</h1><LoadError error={error} retry={retry} /></>;
  if (!data || !("ids" in data)) {
    return (
      <>
        <h1 class="hidden-text" tabIndex={-1}>Map</h1>
        <EmptyState icon="map" title="Making the map">
          <p>Tracks that sound alike are placed close together.</p>
          {mapJob ? <JobLine job={mapJob} /> : !anyJobRunning.value && data && (
            <button type="button" class="button" onClick={() => void attempt(startJob(api.makeMap()))}>Make the map</button>
          )}
        </EmptyState>
      </>
    );
  }
  if (!data.ids.length) return <><h1 class="hidden-text" tabIndex={-1}>Map</h1><EmptyState icon="map" title="Nothing to map yet"><p>The library is empty. Scan some music first.</p></EmptyState></>;
  return <DrawnMap map={data} groups={groups ?? noGroups} />;
}

function DrawnMap({ map, groups }: { map: LibraryMap; groups: Clusters }) {
  const [lasso, setLasso] = useState(false);
  const [hover, setHover] = useState<{ point: number; at: Point } | null>(null);
  const [selected, setSelected] = useState(-1);
  const [lassoed, setLassoed] = useState<number[]>([]);
  const [only, setOnly] = useState<number | null>(null);
  const holder = useRef<HTMLDivElement>(null);
  const colorBy = savedColorBy.value === "cluster" && !groups.clusters.length ? "genre" : savedColorBy.value;
  const pointColors = useMemo(() => colorPoints(map, groups, colorBy, dark.value, only), [map, groups, colorBy, dark.value, only]);
  const captions = useMemo(() => (colorBy === "cluster" ? groupCaptions(map, groups) : []), [map, groups, colorBy]);
  const pointById = useMemo(() => new Map(map.ids.map((id, i) => [id, i])), [map]);
  const playing = pointById.get(player.currentTrack.value?.id ?? "") ?? -1;
  const label = (i: number) => `${map.titles[i]}${map.artists[i] ? ` by ${map.artists[i]}` : ""}`;
  const fit = () => (holder.current?.querySelector(".scatter") as unknown as { fit: () => void } | null)?.fit();
  return (
    <div class="map" ref={holder}>
      <h1 class="hidden-text" tabIndex={-1}>Map of {count(map.ids.length, "track")}</h1>
      <Scatter x={map.x} y={map.y} colors={pointColors.colors} captions={captions} playing={playing} selected={selected} lassoed={lassoed}
        lasso={lasso} label={`Map of ${count(map.ids.length, "track")}. Arrow keys move, plus and minus zoom, Enter selects the track in the middle.`}
        describe={label} onHover={(point, at) => setHover(at ? { point, at } : null)}
        onPick={(point) => (setSelected(point), setLassoed([]))} onLasso={(points) => (setLassoed(points), setSelected(-1), setLasso(false))} />
      <MapTabs />
      <div class="map-tools">
        <SegmentedControl label="Color by" value={colorBy} onPick={(value) => ((savedColorBy.value = value), setOnly(null))}
          options={[...(groups.clusters.length ? [["cluster", "Group"] as const] : []), ["genre", "Genre"], ["year", "Year"]]} />
        <span class="map-buttons">
          <IconButton icon="lasso" label="Lasso: draw around tracks to select them" pressed={lasso} onClick={() => setLasso(!lasso)} />
          <IconButton icon="fit" label="Show all" onClick={fit} />
        </span>
      </div>
      <Legend entries={pointColors.legend} only={only} onOnly={setOnly} />
      {hover && hover.point !== selected && <Tooltip text={[map.titles[hover.point] ?? "", map.artists[hover.point] ?? ""]} id={map.ids[hover.point] ?? ""} at={hover.at} />}
      {selected >= 0 && <SelectedTrack id={map.ids[selected] ?? ""} onClose={() => setSelected(-1)} />}
      {lassoed.length > 0 && <SelectedTracks ids={lassoed.map((i) => map.ids[i] ?? "")} onClose={() => setLassoed([])} />}
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
  const { data, error } = useLoad((stop) => api.tracksOf(shown, stop), [ids]);
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
