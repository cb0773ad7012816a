/** Files that are dropped anywhere on the page: they are taken to where clips are listened to. */
import { signal } from "@preact/signals";
import { go } from "./router";

export const dropped = signal<readonly File[]>([]);
export const hovering = signal(false);

export function takeDrops(): void {
  let inside = 0;
  const ofFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragenter", (event) => {
    if (ofFiles(event) && ++inside === 1) hovering.value = true;
  });
  document.addEventListener("dragleave", (event) => {
    if (ofFiles(event) && --inside <= 0) hovering.value = (inside = 0) > 0;
  });
  document.addEventListener("dragover", (event) => ofFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    hovering.value = (inside = 0) > 0;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    dropped.value = files;
    go("/blend");
  });
}
