/** The visible part of the map: converts data coordinates to canvas pixels and back. */

export interface Camera {
  readonly x: number; // data coordinates of the canvas center
  readonly y: number;
  readonly zoom: number; // 1 shows [-1, 1] along the shorter side
}

export interface Size {
  width: number; // px
  height: number;
}

const [TOP, BOTTOM, SIDES] = [136, 40, 48]; // px at the edges, for the controls
const MIN_ZOOM = 0.6;
const MAX_ZOOM = 400;

/** The camera that shows all points, with room for the controls at the edges. */
export function fitAll(x: ArrayLike<number>, y: ArrayLike<number>, size: Size): Camera {
  const [left, right] = extent(x);
  const [low, high] = extent(y);
  const pixels = Math.min((size.width - 2 * SIDES) / Math.max(right - left, 0.02), (size.height - TOP - BOTTOM) / Math.max(high - low, 0.02));
  const zoom = clamp((2 * pixels) / Math.max(1, Math.min(size.width, size.height)), MIN_ZOOM, 40);
  const camera = { x: (left + right) / 2, y: (low + high) / 2, zoom };
  return { ...camera, y: camera.y + (TOP - BOTTOM) / 2 / Math.max(1, scaleOf(camera, size)) };
}

function extent(values: ArrayLike<number>): [number, number] {
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) [min, max] = [Math.min(min, values[i]!), Math.max(max, values[i]!)];
  return values.length ? [min, max] : [-1, 1];
}

/** Pixels per data unit. */
export const scaleOf = (camera: Camera, size: Size) => (Math.min(size.width, size.height) / 2) * camera.zoom;

export function toPixels(camera: Camera, size: Size, x: number, y: number): [number, number] {
  const scale = scaleOf(camera, size);
  return [size.width / 2 + (x - camera.x) * scale, size.height / 2 - (y - camera.y) * scale];
}

export function toData(camera: Camera, size: Size, px: number, py: number): [number, number] {
  const scale = scaleOf(camera, size);
  return [camera.x + (px - size.width / 2) / scale, camera.y - (py - size.height / 2) / scale];
}

export function panned(camera: Camera, size: Size, dx: number, dy: number): Camera {
  const scale = scaleOf(camera, size);
  return { ...camera, x: clamp(camera.x - dx / scale, -1.5, 1.5), y: clamp(camera.y + dy / scale, -1.5, 1.5) };
}

/** Zoom by a factor around a pixel, which keeps its place. */
export function zoomed(camera: Camera, size: Size, factor: number, px: number, py: number): Camera {
  const zoom = clamp(camera.zoom * factor, MIN_ZOOM, MAX_ZOOM);
  const [x, y] = toData(camera, size, px, py);
  const ratio = camera.zoom / zoom;
  return { zoom, x: x + (camera.x - x) * ratio, y: y + (camera.y - y) * ratio };
}

export const interpolate = (a: Camera, b: Camera, t: number): Camera => ({
  x: a.x + (b.x - a.x) * t,
  y: a.y + (b.y - a.y) * t,
  zoom: a.zoom * (b.zoom / a.zoom) ** t,
});

const clamp = (value: number, min: number, max: number) => Math.min(max, Math.max(min, value));
