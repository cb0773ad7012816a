import type { ComponentChildren } from "preact";
import { exportPlaylist } from "../exportplaylist";
import * as player from "../player";
import type { Track } from "../types";
import { Icon } from "./icons";
import { saving } from "./savedialog";

interface TracksBarProps {
  tracks: readonly Track[];
  name: string;
  saved?: boolean; // they are a playlist already
  children?: ComponentChildren; // further actions
}

/** Actions for a list of tracks. */
export function TracksBar({ tracks, name, saved = false, children }: TracksBarProps) {
  return (
    <div class="tracks-bar">
      <button type="button" class="button main" onClick={() => player.playTracks(tracks)}><Icon name="play" size={18} />Play</button>
      <button type="button" class="button" onClick={() => player.enqueue(tracks)}><Icon name="queue" size={18} />Queue</button>
      {!saved && (
        <button type="button" class="button" onClick={() => (saving.value = { tracks, name })}><Icon name="save" size={18} />Save</button>
      )}
      <button type="button" class="button" onClick={() => void exportPlaylist(name, tracks)}><Icon name="download" size={18} />Export</button>
      {children}
    </div>
  );
}
