import { draggedTracks, dropTarget } from "../dragtracks";
import { count } from "../format";
import * as player from "../player";
import { Icon } from "./icons";
import { addToPlaylist, saving, useOwnPlaylists } from "./savedialog";

const MOST = 30; // playlists

/** Where dragged tracks can be dropped, shown while they are on the way. */
export function DropTray() {
  return draggedTracks.value && <Tray n={draggedTracks.value.length} />;
}

function Tray({ n }: { n: number }) {
  const own = useOwnPlaylists();
  return (
    <div class="drop-tray" role="group" aria-label="Drop tracks here">
      <p class="quiet">Drop {count(n, "track")} on</p>
      <div class="drop-target" {...dropTarget(player.playAfter)}><Icon name="playNext" />Play next</div>
      <div class="drop-target" {...dropTarget(player.enqueue)}><Icon name="queue" />Queue</div>
      <div class="drop-target" {...dropTarget((tracks) => (saving.value = { tracks, name: "" }))}><Icon name="plus" />New playlist</div>
      {own.slice(0, MOST).map((head) => (
        <div key={head.id} class="drop-target" {...dropTarget((tracks) => void addToPlaylist(head, tracks))}>
          <Icon name="playlist" /><span class="clip">{head.name}</span>
        </div>
      ))}
    </div>
  );
}
