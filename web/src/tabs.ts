/** One tab plays at a time: the others pause when it begins. */
import { effect } from "@preact/signals";
import * as player from "./player";
import { showToast } from "./toast";

export function playInOneTab(): void {
  if (!("BroadcastChannel" in window)) return;
  const channel = new BroadcastChannel("segue.player");
  channel.onmessage = () => {
    if (!player.playing.value) return;
    player.pause();
    showToast("Paused: Segue plays in another tab", { action: { label: "Play here", run: player.play } });
  };
  let before = false;
  effect(() => {
    if (player.playing.value && !before) channel.postMessage("playing");
    before = player.playing.value;
  });
}
