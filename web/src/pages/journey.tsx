import { signal } from "@preact/signals";
import * as api from "../api";
import { Cover, EmptyState, Grip, LoadError, PageHeader, IconButton, LoadingRows } from "../components/common";
import { Icon } from "../components/icons";
import { Menu, moveChoices } from "../components/menu";
import { Matches } from "../components/recommendations";
import { TrackPicker } from "../components/trackpicker";
import { TracksBar } from "../components/tracksbar";
import { linkTo } from "../components/trackrow";
import { dragOnto } from "../dragsort";
import { beginDrag, dropTarget, endDrag } from "../dragtracks";
import { useLoad, useSize } from "../hooks";
import { route, setQuery } from "../router";
import * as player from "../player";
import type { JourneyStop, Track } from "../types";

const MOST_STOPS = 5;

export function JourneyPage() {
  const query = route.value.query;
  const [from, to] = [query.get("from"), query.get("to")];
  const k = Number(query.get("k")) || 12;
  const change = (name: string, value: string | null) => {
    const next = new URLSearchParams(query);
    if (value === null) next.delete(name);
    else next.set(name, value);
    setQuery(next);
  };
  const via = query.getAll("via");
  const changeVia = (stops: string[], ends: [string | null, string | null] = [from, to]) => {
    const next = new URLSearchParams(query);
    next.delete("via");
    stops.forEach((stop) => next.append("via", stop));
    for (const [name, id] of [["from", ends[0]], ["to", ends[1]]] as const) if (id) next.set(name, id);
    setQuery(next);
  };
  const move = (place: number, target: number) => {
    const stops = [from, ...via, to];
    if (target < 0 || target >= stops.length || stops.includes(null)) return;
    stops.splice(target, 0, ...stops.splice(place, 1));
    changeVia(stops.slice(1, -1) as string[], [stops[0] as string, stops.at(-1) as string]);
    requestAnimationFrame(() => document.querySelectorAll<HTMLElement>(".journey-end-track .row-title")[target]?.focus());
  };
  const moves = (place: number) => (from && to ? { place, last: via.length + 1, move } : undefined);
  const { data, error, retry } = useLoad(
    async (stop) => (from && to ? api.journey(from, to, via, Math.max(k, via.length + 2), stop) : null), [from, to, via.join(), k],
  );
  // Stops keep the order in which the journey passes them.
  const inOrder = (stops: string[]) => stops.sort((a, b) => placeOf(a) - placeOf(b));
  const placeOf = (id: string) => data?.matches.findIndex((match) => match.track.id === id) ?? -1;
  const [first, last] = [data?.matches[0]?.track, data?.matches.at(-1)?.track];
  return (
    <>
      <PageHeader title="Journey" lead="Go from one track to another in small steps, with stops on the way if you like. Each bar says how similar a track is to the one before." />
      <div class="journey-ends">
        <End label="From" id={from} order={moves(0)} onPick={(track) => change("from", track.id)} onClear={() => change("from", null)} />
        {via.map((id, i) => (
          <End key={i} label={`Via ${i + 1}`} id={id} order={moves(i + 1)} onPick={(track) => changeVia(via.map((old, j) => (j === i ? track.id : old)))} onClear={() => changeVia(via.filter((_, j) => j !== i))} />
        ))}
        {from && to && via.length < MOST_STOPS && (
          <End key="new" label="Via" id={null} onPick={(track) => changeVia([...via.filter((id) => id !== track.id), track.id])} onClear={() => undefined} />
        )}
        <End label="To" id={to} order={moves(via.length + 1)} onPick={(track) => change("to", track.id)} onClear={() => change("to", null)} />
        <label class="labelled short"><span>Length <b class="num">{k}</b></span>
          <input class="range" type="range" min={3} max={40} value={k} onChange={(event) => change("k", event.currentTarget.value)} />
        </label>
      </div>
      {error ? <LoadError error={error} retry={retry} /> : !from || !to ? (
        <EmptyState icon="journey" title="Pick two tracks"><p>Choose where the journey starts and where it ends.</p></EmptyState>
      ) : !data ? <LoadingRows n={6} label="Planning the journey" /> : (
        <section class="results" aria-label="Journey">
          <Path matches={data.matches} />
          {first && last && (
            <TracksBar tracks={data.matches.map((match) => match.track)} name={`${first.title} to ${last.title}`}>
              <a class="button" href={`/map?path=${data.matches.map((match) => match.track.id).join(",")}`}><Icon name="map" size={18} />Show on the map</a>
            </TracksBar>
          )}
          <Matches matches={data.matches} seed={first} label="Stops of the journey" more={(track) => (
            [from, to, ...via].includes(track.id) || via.length >= MOST_STOPS ? [] : [{ icon: "plus", text: "Make this a stop", run: () => changeVia(inOrder([...via, track.id])) }]
          )} />
          {data.left_out.length > 0 && <p class="quiet note">Left out: {data.left_out.map((one) => one.text).join(", ")}.</p>}
          {data.shortfall && <p class="quiet note">{data.shortfall}</p>}
        </section>
      )}
    </>
  );
}

