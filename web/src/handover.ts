/** Has the next track ready before the current one ends, with the transition between the two and their loudness. */
import { effect } from "@preact/signals";
import * as api from "./api";
import type { Handover } from "./engine";
import * as player from "./player";
import { persisted } from "./preferences";
import type { Track } from "./types";

export const crossfade = persisted("crossfade", 5); // s, 0 to 12
export const leveling = persisted("leveling", true);

const READY_S = 20; // before the end
const LONGEST_S = 12; // of a crossfade

const gains = new Map<string, number>(); // dB, by id
let asked = "";

/** How loud a track plays: loud ones are made quieter; an audio element cannot make quiet ones louder. */
function setLevel(id: string): void {
  const gain = leveling.value ? (gains.get(id) ?? 0) : 0;
  player.engine.setLevel(id, Math.min(1, 10 ** (gain / 20)));
}

/** Ask once for what is known of these tracks; nothing where they are clips or the service is away. */
async function ask(tracks: readonly Track[]): Promise<Handover | null> {
  if (tracks.some((track) => api.isClip(track.id))) return null;
  const answer = await api.transitions(tracks.map((track) => track.id), crossfade.value).catch(() => null);
  for (const { track, gain_db } of answer?.playbacks ?? []) gains.set(track, gain_db);
  return answer?.transitions[0] ?? null;
}

async function prepare(now: Track, next: Track): Promise<void> {
  const transition = await ask([now, next]);
  if (player.currentTrack.value?.id !== now.id || player.following.value?.id !== next.id) return;
  const end = player.engine.current.length || player.duration.value;
  player.engine.prepare(next.id, transition ?? { kind: "cut", out_s: end, in_s: 0, overlap_s: 0 });
  setLevel(next.id);
}

effect(() => {
  const now = player.currentTrack.value;
  player.started.value;
  leveling.value;
  if (!now || !player.playing.value || api.isClip(now.id)) return;
  if (gains.has(now.id)) setLevel(now.id);
  else void ask([now]).then(() => setLevel(now.id));
});

effect(() => {
  const [now, next] = [player.currentTrack.value, player.following.value];
  if (!now || !player.playing.value || player.waiting.value) return;
  if (player.time.value < player.duration.value - READY_S - LONGEST_S || player.engine.fading) return;
  const question = [player.started.value, now.id, next?.id, crossfade.value].join();
  if (question === asked) return;
  asked = question;
  if (next) void prepare(now, next);
  else player.engine.forget();
});
