import { describe, expect, test } from "vitest";
import * as Q from "../src/queue";
import { track } from "./track";

const tracks = ["a", "b", "c", "d", "e"].map(track);
const ids = (queue: Q.Queue) => queue.order.map((_, place) => Q.at(queue, place)?.id).join("");
const seeded = (seed = 7) => () => (seed = (seed * 16807) % 2147483647) / 2147483647;

describe("a queue", () => {
  test("begins with the track that was asked for and goes on in order", () => {
    const queue = Q.start(Q.nothing, tracks, 2);
    expect(Q.current(queue)?.id).toBe("c");
    expect(Q.upcoming(queue).map((one) => one.id)).toEqual(["d", "e"]);
  });

  test("ends after its last track, begins anew where it repeats all, stays where it repeats one", () => {
    const last = Q.start(Q.nothing, tracks, 4);
    expect(Q.next(last)).toBe(last);
    expect(Q.hasNext(last)).toBe(false);
    expect(Q.current(Q.next(Q.cycleRepeat(last)))?.id).toBe("a");
    const one = Q.cycleRepeat(Q.cycleRepeat(last));
    expect(one.repeat).toBe("one");
    expect(Q.current(Q.next(one, true))?.id).toBe("e");
    expect(Q.current(Q.next(one))?.id).toBe("a");
  });

  test("plays each track once when shuffled, the chosen one first, and keeps it when put in order retry", () => {
    const queue = Q.start(Q.setShuffle(Q.nothing, true), tracks, 3, seeded());
    expect(Q.current(queue)?.id).toBe("d");
    expect([...ids(queue)].sort().join("")).toBe("abcde");
    const later = Q.next(queue);
    const playing = Q.current(later)?.id;
    const ordered = Q.setShuffle(later, false);
    expect(ids(ordered)).toBe("abcde");
    expect(Q.current(ordered)?.id).toBe(playing);
  });

  test("mixes what was ordered without losing what plays", () => {
    const queue = Q.setShuffle(Q.start(Q.nothing, tracks, 1), true, seeded(3));
    expect(Q.current(queue)?.id).toBe("b");
    expect([...ids(queue)].sort().join("")).toBe("abcde");
  });

  test("takes tracks in after the one that plays, or last", () => {
    const queue = Q.start(Q.nothing, tracks.slice(0, 3), 0);
    expect(ids(Q.playNext(queue, [track("x"), track("y")]))).toBe("axybc");
    expect(ids(Q.append(queue, [track("x")]))).toBe("abcx");
    expect(Q.current(Q.append(Q.nothing, [track("x")]))?.id).toBe("x");
  });

  test("keeps what plays when others leave or move", () => {
    const queue = Q.start(Q.nothing, tracks, 2);
    const without = Q.remove(Q.remove(queue, 0), 3);
    expect(ids(without)).toBe("bcd");
    expect(Q.current(without)?.id).toBe("c");
    const moved = Q.move(queue, 4, 0);
    expect(ids(moved)).toBe("eabcd");
    expect(Q.current(moved)?.id).toBe("c");
    expect(Q.move(queue, 0, 9)).toBe(queue);
  });

  test("goes to the following track when the one that plays leaves, and is empty after the last", () => {
    const queue = Q.start(Q.nothing, tracks.slice(0, 2), 0);
    const second = Q.remove(queue, 0);
    expect(Q.current(second)?.id).toBe("b");
    const empty = Q.remove(second, 0);
    expect(empty.at).toBe(-1);
    expect(Q.current(empty)).toBe(null);
  });

  test("leaves what was put next there when it is shuffled and put in order again", () => {
    let queue = Q.playNext(Q.start(Q.nothing, tracks, 1), [track("x")]);
    expect(ids(queue)).toBe("abxcde");
    queue = Q.setShuffle(queue, true, seeded(5));
    expect(ids(queue).slice(queue.at, queue.at + 2)).toBe("bx");
    queue = Q.setShuffle(queue, false);
    expect(ids(queue)).toBe("abxcde");
    const shuffled = Q.playNext(Q.setShuffle(queue, true, seeded(9)), [track("y")]);
    expect(ids(Q.setShuffle(shuffled, false))).toBe("abyxcde");
    const later = Q.setShuffle(Q.next(shuffled), false);
    expect(Q.current(later)?.id).toBe("y");
    expect(Q.upcoming(later)[0]?.id).toBe("x");
  });

  test("takes tracks at a place, in a shuffled order too", () => {
    const queue = Q.putAt(Q.start(Q.nothing, tracks, 0), [track("x"), track("y")], 3);
    expect(ids(queue)).toBe("abcxyde");
    const mixed = Q.setShuffle(Q.start(Q.nothing, tracks, 0), true, seeded(4));
    const longer = Q.putAt(mixed, [track("x")], 2);
    expect(ids(longer)).toBe(`${ids(mixed).slice(0, 2)}x${ids(mixed).slice(2)}`);
    expect(ids(Q.setShuffle(longer, false))).toBe("abcdex");
    expect(Q.current(Q.putAt(Q.nothing, [track("x")], 0))?.id).toBe("x");
  });

  test("does not mix in again what was heard, and keeps an order made by hand", () => {
    const heard = Q.next(Q.next(Q.start(Q.nothing, tracks, 0)));
    const mixed = Q.setShuffle(heard, true, seeded(2));
    expect(ids(mixed).slice(0, 3)).toBe("abc");
    expect([...ids(mixed).slice(3)].sort().join("")).toBe("de");
    const byHand = Q.move(heard, 4, 3);
    expect(ids(Q.setShuffle(Q.setShuffle(byHand, true, seeded(3)), false))).toBe("abced");
  });
});
