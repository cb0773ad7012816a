/** Radio: the queue goes on without end near what it started from, and the listener steers. */
import { effect } from "@preact/signals";
import * as api from "./api";
import * as player from "./player";
import { upcoming } from "./queue";
import { attempt, showToast } from "./toast";
import type { RadioRequest, Track } from "./types";

export type Steer = NonNullable<RadioRequest["steer"]>[number];

/** In pairs of opposites. */
export const STEERS: [Steer, Steer][] = [
  ["slower", "faster"], ["darker", "brighter"], ["calmer", "more energetic"], ["older", "newer"],
];
const FEW = 3; // tracks left in the queue, from which more are asked for
const MOST_PREVIOUS = 500; // tracks that a request names

let asking = false;

function request(station: player.Station, previous: readonly Track[]): RadioRequest {
  const { seeds, minus, steer, reach } = station;
  return { seeds, minus, steer, reach, previous: previous.slice(-MOST_PREVIOUS).map((track) => track.id) };
}

const until = (n: number) => player.queue.value.order.slice(0, n).map((i) => player.queue.value.tracks[i] as Track);

export async function startRadio(station: player.Station): Promise<void> {
  const answer = await attempt(api.radio(request(station, [])));
  if (!answer) return;
  player.playTracks(answer.matches.map((match) => match.track));
  player.station.value = station;
  showToast(`Radio: ${station.name}`);
}

export const radioOf = (track: Track): player.Station => (
  { seeds: [track.id], minus: [], name: `like “${track.title}”`, steer: [], reach: 0.5 }
);

/** Choose other tracks to come, as the station now is. */
async function choose(keepUpcoming: boolean): Promise<void> {
  const station = player.station.value;
  if (!station || asking) return;
  asking = true;
  const queue = player.queue.value;
  const answer = await attempt(api.radio(request(station, until(keepUpcoming ? queue.order.length : queue.at + 1))));
  asking = false;
  if (!answer || player.station.value?.name !== station.name) return;
  player.replaceUpcoming(answer.matches.map((match) => match.track), keepUpcoming);
  if (player.station.value !== station) await choose(false); // it was steered meanwhile
}

export function steerRadio(changed: Partial<player.Station>): void {
  if (!player.station.value) return;
  player.station.value = { ...player.station.value, ...changed };
  void choose(false);
}

export const stopRadio = () => (player.station.value = null);

effect(() => {
  if (player.station.value && player.playing.value && upcoming(player.queue.value).length < FEW) void choose(true);
});
