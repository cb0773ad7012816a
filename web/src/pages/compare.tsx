import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { EmptyState, LoadError, PageHeader, LoadingRows } from "../components/common";
import { MapTabs } from "../components/tabs";
import { linkTo } from "../components/trackrow";
import { useDebounced, useLoad, useSize } from "../hooks";
import * as player from "../player";
import { dark } from "../preferences";
import { route, setQuery } from "../router";
import { seeds } from "../seeds";
import type { Matrix as MatrixData, Track } from "../types";

const MAX_TRACKS = 120; // tracks in one matrix
const REST_MS = 200; // of the pointer on a pair, before it is explained

/** The ids of the tracks in a queue, playlist, group or the library. */
async function trackIds(source: string, stop: AbortSignal): Promise<string[]> {
  if (source === "queue") return player.queue.peek().order.map((index) => player.queue.peek().tracks[index]?.id ?? "");
  if (source === "seeds") return seeds.peek().map((seed) => seed.id);
  if (source.startsWith("group-")) {
    return (await api.tracks({ where: { cluster: Number(source.slice(6)) }, limit: 40 }, stop)).tracks.map((track) => track.id);
  }
  if (source) return (await api.playlist(source, stop)).tracks.map((track) => track.id);
  const { tracks } = await api.tracks({ limit: 60 }, stop);
  return tracks.sort((a, b) => (a.cluster ?? 0) - (b.cluster ?? 0)).map((track) => track.id); // group by group
}

export function ComparePage() {
  const source = route.value.query.get("list") ?? "";
  const { data: lists } = useLoad(api.playlists, []);
  const { data: groups } = useLoad(api.clusters, []);
  const { data, error, retry } = useLoad(async (stop) => {
    const keys = [...new Set(await trackIds(source, stop))].filter((key) => key && !api.isClip(key)).slice(0, MAX_TRACKS);
    return keys.length > 1 ? api.matrix(keys, stop) : null;
  }, [source]);
  const pick = (value: string) => setQuery(new URLSearchParams(value ? { list: value } : {}));
  return (
    <>
      <PageHeader title="Compare" lead="How similar each track is to every other. Colored blocks along the diagonal are tracks that sound alike.">
        <select class="select" aria-label="Tracks to compare" value={source} onChange={(event) => pick(event.currentTarget.value)}>
          <option value="">First 60 tracks</option>
          <option value="queue">Queue</option>
          <option value="seeds">What “Similar” starts from</option>
          {lists?.playlists.map((head) => <option key={head.id} value={head.id}>{head.name}</option>)}
          {groups?.clusters.map((group) => <option key={group.number} value={`group-${group.number}`}>Group: {group.name}</option>)}
        </select>
      </PageHeader>
      <MapTabs />
      {error ? <LoadError error={error} retry={retry} /> : data === undefined ? <LoadingRows label="Comparing" /> : data === null ? (
        <EmptyState icon="compare" title="Nothing to compare"><p>Choose a list with at least two tracks.</p></EmptyState>
      ) : <Matrix data={data} key={data.tracks.map((track) => track.id).join()} />}
    </>
  );
}

function Matrix({ data }: { data: MatrixData }) {
  const { ref, width } = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState(() => mostSimilarPair(data.scores));
  const n = data.tracks.length;
  const side = Math.min(width, 760);
  useEffect(() => {
    if (canvas.current && side) drawMatrix(canvas.current, side, data.scores, at);
  }, [side, data, at, dark.value]);
  const point = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    const cell = (offset: number) => Math.min(n - 1, Math.max(0, Math.floor((offset / box.width) * n)));
    setAt([cell(event.clientY - box.top), cell(event.clientX - box.left)]);
  };
  const handleKey = (event: KeyboardEvent) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || event.shiftKey) return;
    event.preventDefault();
    setAt([(at[0] + step[0]! + n) % n, (at[1] + step[1]! + n) % n]);
  };
  const [a, b] = [data.tracks[at[0]], data.tracks[at[1]]];
  return (
    <div class="compare">
      <div ref={ref} class="compare-squares" role="application" tabIndex={0} aria-label={`Similarity of ${n} tracks. Arrow keys move.`} onKeyDown={handleKey}>
        <canvas ref={canvas} onPointerMove={point} onPointerDown={point} aria-hidden="true" />
      </div>
      {a && b && (
        <div class="compare-pair" role="status">
          <p><a href={linkTo(a)}>{a.title}</a><br /><span class="quiet">{a.artist}</span></p>
          <p><a href={linkTo(b)}>{b.title}</a><br /><span class="quiet">{b.artist}</span></p>
          <button type="button" class="button small" onClick={() => player.playTracks([a, b])}>Play both</button>
          {a.id !== b.id && <Alike a={a} b={b} />}
        </div>
      )}
    </div>
  );
}

/** How alike two tracks are, and why, once they have been chosen for a moment. */
function Alike({ a, b }: { a: Track; b: Track }) {
  const pair = useDebounced(`${a.id}\n${b.id}`, REST_MS);
  const { data, error } = useLoad(async (stop) => ({ pair, why: await api.why(...(pair.split("\n") as [string, string]), stop) }), [pair]);
  if (error) return <p class="bad">{error.message}</p>;
  return <p class="compare-why">{data?.pair === `${a.id}\n${b.id}` ? data.why.text : "…"}</p>;
}

/** The pair with the highest score. */
function mostSimilarPair(scores: readonly (readonly number[])[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  scores.forEach((row, i) => row.forEach((value, j) => {
    if (j > i && value > (scores[best[0]]?.[best[1]] ?? -1)) best = [i, j];
  }));
  return best;
}

function drawMatrix(canvas: HTMLCanvasElement, side: number, scores: readonly (readonly number[])[], at: readonly [number, number]): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = canvas.height = Math.round(side * ratio);
  canvas.style.width = canvas.style.height = `${side}px`;
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const [from, to, ink] = ["--sunk", "--accent-bright", "--ink"].map((name) => style.getPropertyValue(name));
  const cell = side / scores.length;
  const gap = cell > 8 ? 1 : 0;
  pen.fillStyle = from ?? "";
  pen.fillRect(0, 0, side, side);
  pen.fillStyle = to ?? "";
  scores.forEach((row, i) => row.forEach((value, j) => {
    pen.globalAlpha = Math.min(1, Math.max(0, value)) ** 1.4;
    pen.fillRect(j * cell, i * cell, cell - gap, cell - gap);
  }));
  pen.globalAlpha = 1;
  pen.strokeStyle = ink ?? "";
  pen.lineWidth = 1.5;
  pen.strokeRect(at[1] * cell, at[0] * cell, cell - gap, cell - gap);
}
