/** Media keys of keyboards, headphones and lock screens. */
import { effect } from "@preact/signals";
import { coverOf, isClip } from "./api";
import * as player from "./player";

const ARTWORK = [96, 256, 512]; // px

export function handleMediaKeys(): void {
  const session = navigator.mediaSession;
  if (!session) return;
  const actions: [MediaSessionAction, MediaSessionActionHandler][] = [
    ["play", player.play],
    ["pause", player.pause],
    ["stop", player.stop],
    ["nexttrack", player.next],
    ["previoustrack", player.previous],
    ["seekto", (to) => player.seek(to.seekTime ?? 0)],
    ["seekbackward", (by) => player.seek(player.time.value - (by.seekOffset ?? 10))],
    ["seekforward", (by) => player.seek(player.time.value + (by.seekOffset ?? 10))],
  ];
  for (const [name, act] of actions) {
    try {
      session.setActionHandler(name, act);
    } catch {
      // This browser does not support that key.
    }
  }
  effect(() => {
    const track = player.currentTrack.value;
    session.metadata = track && new MediaMetadata({
      title: track.title,
      artist: track.artist ?? "",
      album: track.album ?? "",
      artwork: isClip(track.id) ? [] : ARTWORK.map((size) => ({ src: coverOf(track.id, size), sizes: `${size}x${size}` })),
    });
  });
  effect(() => {
    session.playbackState = player.playing.value ? "playing" : player.currentTrack.value ? "paused" : "none";
  });
  effect(() => tellPosition(session));
}

/** For the progress line of a lock screen. */
function tellPosition(session: MediaSession): void {
  const [duration, time] = [player.duration.value, player.time.value];
  if (!session.setPositionState) return;
  if (!player.currentTrack.value || !(duration > 0)) session.setPositionState();
  else session.setPositionState({ duration, position: Math.min(time, duration), playbackRate: 1 });
}
