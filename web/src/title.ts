/** The title of the page that is open, for the tab and the history. */
import { effect, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as player from "./player";

const title = signal("");

/** Call the page so while it is open. */
export function useTitle(text: string): void {
  useEffect(() => {
    title.value = text;
    return () => {
      if (title.value === text) title.value = "";
    };
  }, [text]);
}

effect(() => {
  const sounding = player.playing.value ? "▶ " : "";
  document.title = `${sounding}${title.value ? `${title.value} – ` : ""}Segue`;
});
