/** Tracks on the way from a list to where they are dropped: with a mouse or a pen. */
import { signal } from "@preact/signals";
import { count } from "./format";
import type { Track } from "./types";

/** What is dragged; nothing most of the time. */
export const draggedTracks = signal<readonly Track[] | null>(null);

const KIND = "application/x-segue-tracks";

export function beginDrag(event: DragEvent, tracks: readonly Track[]): void {
  const { dataTransfer } = event;
  if (!dataTransfer || !tracks.length) return;
  dataTransfer.setData(KIND, "");
  dataTransfer.setData("text/plain", tracks.map((track) => [track.artist, track.title].filter(Boolean).join(" - ")).join("\n"));
  dataTransfer.effectAllowed = "copy";
  const label = document.createElement("span");
  label.className = "drag-label";
  label.textContent = tracks.length === 1 ? (tracks[0]?.title ?? "") : count(tracks.length, "track");
  document.body.append(label);
  dataTransfer.setDragImage(label, -12, 0);
  // Browsers end a drag whose page changes while it begins.
  setTimeout(() => (label.remove(), (draggedTracks.value = tracks)));
}

export const endDrag = () => void setTimeout(() => (draggedTracks.value = null));

/** Attributes of an element that takes tracks. ``over`` is told of the pointer, ``drop`` gets the tracks. */
export function dropTarget(drop: (tracks: readonly Track[], event: DragEvent) => void, over: (event: DragEvent | null) => void = () => {}) {
  const mark = (event: DragEvent, on: boolean) => (event.currentTarget as HTMLElement).classList.toggle("drop-over", on);
  return {
    onDragOver: (event: DragEvent) => {
      if (!draggedTracks.value) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
      mark(event, true);
      over(event);
    },
    onDragLeave: (event: DragEvent) => {
      if ((event.currentTarget as HTMLElement).contains(event.relatedTarget as Node | null)) return;
      mark(event, false);
      over(null);
    },
    onDrop: (event: DragEvent) => {
      const tracks = draggedTracks.value;
      if (!tracks) return;
      event.preventDefault();
      mark(event, false);
      drop(tracks, event);
      over(null);
      endDrag();
    },
  };
}
