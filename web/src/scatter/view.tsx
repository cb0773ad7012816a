import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useSize } from "../hooks";
import { fitAll, interpolate, panned, toData, toPixels, zoomed, scaleOf, type Camera } from "./camera";
import { drawOverlay, type Overlay } from "./overlay";
import { webglRenderer, type PointRenderer } from "./webgl";
import { pointsInside, pointGrid, type Point } from "./grid";
import { canvasRenderer } from "./canvas";

interface ScatterProps extends Overlay {
  colors: Uint8Array; // rgba of each point
  lasso: boolean; // dragging selects instead of moving the map
  label: string;
  describe: (point: number) => string;
  onHover: (point: number, at: Point | null) => void;
  onPick: (point: number) => void;
  onLasso: (points: number[]) => void;
  onEscape: () => void;
}

const CLOSE = 6; // zoom at which a track that was looked for is shown
const HIT_RADIUS = 14; // px from the pointer to a point

/** A scatter plot to explore: drag, wheel, pinch, arrow keys, + and −. Shift or ``lasso`` starts a lasso. */
export function Scatter(props: ScatterProps) {
  const { x, y, colors } = props;
  const { ref: holder, width, height } = useSize<HTMLDivElement>();
  const points = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const renderer = useRef<PointRenderer | null>(null);
  const camera = useRef<Camera | null>(null);
  const line = useRef<Point[]>([]);
  const hovered = useRef(-1);
  const frame = useRef(0);
  const latest = useRef(props);
  latest.current = props;
  const size = useRef({ width, height });
  size.current = { width, height };
  const [announcement, setAnnouncement] = useState("");
  const grid = useMemo(() => pointGrid(x, y), [x, y]);

  const currentCamera = () => (camera.current ??= fitAll(x, y, size.current));
  const redraw = () => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      if (!size.current.width) return;
      renderer.current?.draw(currentCamera(), size.current);
      if (overlay.current) drawOverlay(overlay.current, latest.current, currentCamera(), size.current, line.current, hovered.current, takenPlaces(holder.current));
    });
  };
  useEffect(() => {
    const canvas = points.current;
    if (!canvas) return;
    const start = () => {
      renderer.current = webglRenderer(canvas, x, y) ?? canvasRenderer(canvas, x, y);
      renderer.current.setColors(latest.current.colors);
      redraw();
    };
    const wait = (event: Event) => event.preventDefault(); // what the graphics card lost comes back
    start();
    canvas.addEventListener("webglcontextlost", wait);
    canvas.addEventListener("webglcontextrestored", start);
    return () => (canvas.removeEventListener("webglcontextlost", wait), canvas.removeEventListener("webglcontextrestored", start));
  }, [x, y]);
  useEffect(() => () => renderer.current?.free(), []); // not for other points: a canvas has one context for ever
  useEffect(() => (renderer.current?.setColors(colors), redraw()), [colors, x]);
  useEffect(redraw, [width, height, props.playing, props.selected, props.lassoed, props.captions, props.paths, props.coverOf]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const move = (to: Camera) => ((camera.current = to), redraw());
  const animateTo = (to: Camera) => {
    const [from, began] = [currentCamera(), performance.now()];
    const duration_ms = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 320;
    const step = (now: number) => {
      const t = Math.min(1, (now - began) / duration_ms);
      move(interpolate(from, to, 1 - (1 - t) ** 3));
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };
  const pointAt = (px: number, py: number) => {
    const [dx, dy] = toData(currentCamera(), size.current, px, py);
    return grid.nearest(dx, dy, HIT_RADIUS / scaleOf(currentCamera(), size.current));
  };
  const hover = (index: number) => {
    if (index === hovered.current) return;
    hovered.current = index;
    latest.current.onHover(index, index < 0 ? null : toPixels(currentCamera(), size.current, x[index]!, y[index]!));
    redraw();
  };

  const fingers = useRef(new Map<number, Point>());
  const gesture = useRef({ far: 0, drawing: false });
  const position = (event: PointerEvent | WheelEvent): Point => {
    const bounds = holder.current!.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  const down = (event: PointerEvent) => {
    holder.current?.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, position(event));
    const drawing = fingers.current.size === 1 && (latest.current.lasso || event.shiftKey);
    gesture.current = { far: 0, drawing };
    line.current = drawing ? [position(event)] : [];
    hover(-1);
  };
  const drag = (event: PointerEvent) => {
    const at = position(event);
    const before = fingers.current.get(event.pointerId);
    if (!before) return hover(event.pointerType === "mouse" ? pointAt(...at) : -1);
    const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
    gesture.current.far += Math.hypot(dx, dy);
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, at);
    if (other) {
      const factor = Math.hypot(at[0] - other[0], at[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
      move(zoomed(panned(currentCamera(), size.current, dx / 2, dy / 2), size.current, factor, (at[0] + other[0]) / 2, (at[1] + other[1]) / 2));
    } else if (gesture.current.drawing) {
      const last = line.current.at(-1);
      if (!last || Math.hypot(at[0] - last[0], at[1] - last[1]) > 3) line.current.push(at);
      redraw();
    } else if (gesture.current.far > 4) move(panned(currentCamera(), size.current, dx, dy));
  };
  const up = (event: PointerEvent) => {
    if (!fingers.current.delete(event.pointerId)) return;
    if (gesture.current.drawing && line.current.length > 2) {
      const outline = line.current.map(([px, py]) => toData(currentCamera(), size.current, px, py));
      latest.current.onLasso(pointsInside(outline, x, y));
    } else if (gesture.current.far <= 4 && event.type === "pointerup") latest.current.onPick(pointAt(...position(event)));
    line.current = [];
    gesture.current.drawing = false;
    redraw();
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const by = event.deltaY * (event.deltaMode ? 30 : 1);
    move(zoomed(currentCamera(), size.current, Math.exp(-by * 0.0016), ...position(event)));
    hover(-1);
  };
  const handleKey = (event: KeyboardEvent) => {
    const { width: w, height: h } = size.current;
    const step = { ArrowLeft: [70, 0], ArrowRight: [-70, 0], ArrowUp: [0, 70], ArrowDown: [0, -70] }[event.key];
    const factor = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
    if (event.shiftKey && step) return;
    if (step) move(panned(currentCamera(), size.current, step[0]!, step[1]!));
    else if (factor) move(zoomed(currentCamera(), size.current, factor, w / 2, h / 2));
    else if (event.key === "0") animateTo(fitAll(x, y, size.current));
    else if (event.key === "Escape") (line.current = []), latest.current.onEscape(), redraw();
    else if (event.key === "Enter") return latest.current.onPick(hovered.current);
    else return;
    event.preventDefault();
    const [cx, cy] = toData(currentCamera(), size.current, w / 2, h / 2);
    const index = grid.nearest(cx, cy, 2);
    hover(index);
    if (index >= 0) setAnnouncement(latest.current.describe(index));
  };
  useEffect(() => {
    const element = holder.current;
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, [grid]);
  useEffect(() => {
    const goTo = (index: number) => animateTo({ x: x[index]!, y: y[index]!, zoom: Math.max(CLOSE, currentCamera().zoom) });
    if (holder.current) Object.assign(holder.current, { fit: () => animateTo(fitAll(x, y, size.current)), goTo });
  }, [x, y]);
  return (
    <div ref={holder} class={`scatter ${props.lasso ? "lasso" : ""}`} role="application" tabIndex={0} aria-label={props.label}
      aria-roledescription="map" onPointerDown={down} onPointerMove={drag} onPointerUp={up} onPointerCancel={up}
      onPointerLeave={() => hover(-1)} onDblClick={(event) => animateTo(zoomed(currentCamera(), size.current, 2.5, event.offsetX, event.offsetY))}
      onKeyDown={handleKey} data-points={x.length}>
      <canvas ref={points} class="scatter-points" aria-hidden="true" />
      <canvas ref={overlay} class="scatter-over" aria-hidden="true" />
      <span class="hidden-text" role="status">{announcement}</span>
    </div>
  );
}

/** Where the legend and the tools stand, in pixels of the map: names keep clear of them. */
function takenPlaces(holder: HTMLElement | null) {
  const own = holder?.getBoundingClientRect();
  if (!own) return [];
  return [...(holder?.parentElement?.querySelectorAll(".legend, .map-tools > *, .tabs") ?? [])].map((element) => {
    const box = element.getBoundingClientRect();
    return { left: box.left - own.left, top: box.top - own.top, right: box.right - own.left, bottom: box.bottom - own.top };
  });
}
