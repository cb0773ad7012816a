/** Keyboard shortcuts, except while a field has the focus. */
import { signal } from "@preact/signals";
import { paletteOpen } from "./components/palette";
import * as player from "./player";
import { shortcutsEnabled } from "./preferences";

export const helpOpen = signal(false);
export const queueOpen = signal(false);
export const nowPlayingOpen = signal(false);

export const SHORTCUTS: [string, string][] = [
  ["Space", "Play or pause"],
  ["Shift + →", "Next track"],
  ["Shift + ←", "Previous track"],
  ["→ / ←", "Forward or back 5 seconds"],
  ["↑ / ↓", "Volume up or down"],
  ["M", "Mute"],
  ["S", "Shuffle"],
  ["R", "Repeat: all, one, off"],
  ["Q", "Show or hide the queue"],
  ["Ctrl + K", "Search everything"],
  ["F", "Now playing, in the full window"],
  ["/", "Search"],
  ["X", "Select the row"],
  ["Shift + ↑ / ↓", "Select the row above or below, too"],
  ["Ctrl + A", "Select all rows"],
  ["?", "Show these shortcuts"],
];

const actions: Record<string, () => void> = {
  " ": player.toggle,
  "shift+ArrowRight": player.next,
  "shift+ArrowLeft": player.previous,
  ArrowRight: () => player.seek(player.time.value + 5),
  ArrowLeft: () => player.seek(player.time.value - 5),
  ArrowUp: () => (player.volume.value = Math.min(1, player.volume.value + 0.05)),
  ArrowDown: () => (player.volume.value = Math.max(0, player.volume.value - 0.05)),
  m: () => (player.muted.value = !player.muted.value),
  s: () => player.setShuffle(!player.queue.value.shuffle),
  r: player.cycleRepeat,
  q: () => (queueOpen.value = !queueOpen.value),
  f: () => (nowPlayingOpen.value = !nowPlayingOpen.value),
  "/": search,
  "shift+?": () => (helpOpen.value = true),
  "?": () => (helpOpen.value = true),
};

/** The page's own search field, or the search for everything. */
function search(): void {
  const field = document.querySelector<HTMLInputElement>("#search");
  if (field) field.focus();
  else paletteOpen.value = true;
}

/** Whether a control on the page handles this key itself. */
function isForControl(event: KeyboardEvent): boolean {
  const on = event.target as HTMLElement;
  if (on.closest("input:not([type=checkbox]), textarea, select, [contenteditable], [role=menu], dialog[open]")) return true;
  return event.key === " " && on.closest("button, a, [role=button], input, summary") !== null;
}

export function handleShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      paletteOpen.value = !paletteOpen.value;
      return;
    }
    if (!shortcutsEnabled.value || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isForControl(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = actions[(event.shiftKey ? "shift+" : "") + key];
    const scrolls = (key === "ArrowUp" || key === "ArrowDown") && event.target !== document.body;
    if (!act || scrolls || (!player.currentTrack.value && /Arrow/.test(key))) return;
    event.preventDefault();
    act();
  });
}
