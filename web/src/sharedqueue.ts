/** The queue lies in the library too, so that a phone goes on with what a desk played. */
import { effect, untracked } from "@preact/signals";
import * as api from "./api";
import { reconnects } from "./connection";
import { clock } from "./format";
import * as player from "./player";
import { persisted } from "./preferences";
import { dismiss, showToast } from "./toast";
import type { PlayQueue, Track } from "./types";

const SETTLED_MS = 1500; // after the last change of the queue
const EVERY_MS = 30_000; // of playing
const MOST = 1000; // tracks that are handed over

const touch = matchMedia("(hover: none)").matches;
const name = persisted("player", `${touch ? "Phone" : "Computer"} ${Math.random().toString(36).slice(2, 6)}`);
const seen = persisted("queueseen", 0); // the other player's queue that was offered last

let timer = 0;
let saved = "";
let refused = false; // a library that cannot be written to
let offered = 0; // the id of the message that offers the other player's queue

/** What is sent: the tracks in the order they play, from a few before the current one. */
function state() {
  const { order, tracks, at } = player.queue.value;
  const from = Math.max(0, at - 50);
  const listed = order.slice(from, from + MOST).map((index) => (tracks[index] as Track).id);
  const current = listed[at - from];
  const own = listed.filter((id) => !api.isClip(id));
  return { tracks: own, current: current && own.includes(current) ? own.indexOf(current) : 0, player: name.value };
}

async function save(): Promise<void> {
  const queue = state();
  const body = { ...queue, position_s: Math.round(player.time.value * 10) / 10 };
  const text = JSON.stringify(body);
  if (refused || text === saved || (!queue.tracks.length && !saved)) return;
  const before = saved;
  saved = text;
  await api.saveQueue(body).catch((error: { code?: string }) => {
    refused = error.code === "library_read_only";
    if (saved === text) saved = before; // it is sent again once the service is back, or somebody has signed in
  });
}

function soon(): void {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void save(), SETTLED_MS);
}

/** Play on here what another player left. */
function takeOver(left: PlayQueue): void {
  player.playTracks(left.tracks, left.current, left.position_s);
}

async function look(): Promise<void> {
  if (player.playing.value || document.hidden) return;
  const left = await api.getQueue().catch(() => null);
  const track = left?.tracks[left.current];
  if (player.playing.value || !left?.changed_at || !track || left.player === name.value || left.changed_at <= seen.value) return;
  seen.value = left.changed_at;
  offered = showToast(`“${track.title}” played on another device, up to ${clock(left.position_s)}`, {
    action: { label: "Go on here", run: () => takeOver(left) },
  });
}

export function shareQueue(): void {
  let first = true;
  effect(() => {
    player.queue.value;
    player.playing.value;
    reconnects.value;
    if (!first) soon();
    first = false;
  });
  effect(() => void (player.playing.value && untracked(() => dismiss(offered)))); // who has begun music goes on with that
  window.setInterval(() => player.playing.value && void save(), EVERY_MS);
  document.addEventListener("visibilitychange", () => void look());
  void look();
}