interface EndProps {
  label: string;
  id: string | null;
  onPick: (track: Track) => void;
  onClear: () => void;
  order?: Order | undefined; // where the stop can be moved
}

interface Order {
  place: number;
  last: number;
  move: (place: number, target: number) => void;
}

const dragged = signal<number | null>(null); // the place of a stop on the way to another

/** Drag a stop to another's place, or any track onto it; Alt with an arrow moves it, too. */
function moving(order: Order | undefined, track: Track | null | undefined, onPick: (track: Track) => void) {
  const drop = dropTarget((tracks) => {
    if (dragged.value === null) return tracks[0] && onPick(tracks[0]);
    if (order) order.move(dragged.value, order.place);
  });
  if (!order || !track) return drop;
  const step = (event: KeyboardEvent) => {
    const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (!by || !event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    order.move(order.place, order.place + by);
  };
  const begin = (event: DragEvent) => ((dragged.value = order.place), beginDrag(event, [track]));
  return { ...drop, draggable: true, onKeyDown: step, onDragStart: begin, onDragEnd: () => ((dragged.value = null), endDrag()) };
}

const movesOf = ({ place, last, move }: Order) => moveChoices(place > 0, place < last, (by) => move(place, place + by), ["Move earlier", "Move later"]);
const STOP = ".journey-end[data-place]";

/** Drag the stop itself, with a finger too, to another's place. */
function dragStop(event: PointerEvent, grip: HTMLElement, order: Order): void {
  dragOnto(event, grip.closest<HTMLElement>(STOP)!, STOP, (other) => order.move(order.place, Number(other.dataset["place"])));
}

function End({ label, id, onPick, onClear, order }: EndProps) {
  const { data } = useLoad(async (stop) => (id ? (await api.track(id, stop)).track : null), [id]);
  return (
    <div class="journey-end" data-place={data ? order?.place : undefined} {...moving(order, data, onPick)}>
      <h2>{label}</h2>
      {!id ? <TrackPicker label={label} placeholder="Search for a track" onPick={onPick} /> : (
        <div class="journey-end-track">
          {order && data && <Grip onPress={(event, grip) => dragStop(event, grip, order)} />}
          <Cover id={id} size={56} />
          <span class="row-name">
            {data && <a class="clip row-title" href={linkTo(data)} aria-keyshortcuts={order && "Alt+ArrowUp Alt+ArrowDown"}>{data.title}</a>}
            <span class="clip quiet">{data?.artist}</span>
          </span>
          {order && <Menu label={`Move ${label.toLowerCase()}`} choices={() => movesOf(order)} />}
          <IconButton icon="close" label={`Change ${label.toLowerCase()}`} onClick={onClear} small />
        </div>
      )}
    </div>
  );
}

const HEIGHT = 132; // px
const SIDE = 28; // px from the edges to the centers of covers

/** The stops as covers on a line whose height is the similarity to the stop before; the longest step is marked. */
function Path({ matches }: { matches: readonly JourneyStop[] }) {
  const { ref, width } = useSize<HTMLDivElement>();
  const space = (width - 2 * SIDE) / Math.max(1, matches.length - 1);
  const coverSize = Math.min(40, Math.max(18, space - 6));
  const steps = matches.slice(1).map((match) => match.step ?? 1);
  const lowest = Math.min(...steps);
  const weakest = steps.indexOf(lowest) + 1;
  const heightOf = (step: number) => SIDE + ((1 - step) / Math.max(0.05, 1 - lowest)) * (HEIGHT - 2 * SIDE);
  const points = matches.map((_, i) => ({ x: SIDE + i * space, y: heightOf(steps[Math.max(0, i - 1)] ?? 1) }));
  const curve = points.map((point, i) => {
    const before = points[i - 1];
    if (!before) return `M${point.x} ${point.y}`;
    const middle = (before.x + point.x) / 2;
    return `C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
  }).join("");
  return (
    <div ref={ref} class="journey-path">
      <svg width={width} height={HEIGHT} aria-hidden="true">
        <path key={curve} pathLength={1} d={curve} />
        {steps.length > 1 && points[weakest] && <text x={Math.min(width - 60, Math.max(60, points[weakest].x - space / 2))} y={14} text-anchor="middle">longest step</text>}
      </svg>
      <ol>
        {matches.map(({ track }, i) => (
          <li key={track.id} ref={(li) => placeStop(li, points[i], coverSize)}>
            <button type="button" onClick={() => player.playTracks(matches.map((match) => match.track), i)} title={track.title}
              aria-label={`Play stop ${i + 1}, ${track.title}`}>
              <Cover id={track.id} size={40} shown={40} />
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

function placeStop(element: HTMLElement | null, point: { x: number; y: number } | undefined, coverSize: number): void {
  if (!element || !point) return;
  element.style.setProperty("--cover-size", `${coverSize}px`);
  element.style.transform = `translate(${point.x - coverSize / 2}px, ${point.y - coverSize / 2}px)`;
}
