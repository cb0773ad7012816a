import { afterEach, expect, test, vi } from "vitest";
import { opinions, toggleOpinion } from "../src/opinions";
import { track } from "./track";

afterEach(() => void vi.unstubAllGlobals());

test("what is liked comes first, and the others keep their order, also where ids are numbers", async () => {
  vi.stubGlobal("window", globalThis); // whose clocks a message uses
  vi.stubGlobal("fetch", async () => new Response(null, { status: 204 }));
  opinions.value = new Map([["30", "like"], ["2", "dislike"]]);
  await toggleOpinion(track("4"), "like");
  expect([...opinions.value]).toEqual([["4", "like"], ["30", "like"], ["2", "dislike"]]);
  await toggleOpinion(track("30"), "like");
  expect([...opinions.value.keys()]).toEqual(["4", "2"]);
});
