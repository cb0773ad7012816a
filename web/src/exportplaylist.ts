import * as api from "./api";
import { count, fileName } from "./format";
import { attempt, showToast } from "./toast";
import type { Track } from "./types";

export type PlaylistKind = "m3u8" | "xspf" | "jspf";

/** Download tracks as a playlist that other players can open. */
export async function exportPlaylist(name: string, tracks: readonly Track[], kind: PlaylistKind): Promise<void> {
  const own = tracks.filter((track) => !api.isClip(track.id));
  const file = await attempt(api.playlistFile(kind, name, own.map((track) => track.id)));
  if (file === undefined) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = fileName(name, kind);
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  const missing = own.filter((track) => track.missing).length;
  showToast(`Downloaded ${link.download}${missing ? `, without ${count(missing, "missing file")}` : ""}`);
}
