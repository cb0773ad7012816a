import * as api from "./api";
import { fileName } from "./format";
import { attempt, say } from "./toast";
import type { Track } from "./types";

/** Give the browser a playlist that other players open. */
export async function exportM3u8(name: string, tracks: readonly Track[], paths = false): Promise<void> {
  const keys = tracks.map((track) => track.id).filter((id) => !api.isClip(id));
  const text = await attempt(api.m3u8(name, keys, paths));
  if (text === undefined) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "audio/x-mpegurl" }));
  link.download = fileName(name);
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`${link.download} is in your downloads`);
}
