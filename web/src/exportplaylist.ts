import * as api from "./api";
import { fileName } from "./format";
import { attempt, showToast } from "./toast";
import type { Track } from "./types";

/** Download tracks as an M3U8 playlist, which other players can open. */
export async function exportPlaylist(name: string, tracks: readonly Track[], paths = false): Promise<void> {
  const keys = tracks.map((track) => track.id).filter((id) => !api.isClip(id));
  const text = await attempt(api.m3u8(name, keys, paths));
  if (text === undefined) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "audio/x-mpegurl" }));
  link.download = fileName(name);
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  showToast(`Downloaded ${link.download}`);
}
