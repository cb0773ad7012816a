/** A reload goes on where it was, at the second. */
import { persisted } from "./preferences";
import * as player from "./player";

interface Place {
  track: string;
  time: number; // s
  playing: boolean;
}

const EVERY_MS = 5000;
const place = persisted<Place | null>("place", null);

function remember(): void {
  const track = player.currentTrack.value;
  if (track) place.value = { track: track.id, time: player.time.value, playing: player.playing.value };
}

export function resumeAfterReload(): void {
  const last = place.value;
  if (last && last.track === player.currentTrack.value?.id) {
    player.time.value = last.time;
    if (last.playing) player.play(); // where the browser allows it without a gesture
  }
  window.setInterval(() => player.playing.value && remember(), EVERY_MS);
  addEventListener("pagehide", remember);
}
