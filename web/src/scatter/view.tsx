import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useSize } from "../hooks";
import { around, between, panned, toData, toPixels, zoomed, scaleOf, type Camera } from "./camera";
import { cloud, pointSize, type Cloud } from "./cloud";
import { inside, places, type Point } from "./places";
import { plainCloud } from "./plain";

export interface Sign {
  x: number;
  y: number;
  text: string;
}

interface ScatterProps {
  x: readonly number[];
  y: readonly number[];
  colours: Uint8Array; // rgba of each point
  signs: readonly Sign[];
  marked: number; // the point that plays; -1 where none does
  picked: number;
  chosen: readonly number[];
  lasso: boolean; // dragging draws a line instead of moving the map
  label: string;
  describe: (point: number) => string;
  onHover: (point: number, at: Point | null) => void;
  onPick: (point: number) => void;
  onLasso: (points: number[]) => void;
}

const REACH = 14; // px from the pointer to a point

/** Points to look around in: drag, wheel, pinch, arrow keys and + and −; a lasso with Shift or by ``lasso``. */
export function Scatter(props: ScatterProps) {
  const { x, y, colours } = props;
  const { ref: box, width, height } = useSize<HTMLDivElement>();
  const points = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<Cloud | null>(null);
  const camera = useRef<Camera | null>(null);
  const line = useRef<Point[]>([]);
  const hovered = useRef(-1);
  const frame = useRef(0);
  const latest = useRef(props);
  latest.current = props;
  const size = useRef({ width, height });
  size.current = { width, height };
  const [said, setSaid] = useState("");
  const grid = useMemo(() => places(x, y), [x, y]);

  const eye = () => (camera.current ??= around(x, y, size.current));
  const redraw = () => {
    if (frame.current) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      if (!size.current.width) return;
      drawn.current?.draw(eye(), size.current);
      if (over.current) overlay(over.current, latest.current, eye(), size.current, line.current, hovered.current);
    });
  };
  useEffect(() => {
    const canvas = points.current;
    if (!canvas) return;
    drawn.current = cloud(canvas, x, y) ?? plainCloud(canvas, x, y);
    return () => drawn.current?.free();
  }, [x, y]);
  useEffect(() => (drawn.current?.setColours(colours), redraw()), [colours, x]);
  useEffect(redraw, [width, height, props.marked, props.picked, props.chosen, props.signs]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  const move = (to: Camera) => ((camera.current = to), redraw());
  const travel = (to: Camera) => {
    const [from, began] = [eye(), performance.now()];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 320;
    const step = (now: number) => {
      const t = Math.min(1, (now - began) / calm);
      move(between(from, to, 1 - (1 - t) ** 3));
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  };
  const near = (px: number, py: number) => {
    const [dx, dy] = toData(eye(), size.current, px, py);
    return grid.nearest(dx, dy, REACH / scaleOf(eye(), size.current));
  };
  const hover = (index: number) => {
    if (index === hovered.current) return;
    hovered.current = index;
    latest.current.onHover(index, index < 0 ? null : toPixels(eye(), size.current, x[index]!, y[index]!));
    redraw();
  };

  const fingers = useRef(new Map<number, Point>());
  const gesture = useRef({ far: 0, drawing: false });
  const here = (event: PointerEvent | WheelEvent): Point => {
    const bounds = box.current!.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  const down = (event: PointerEvent) => {
    box.current?.setPointerCapture(event.pointerId);
    fingers.current.set(event.pointerId, here(event));
    const drawing = fingers.current.size === 1 && (latest.current.lasso || event.shiftKey);
    gesture.current = { far: 0, drawing };
    line.current = drawing ? [here(event)] : [];
    hover(-1);
  };
  const drag = (event: PointerEvent) => {
    const at = here(event);
    const before = fingers.current.get(event.pointerId);
    if (!before) return hover(event.pointerType === "mouse" ? near(...at) : -1);
    const [dx, dy] = [at[0] - before[0], at[1] - before[1]];
    gesture.current.far += Math.hypot(dx, dy);
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, at);
    if (other) {
      const factor = Math.hypot(at[0] - other[0], at[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
      move(zoomed(panned(eye(), size.current, dx / 2, dy / 2), size.current, factor, (at[0] + other[0]) / 2, (at[1] + other[1]) / 2));
    } else if (gesture.current.drawing) {
      const last = line.current.at(-1);
      if (!last || Math.hypot(at[0] - last[0], at[1] - last[1]) > 3) line.current.push(at);
      redraw();
    } else if (gesture.current.far > 4) move(panned(eye(), size.current, dx, dy));
  };
  const up = (event: PointerEvent) => {
    if (!fingers.current.delete(event.pointerId)) return;
    if (gesture.current.drawing && line.current.length > 2) {
      const outline = line.current.map(([px, py]) => toData(eye(), size.current, px, py));
      latest.current.onLasso(inside(outline, x, y));
    } else if (gesture.current.far <= 4 && event.type === "pointerup") latest.current.onPick(near(...here(event)));
    line.current = [];
    gesture.current.drawing = false;
    redraw();
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const by = event.deltaY * (event.deltaMode ? 30 : 1);
    move(zoomed(eye(), size.current, Math.exp(-by * 0.0016), ...here(event)));
    hover(-1);
  };
  const steer = (event: KeyboardEvent) => {
    const { width: w, height: h } = size.current;
    const step = { ArrowLeft: [70, 0], ArrowRight: [-70, 0], ArrowUp: [0, 70], ArrowDown: [0, -70] }[event.key];
    const factor = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
    if (event.shiftKey && step) return;
    if (step) move(panned(eye(), size.current, step[0]!, step[1]!));
    else if (factor) move(zoomed(eye(), size.current, factor, w / 2, h / 2));
    else if (event.key === "0") travel(around(x, y, size.current));
    else if (event.key === "Enter") return latest.current.onPick(hovered.current);
    else return;
    event.preventDefault();
    const [cx, cy] = toData(eye(), size.current, w / 2, h / 2);
    const index = grid.nearest(cx, cy, 2);
    hover(index);
    if (index >= 0) setSaid(latest.current.describe(index));
  };
  useEffect(() => {
    const element = box.current;
    element?.addEventListener("wheel", wheel, { passive: false });
    return () => element?.removeEventListener("wheel", wheel);
  }, [grid]);
  useEffect(() => {
    if (box.current) Object.assign(box.current, { fit: () => travel(around(x, y, size.current)) });
  }, []);
  return (
    <div ref={box} class={`scatter ${props.lasso ? "lasso" : ""}`} role="application" tabIndex={0} aria-label={props.label}
      aria-roledescription="map" onPointerDown={down} onPointerMove={drag} onPointerUp={up} onPointerCancel={up}
      onPointerLeave={() => hover(-1)} onDblClick={(event) => travel(zoomed(eye(), size.current, 2.5, event.offsetX, event.offsetY))}
      onKeyDown={steer} data-points={x.length}>
      <canvas ref={points} class="scatter-points" aria-hidden="true" />
      <canvas ref={over} class="scatter-over" aria-hidden="true" />
      <span class="hidden-text" role="status">{said}</span>
    </div>
  );
}

/** What changes often and is little: names, rings, the lasso. */
function overlay(canvas: HTMLCanvasElement, props: ScatterProps, camera: Camera, size: { width: number; height: number }, line: readonly Point[], hovered: number): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const ratio = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [size.width * ratio, size.height * ratio];
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(name);
  const radius = pointSize(props.x.length, camera, size) / 2;
  const ring = (index: number, stroke: string, more: number, wide: number) => {
    if (index < 0) return;
    const [px, py] = toPixels(camera, size, props.x[index]!, props.y[index]!);
    pen.beginPath();
    pen.arc(px, py, radius + more, 0, 2 * Math.PI);
    pen.strokeStyle = stroke;
    pen.lineWidth = wide;
    pen.stroke();
  };
  pen.globalAlpha = 0.8;
  for (const index of props.chosen.slice(0, 3000)) ring(index, colour("--ink"), 1.5, 1);
  pen.globalAlpha = 1;
  ring(props.marked, colour("--accent-bright"), 6, 2.5);
  ring(props.picked, colour("--ink"), 4, 2);
  ring(hovered, colour("--ink"), 3, 1.5);
  write(pen, props.signs.map(({ x, y, text }) => [...toPixels(camera, size, x, y), text] as const), style);
  if (line.length > 1) {
    pen.beginPath();
    line.forEach(([px, py], i) => (i ? pen.lineTo(px, py) : pen.moveTo(px, py)));
    pen.closePath();
    pen.fillStyle = colour("--accent-bright");
    pen.globalAlpha = 0.12;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = colour("--accent-bright");
    pen.lineWidth = 2;
    pen.stroke();
  }
}

/** Names where they do not cover one that is written already. */
function write(pen: CanvasRenderingContext2D, signs: readonly (readonly [number, number, string])[], style: CSSStyleDeclaration): void {
  pen.font = `600 13px ${style.fontFamily}`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = style.getPropertyValue("--paper");
  pen.fillStyle = style.getPropertyValue("--ink");
  const taken: [number, number, number][] = [];
  for (const [px, py, text] of signs) {
    const half = pen.measureText(text).width / 2 + 6;
    if (taken.some(([x, y, other]) => Math.abs(px - x) < half + other && Math.abs(py - y) < 18)) continue;
    taken.push([px, py, half]);
    pen.globalAlpha = 0.85;
    pen.strokeText(text, px, py);
    pen.globalAlpha = 1;
    pen.fillText(text, px, py);
  }
}
