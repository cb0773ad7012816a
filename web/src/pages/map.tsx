import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { Cover, Empty, Failure, IconButton, Segments } from "../components/bits";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { Legend } from "../components/legend";
import { TracksBar } from "../components/tracksbar";
import { count } from "../format";
import { useLoad } from "../hooks";
import { begin, busy, ends, jobs, running } from "../jobs";
import * as player from "../player";
import { dark, kept } from "../prefs";
import { paint, signsOf, type ColourBy } from "../scatter/paint";
import type { Point } from "../scatter/places";
import { Scatter } from "../scatter/view";
import { plant } from "../seeds";
import { attempt } from "../toast";
import type { Clusters, MapData, Track } from "../types";

const by = kept<ColourBy>("map.by", "cluster");
const none: Clusters = { clusters: [], separation: null, new: 0, stale: false };

export function MapPage() {
  const { data, error, again } = useLoad(api.map, [ends.value]);
  const { data: groups } = useLoad(api.clusters, [ends.value]);
  useEffect(() => {
    if (data && !("ids" in data)) void begin(Promise.resolve()); // it is being made: watch it
  }, [data]);
  const drawing = jobs.value.find((job) => job.kind === "map" && running(job));
  if (error) return <><h1 class="hidden-text" tabIndex={-1}>Map</h1><Failure error={error} again={again} /></>;
  if (!data || !("ids" in data)) {
    return (
      <>
        <h1 class="hidden-text" tabIndex={-1}>Map</h1>
        <Empty icon="map" title="Drawing the map">
          <p>Every track gets a place beside those it sounds like.</p>
          {drawing ? <JobLine job={drawing} /> : !busy.value && data && (
            <button type="button" class="button" onClick={() => void attempt(begin(api.makeMap()))}>Draw it</button>
          )}
        </Empty>
      </>
    );
  }
  if (!data.ids.length) return <><h1 class="hidden-text" tabIndex={-1}>Map</h1><Empty icon="map" title="No land in sight"><p>The library is empty; scan some music first.</p></Empty></>;
  return <Drawn map={data} groups={groups ?? none} />;
}

function Drawn({ map, groups }: { map: MapData; groups: Clusters }) {
  const [lasso, setLasso] = useState(false);
  const [hover, setHover] = useState<{ point: number; at: Point } | null>(null);
  const [picked, setPicked] = useState(-1);
  const [chosen, setChosen] = useState<number[]>([]);
  const [only, setOnly] = useState<number | null>(null);
  const holder = useRef<HTMLDivElement>(null);
  const way = by.value === "cluster" && !groups.clusters.length ? "genre" : by.value;
  const painted = useMemo(() => paint(map, groups, way, dark.value, only), [map, groups, way, dark.value, only]);
  const signs = useMemo(() => (way === "cluster" ? signsOf(map, groups) : []), [map, groups, way]);
  const place = useMemo(() => new Map(map.ids.map((id, i) => [id, i])), [map]);
  const marked = place.get(player.now.value?.id ?? "") ?? -1;
  const label = (i: number) => `${map.titles[i]}${map.artists[i] ? ` by ${map.artists[i]}` : ""}`;
  const fit = () => (holder.current?.querySelector(".scatter") as unknown as { fit: () => void } | null)?.fit();
  return (
    <div class="map" ref={holder}>
      <h1 class="hidden-text" tabIndex={-1}>Map of {count(map.ids.length, "track")}</h1>
      <Scatter x={map.x} y={map.y} colours={painted.colours} signs={signs} marked={marked} picked={picked} chosen={chosen}
        lasso={lasso} label={`Map of ${count(map.ids.length, "track")}. Arrow keys move, plus and minus zoom, Enter picks what is in the middle.`}
        describe={label} onHover={(point, at) => setHover(at ? { point, at } : null)}
        onPick={(point) => (setPicked(point), setChosen([]))} onLasso={(points) => (setChosen(points), setPicked(-1), setLasso(false))} />
      <div class="map-tools">
        <Segments label="Colour by" value={way} onPick={(value) => ((by.value = value), setOnly(null))}
          options={[...(groups.clusters.length ? [["cluster", "Group"] as const] : []), ["genre", "Genre"], ["year", "Year"]]} />
        <span class="map-buttons">
          <IconButton icon="lasso" label="Lasso: draw around tracks" pressed={lasso} onClick={() => setLasso(!lasso)} />
          <IconButton icon="fit" label="Show everything" onClick={fit} />
        </span>
      </div>
      <Legend entries={painted.legend} only={only} onOnly={setOnly} />
      {hover && hover.point !== picked && <Tip text={[map.titles[hover.point] ?? "", map.artists[hover.point] ?? ""]} id={map.ids[hover.point] ?? ""} at={hover.at} />}
      {picked >= 0 && <Picked id={map.ids[picked] ?? ""} onClose={() => setPicked(-1)} />}
      {chosen.length > 0 && <Chosen ids={chosen.map((i) => map.ids[i] ?? "")} onClose={() => setChosen([])} />}
    </div>
  );
}

function Tip({ text, id, at }: { text: [string, string]; id: string; at: Point }) {
  const tip = useRef<HTMLDivElement>(null);
  useEffect(() => tip.current?.style.setProperty("transform", `translate(${at[0]}px, ${at[1]}px) translate(-50%, calc(-100% - 16px))`), [at]);
  return (
    <div ref={tip} class="tip" aria-hidden="true">
      <Cover id={id} size={40} />
      <span class="row-name"><span class="clip">{text[0]}</span><span class="clip quiet">{text[1]}</span></span>
    </div>
  );
}

function Picked({ id, onClose }: { id: string; onClose: () => void }) {
  const { data } = useLoad((stop) => api.track(id, stop), [id]);
  const track: Track | undefined = data?.track;
  return (
    <section class="map-card" aria-label="Picked track">
      <Cover id={id} size={72} />
      <div class="row-name">
        <a class="clip row-title" href={`/track/${encodeURIComponent(id)}`}>{track?.title ?? "…"}</a>
        <span class="clip quiet">{track?.artist}</span>
        <span class="map-card-actions">
          <button type="button" class="button small main" disabled={!track} onClick={() => track && player.playTracks([track])}><Icon name="play" size={16} />Play</button>
          <button type="button" class="button small" disabled={!track} onClick={() => track && plant(track)}><Icon name="blend" size={16} />Sounds like</button>
        </span>
      </div>
      <IconButton icon="close" label="Close" onClick={onClose} small />
    </section>
  );
}

const MOST = 500; // tracks of one lasso that become a list

function Chosen({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const wanted = ids.slice(0, MOST);
  const { data, error } = useLoad((stop) => api.tracksOf(wanted, stop), [ids]);
  return (
    <section class="map-card lassoed" aria-label="Tracks inside the lasso">
      <div class="row-name">
        <h2>{count(ids.length, "track")}{ids.length > MOST && `, the first ${MOST} of them`}</h2>
        {error && <p class="bad">{error.message}</p>}
        {data && <TracksBar tracks={data} name="A corner of the map" />}
      </div>
      <IconButton icon="close" label="Let go" onClick={onClose} small />
    </section>
  );
}
