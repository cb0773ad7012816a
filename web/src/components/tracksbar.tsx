import type { ComponentChildren } from "preact";
import { exportPlaylist, type PlaylistKind } from "../exportplaylist";
import * as player from "../player";
import type { Track } from "../types";
import { Icon } from "./icons";
import { Menu } from "./menu";
import { saving } from "./savedialog";

interface TracksBarProps {
  tracks: readonly Track[];
  name: string;
  saved?: boolean; // they are a playlist already
  children?: ComponentChildren; // further actions
}

const formats: [PlaylistKind, string][] = [["m3u8", "M3U8, for most players"], ["xspf", "XSPF"], ["jspf", "JSPF"]];

/** Actions for a list of tracks. */
export function TracksBar({ tracks, name, saved = false, children }: TracksBarProps) {
  return (
    <div class="tracks-bar">
      <button type="button" class="button main" onClick={() => player.playTracks(tracks)}><Icon name="play" size={18} />Play</button>
      <button type="button" class="button" onClick={() => player.enqueue(tracks)}><Icon name="queue" size={18} />Queue</button>
      {!saved && (
        <button type="button" class="button" onClick={() => (saving.value = { tracks, name })}><Icon name="save" size={18} />Save</button>
      )}
      <Menu label="Export" choices={() => formats.map(([kind, text]) => ({ icon: "download", text, run: () => void exportPlaylist(name, tracks, kind) }))}>
        <Icon name="download" size={18} />Export
      </Menu>
      {children}
    </div>
  );
}
