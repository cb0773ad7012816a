/** A grid of cells over the map's square, to find points by position. */

const CELLS = 160; // per side

export interface PointGrid {
  nearest: (x: number, y: number, within: number) => number; // -1 if there is none
}

const cellOf = (value: number) => Math.min(CELLS - 1, Math.max(0, Math.floor(((value + 1) / 2) * CELLS)));

export function pointGrid(x: ArrayLike<number>, y: ArrayLike<number>): PointGrid {
  const starts = new Uint32Array(CELLS * CELLS + 1);
  const cell = (i: number) => cellOf(x[i] as number) * CELLS + cellOf(y[i] as number);
  for (let i = 0; i < x.length; i++) starts[cell(i) + 1]!++;
  for (let c = 0; c < CELLS * CELLS; c++) starts[c + 1]! += starts[c]!;
  const filled = starts.slice();
  const points = new Uint32Array(x.length);
  for (let i = 0; i < x.length; i++) points[filled[cell(i)]!++] = i;

  return {
    nearest: (px, py, within) => {
      let [best, least] = [-1, within * within];
      for (let cx = cellOf(px - within); cx <= cellOf(px + within); cx++) {
        for (let cy = cellOf(py - within); cy <= cellOf(py + within); cy++) {
          for (let at = starts[cx * CELLS + cy]!; at < starts[cx * CELLS + cy + 1]!; at++) {
            const i = points[at]!;
            const distance = (x[i]! - px) ** 2 + (y[i]! - py) ** 2;
            if (distance <= least) [best, least] = [i, distance];
          }
        }
      }
      return best;
    },
  };
}

export type Point = readonly [number, number];

/** The points inside a closed line, by the even-odd rule. */
export function pointsInside(line: readonly Point[], x: ArrayLike<number>, y: ArrayLike<number>): number[] {
  if (line.length < 3) return [];
  const [xs, ys] = [line.map((point) => point[0]), line.map((point) => point[1])];
  const box = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)] as const;
  const enclosed: number[] = [];
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i]!, y[i]!];
    if (px < box[0] || px > box[1] || py < box[2] || py > box[3]) continue;
    if (crossings(line, px, py) % 2) enclosed.push(i);
  }
  return enclosed;
}

function crossings(line: readonly Point[], px: number, py: number): number {
  let n = 0;
  for (let a = 0, b = line.length - 1; a < line.length; b = a++) {
    const [ax, ay] = line[a]!;
    const [bx, by] = line[b]!;
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) n++;
  }
  return n;
}
