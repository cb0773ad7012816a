import { describe, expect, test } from "vitest";
import { fitAll, interpolate, panned, toData, toPixels, zoomed } from "../src/scatter/camera";
import { hueOf, oklch, parse, ramp } from "../src/scatter/colors";
import { pointsInside, pointGrid } from "../src/scatter/grid";

const wholeMap = { x: 0, y: 0, zoom: 0.92 };
const size = { width: 800, height: 600 };
const random = ((seed) => () => (seed = (seed * 16807) % 2147483647) / 2147483647)(11);

describe("the camera", () => {
  test("finds the way back from pixels to data", () => {
    const camera = { x: 0.3, y: -0.2, zoom: 3 };
    const [px, py] = toPixels(camera, size, 0.4, 0.1);
    expect(toData(camera, size, px, py)[0]).toBeCloseTo(0.4);
    expect(toData(camera, size, px, py)[1]).toBeCloseTo(0.1);
  });

  test("shows all points below the controls", () => {
    const [x, y] = [[-1, 0.2, 0.9, 0], [0.8, -0.7, 0.1, 0]];
    for (const area of [size, { width: 390, height: 700 }, { width: 1900, height: 900 }]) {
      const camera = fitAll(x, y, area);
      const places = x.map((each, i) => toPixels(camera, area, each, y[i]!));
      expect(Math.min(...places.map((place) => place[1]))).toBeGreaterThan(130); // px
      expect(Math.max(...places.map((place) => place[1]))).toBeLessThan(area.height - 30);
      expect(Math.min(...places.map((place) => place[0]))).toBeGreaterThan(40);
      expect(Math.max(...places.map((place) => place[0]))).toBeLessThan(area.width - 40);
    }
  });

  test("keeps what is under the pointer there while zooming", () => {
    const before = toData(wholeMap, size, 123, 456);
    const after = toData(zoomed(wholeMap, size, 2.7, 123, 456), size, 123, 456);
    expect(after[0]).toBeCloseTo(before[0]);
    expect(after[1]).toBeCloseTo(before[1]);
  });

  test("moves the map with the hand", () => {
    const [x] = toPixels(panned(wholeMap, size, 40, 0), size, 0, 0);
    expect(x).toBeCloseTo(toPixels(wholeMap, size, 0, 0)[0] + 40);
  });

  test("ends where it was to go", () => {
    const there = { x: 0.5, y: 0.5, zoom: 9 };
    expect(interpolate(wholeMap, there, 1)).toEqual(there);
    expect(interpolate(wholeMap, there, 0)).toEqual(wholeMap);
  });
});

describe("pointGrid", () => {
  const x = Array.from({ length: 3000 }, () => 2 * random() - 1);
  const y = Array.from({ length: 3000 }, () => 2 * random() - 1);
  const grid = pointGrid(x, y);

  test("finds the same nearest point as looking at all of them", () => {
    for (let n = 0; n < 200; n++) {
      const [px, py, within] = [2.2 * random() - 1.1, 2.2 * random() - 1.1, 0.02 + random() * 0.3];
      let best = -1;
      let least = within;
      x.forEach((_, i) => {
        const distance = Math.hypot(x[i]! - px, y[i]! - py);
        if (distance <= least) [best, least] = [i, distance];
      });
      expect(grid.nearest(px, py, within)).toBe(best);
    }
  });

  test("are inside a line or not", () => {
    const found = pointsInside([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], x, y);
    const right = x.flatMap((_, i) => (Math.abs(x[i]!) < 0.5 && Math.abs(y[i]!) < 0.5 ? [i] : []));
    expect(found).toEqual(right);
    expect(pointsInside([[0, 0], [1, 1]], x, y)).toEqual([]);
  });

  test("are outside the notch of a line that is not convex", () => {
    const notched = [[-1, -1], [1, -1], [1, 1], [0, -0.5], [-1, 1]] as const;
    expect(pointsInside(notched, [0, 0, -0.9], [0.5, -0.8, 0.5])).toEqual([1, 2]);
  });
});

describe("colors", () => {
  test("are what OKLCH says at its ends and for red", () => {
    expect(oklch(1, 0, 0)).toEqual([255, 255, 255]);
    expect(oklch(0, 0, 0)).toEqual([0, 0, 0]);
    const red = oklch(0.628, 0.2577, 29.23);
    expect(Math.abs(red[0] - 255) + red[1] + red[2]).toBeLessThan(6);
  });

  test("differ between neighbors", () => {
    for (let i = 0; i < 13; i++) {
      const [a, b] = [hueOf(i, true), hueOf(i + 1, true)];
      expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(60);
    }
    expect(ramp(0, false)).not.toEqual(ramp(1, false));
    expect(parse("#0a14ff")).toEqual([10, 20, 255]);
    expect(parse("red")).toBe(null);
  });
});
