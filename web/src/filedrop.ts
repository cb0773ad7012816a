/** Audio files dropped anywhere in the player go to the Similar page. */
import { signal } from "@preact/signals";
import { navigate } from "./router";

export const droppedFiles = signal<readonly File[]>([]);
export const draggingFile = signal(false);

export function acceptDroppedFiles(): void {
  let inside = 0; // nested elements that the pointer has entered
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) draggingFile.value = ++inside > 0;
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    inside = Math.max(0, inside - 1);
    draggingFile.value = inside > 0;
  });
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    inside = 0;
    draggingFile.value = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    droppedFiles.value = files;
    navigate("/similar");
  });
}
