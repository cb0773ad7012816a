import { expect, test } from "vitest";
import { clock, count, fileName, readableName, formatDuration } from "../src/format";

test("times are read as on a clock", () => {
  expect([0, 59.9, 60, 754, 3600, 36_061].map(clock)).toEqual(["0:00", "0:59", "1:00", "12:34", "1:00:00", "10:01:01"]);
  expect([NaN, Infinity, -1].map(clock)).toEqual(["–:––", "–:––", "–:––"]);
});

test("lengths are as exact as they matter", () => {
  expect([4, 59.6, 90, 3600, 6150, 86_400, 1_000_000].map(formatDuration)).toEqual(
    ["4 s", "1 min", "2 min", "1 h", "1 h 43 min", "1 day", "11.6 days"],
  );
});

test("one is not many", () => {
  expect([count(1, "track"), count(0, "track"), count(12_345, "track")]).toEqual(["1 track", "0 tracks", "12,345 tracks"]);
  expect(count(2, "entry", "entries")).toBe("2 entries");
});

test("a playlist's file name holds nothing that a disk refuses", () => {
  expect(fileName('a/b\\c:d*"?<>|', "m3u8")).toBe("a b c d.m3u8");
  expect(fileName("  ", "xspf")).toBe("playlist.xspf");
  expect(fileName("x".repeat(300), "m3u8").length).toBe(85);
});

test("names of embedders read as words", () => {
  expect(readableName("mfcc_00_mean")).toBe("Mfcc 00 mean");
});
