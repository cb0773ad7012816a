/** What is drawn over the points: names, covers, rings, lines, the lasso. */
import { toPixels, type Camera, type Size } from "./camera";
import type { Point } from "./grid";
import { pointSize } from "./webgl";

export interface Caption {
  x: number;
  y: number;
  text: string;
}

/** Points joined in an order: the queue, or a journey. */
export interface Path {
  points: readonly number[];
  kind: "queue" | "journey";
}

export interface Overlay {
  x: readonly number[];
  y: readonly number[];
  captions: readonly Caption[];
  paths: readonly Path[];
  playing: number;
  selected: number;
  lassoed: readonly number[];
  titleOf: (point: number) => string;
  coverOf: (point: number) => HTMLImageElement | null;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const NEAR = 40; // points in view, from which each shows its cover and title
const COVER = 44; // px

/** Draw it all; ``taken`` are places where other things stand, in pixels. */
export function drawOverlay(canvas: HTMLCanvasElement, overlay: Overlay, camera: Camera, size: Size, line: readonly Point[], hovered: number, taken: readonly Box[]): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const ratio = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [size.width * ratio, size.height * ratio];
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const color = (name: string) => style.getPropertyValue(name);
  const radius = pointSize(overlay.x.length, camera, size) / 2;
  const place = (index: number) => toPixels(camera, size, overlay.x[index]!, overlay.y[index]!);
  const ring = (index: number, stroke: string, more: number, wide: number) => {
    if (index < 0) return;
    pen.beginPath();
    pen.arc(...place(index), radius + more, 0, 2 * Math.PI);
    pen.strokeStyle = stroke;
    pen.lineWidth = wide;
    pen.stroke();
  };
  for (const path of overlay.paths) drawPath(pen, path.points.map(place), color(path.kind === "queue" ? "--accent-bright" : "--ink"), path.kind === "queue");
  pen.globalAlpha = 0.8;
  for (const index of overlay.lassoed.slice(0, 3000)) ring(index, color("--ink"), 1.5, 1);
  pen.globalAlpha = 1;
  const boxes = [...taken];
  drawNear(pen, overlay, place, size, style, boxes);
  ring(overlay.playing, color("--accent-bright"), 6, 2.5);
  ring(overlay.selected, color("--ink"), 4, 2);
  ring(hovered, color("--ink"), 3, 1.5);
  drawCaptions(pen, overlay.captions.map(({ x, y, text }) => [...toPixels(camera, size, x, y), text] as const), style, size, boxes);
  if (line.length > 1) drawLasso(pen, line, color("--accent-bright"));
}

function drawPath(pen: CanvasRenderingContext2D, points: readonly Point[], color: string, dashed: boolean): void {
  if (points.length < 2) return;
  pen.beginPath();
  points.forEach(([px, py], i) => (i ? pen.lineTo(px, py) : pen.moveTo(px, py)));
  pen.strokeStyle = color;
  pen.lineWidth = 2;
  pen.globalAlpha = 0.75;
  pen.setLineDash(dashed ? [6, 5] : []);
  pen.stroke();
  pen.setLineDash([]);
  pen.fillStyle = color;
  for (const [px, py] of points) {
    pen.beginPath();
    pen.arc(px, py, 3.5, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
}

/** Where few points are in view: their covers and titles, those that do not cover each other. */
function drawNear(pen: CanvasRenderingContext2D, overlay: Overlay, place: (index: number) => Point, size: Size, style: CSSStyleDeclaration, boxes: Box[]): void {
  const near: number[] = [];
  for (let i = 0; i < overlay.x.length; i++) {
    const [px, py] = place(i);
    if (px > 0 && py > 0 && px < size.width && py < size.height && near.push(i) > NEAR) return;
  }
  textStyle(pen, style, "500 12px");
  for (const i of near) {
    const [px, py] = place(i);
    const text = shorten(overlay.titleOf(i));
    const half = Math.max(COVER, pen.measureText(text).width) / 2 + 4;
    const box = { left: px - half, right: px + half, top: py - COVER / 2 - 4, bottom: py + COVER / 2 + 20 };
    if (!free(box, boxes)) continue;
    boxes.push(box);
    const cover = overlay.coverOf(i);
    if (cover) pen.drawImage(cover, px - COVER / 2, py - COVER / 2, COVER, COVER);
    writeText(pen, text, px, py + COVER / 2 + 14);
  }
}

const shorten = (text: string) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);
const free = (box: Box, boxes: readonly Box[]) =>
  !boxes.some((other) => box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top);

function textStyle(pen: CanvasRenderingContext2D, style: CSSStyleDeclaration, font: string): void {
  pen.font = `${font} ${style.fontFamily}`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = style.getPropertyValue("--paper");
  pen.fillStyle = style.getPropertyValue("--ink");
}

function writeText(pen: CanvasRenderingContext2D, text: string, px: number, py: number): void {
  pen.globalAlpha = 0.85;
  pen.strokeText(text, px, py);
  pen.globalAlpha = 1;
  pen.fillText(text, px, py);
}

/** Draw each caption that covers no other and nothing else; it moves up or down a little where that helps. */
function drawCaptions(pen: CanvasRenderingContext2D, captions: readonly (readonly [number, number, string])[], style: CSSStyleDeclaration, size: Size, boxes: Box[]): void {
  textStyle(pen, style, "600 13px");
  for (const [x, y, text] of captions) {
    if (x < 0 || y < 0 || x > size.width || y > size.height) continue;
    const half = pen.measureText(text).width / 2 + 6;
    const px = Math.min(size.width - half, Math.max(half, x)); // not cut off at the edges
    const box = [0, -20, 20, -40, 40, -60, 60].map((by) => ({ left: px - half, right: px + half, top: y + by - 14, bottom: y + by + 6 }))
      .find((one) => one.top > 0 && one.bottom < size.height && free(one, boxes));
    if (!box) continue;
    boxes.push(box);
    writeText(pen, text, px, box.bottom - 6);
  }
}

function drawLasso(pen: CanvasRenderingContext2D, line: readonly Point[], color: string): void {
  pen.beginPath();
  line.forEach(([px, py], i) => (i ? pen.lineTo(px, py) : pen.moveTo(px, py)));
  pen.closePath();
  pen.fillStyle = color;
  pen.globalAlpha = 0.12;
  pen.fill();
  pen.globalAlpha = 1;
  pen.strokeStyle = color;
  pen.lineWidth = 2;
  pen.stroke();
}
