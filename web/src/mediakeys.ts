/** Media keys of keyboards, headphones and lock screens. */
import { effect } from "@preact/signals";
import { coverOf, isClip } from "./api";
import * as player from "./player";

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
      artwork: isClip(track.id) ? [] : [{ src: coverOf(track.id, 512), sizes: "512x512" }],
    });
  });
  effect(() => {
    session.playbackState = player.playing.value ? "playing" : player.currentTrack.value ? "paused" : "none";
  });
}
