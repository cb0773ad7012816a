import { useEffect } from "preact/hooks";
import { count } from "../format";
import * as player from "../player";
import { anySelected, canRemove, clearSelection, removeSelected, selectedTracks } from "../selection";
import type { Track } from "../types";
import { IconButton } from "./common";
import { Icon } from "./icons";
import type { Choice } from "./menu";
import { saving } from "./savedialog";

/** What can be done with several tracks. */
export function choicesOf(tracks: readonly Track[]): Choice[] {
  return [
    { icon: "play", text: "Play", run: () => player.playTracks(tracks) },
    { icon: "playNext", text: "Play next", run: () => player.playAfter(tracks) },
    { icon: "queue", text: "Add to queue", run: () => player.enqueue(tracks) },
    { icon: "save", text: "Add to a playlist", run: () => (saving.value = { tracks, name: "" }) },
    ...(canRemove() ? [{ icon: "close", text: "Remove from this playlist", run: removeSelected } satisfies Choice] : []),
  ];
}

/** The actions of the selected rows, above the player bar; ``page`` is where the rows are. */
export function SelectionBar({ page }: { page: string }) {
  const tracks = anySelected() ? selectedTracks() : [];
  useEffect(() => clearSelection, [page]);
  useEffect(() => {
    const leave = (event: KeyboardEvent) => event.key === "Escape" && !event.defaultPrevented && clearSelection();
    document.addEventListener("keydown", leave);
    return () => document.removeEventListener("keydown", leave);
  }, []);
  return (
    <>
      <p class="hidden-text" role="status">{tracks.length > 0 && `${count(tracks.length, "track")} selected`}</p>
      {tracks.length > 0 && (
        <div class="selection-bar" role="group" aria-label="Selected tracks">
          <b class="num" aria-hidden="true">{tracks.length}<span class="selection-word"> selected</span></b>
          {choicesOf(tracks).map((choice) => (
            <button key={choice.text} type="button" class="button small" title={choice.text} onClick={choice.run}><Icon name={choice.icon} size={18} /><span>{choice.text}</span></button>
          ))}
          <IconButton icon="close" label="Select nothing" small onClick={clearSelection} />
        </div>
      )}
    </>
  );
}
