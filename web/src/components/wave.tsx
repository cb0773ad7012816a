import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { useLoad, useSize } from "../hooks";
import { clock } from "../format";
import { dark } from "../preferences";

interface WaveProps {
  peaks: readonly number[];
  share: number; // already played, 0..1
  length: number; // s
  label: string;
  onSeek: (time: number) => void;
  fromBottom?: boolean; // bars start at the bottom edge instead of the middle
}

const STEP = 4; // px between bars
const BAR = 2.5;

/** A waveform that seeks: click, drag or use the arrow keys. */
export function Wave({ peaks, share, length, label, onSeek, fromBottom = false }: WaveProps) {
  const { ref, width, height } = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const hover = useRef<number | null>(null);
  const draw = () => canvas.current && drawBars(canvas.current, { peaks, share, width, height, fromBottom, hover: hover.current });
  useEffect(() => void draw(), [peaks, share, width, height, fromBottom, dark.value]);

  const shareAt = (event: PointerEvent) => {
    const box = ref.current?.getBoundingClientRect();
    return box?.width ? Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) : 0;
  };
  const point = (event: PointerEvent) => {
    hover.current = event.type === "pointerleave" ? null : shareAt(event);
    if (event.buttons & 1 && event.type === "pointermove") onSeek(shareAt(event) * length);
    draw();
  };
  const press = (event: PointerEvent) => {
    ref.current?.setPointerCapture(event.pointerId);
    onSeek(shareAt(event) * length);
  };
  const handleKey = (event: KeyboardEvent) => {
    const time = share * length;
    const to = {
      ArrowRight: time + 5, ArrowLeft: time - 5, ArrowUp: time + 5, ArrowDown: time - 5,
      PageUp: time + length / 10, PageDown: time - length / 10, Home: 0, End: length - 1,
    }[event.key];
    if (to === undefined || event.shiftKey) return;
    event.preventDefault();
    onSeek(Math.min(length, Math.max(0, to)));
  };
  return (
    <div ref={ref} class="wave" role="slider" tabIndex={0} aria-label={label} aria-valuemin={0}
      aria-valuemax={Math.round(length)} aria-valuenow={Math.round(share * length)}
      aria-valuetext={`${clock(share * length)} of ${clock(length)}`}
      onPointerDown={press} onPointerMove={point} onPointerLeave={point} onKeyDown={handleKey}>
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  );
}

interface WaveDrawing {
  peaks: readonly number[];
  share: number;
  width: number;
  height: number;
  fromBottom: boolean;
  hover: number | null;
}

function drawBars(canvas: HTMLCanvasElement, { peaks, share, width, height, fromBottom, hover }: WaveDrawing): void {
  const pen = canvas.getContext("2d");
  if (!pen || !width || !height) return;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colors = { played: style.getPropertyValue("--accent-bright"), rest: style.getPropertyValue("--wave") };
  const bars = Math.max(1, Math.floor(width / STEP));
  for (let i = 0; i < bars; i++) {
    const tall = Math.max(2, loudest(peaks, i / bars, (i + 1) / bars) * (height - 2));
    const place = (i + 0.5) / bars;
    const ahead = hover !== null && place > share && place <= hover;
    pen.fillStyle = place <= share ? colors.played : colors.rest;
    pen.globalAlpha = ahead ? 0.55 : 1;
    pen.beginPath();
    pen.roundRect(i * STEP, fromBottom ? height - tall : (height - tall) / 2, BAR, tall, fromBottom ? [1.25, 1.25, 0, 0] : 1.25);
    pen.fill();
  }
}

/** The highest peak between two positions, each 0..1. */
function loudest(peaks: readonly number[], from: number, to: number): number {
  const first = Math.floor(from * peaks.length);
  let most = 0;
  for (let i = first; i < Math.max(first + 1, to * peaks.length); i++) most = Math.max(most, peaks[i] ?? 0);
  return most;
}

const peaksCache = new Map<string, readonly number[]>();

/** A track's peaks, cached. Empty until they are loaded. */
export function usePeaks(id: string | null): readonly number[] {
  const { data } = useLoad(async (stop) => {
    if (!id || api.isClip(id)) return { id, peaks: peaksCache.get(id ?? "") ?? [] };
    const peaks = peaksCache.get(id) ?? (await api.peaks(id, 800, stop));
    if (peaksCache.size > 200) peaksCache.clear();
    peaksCache.set(id, peaks);
    return { id, peaks };
  }, [id]);
  return data && data.id === id ? data.peaks : (peaksCache.get(id ?? "") ?? []);
}

export const rememberPeaks = (id: string, peaks: readonly number[]) => peaksCache.set(id, peaks);
