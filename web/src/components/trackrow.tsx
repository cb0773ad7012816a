import type { ComponentChildren } from "preact";
import { clock } from "../format";
import * as player from "../player";
import { plant } from "../seeds";
import type { Track } from "../types";
import { Cover, IconButton } from "./bits";
import { Icon } from "./icons";
import { Menu, type Choice } from "./menu";
import { saving } from "./savedialog";

interface TrackRowProps {
  track: Track;
  onPlay: () => void;
  extra?: ComponentChildren; // before the actions: a score
  more?: Choice[];
  plain?: boolean; // without album, genre and year
  place?: number;
}

export const linkTo = (track: Track) => `/track/${encodeURIComponent(track.id)}`;

/** Who made it; where nobody says so, the folder that it lies in. */
const byline = (track: Track) => track.artist ?? track.path?.split(/[/\\]/).at(-2) ?? "Unknown artist";

/** One line of any list of tracks. */
export function TrackRow({ track, onPlay, extra, more = [], plain, place }: TrackRowProps) {
  const active = player.now.value?.id === track.id;
  const mute = !player.playable(track);
  return (
    <div class={`row ${active ? "active" : ""} ${plain ? "plain" : ""} ${mute ? "mute" : ""}`}>
      <button type="button" class="row-play" disabled={mute} onClick={active ? player.toggle : onPlay}
        aria-label={`${active && player.playing.value ? "Pause" : "Play"} ${track.title}`}>
        {place !== undefined && <span class="row-place num" aria-hidden="true">{place}</span>}
        <Cover id={track.id} size={48} />
        {active && player.playing.value && <span class="sounding" aria-hidden="true"><i /><i /><i /></span>}
        <span class="row-sign"><Icon name={active && player.playing.value ? "pause" : "play"} size={20} /></span>
      </button>
      <div class="row-name">
        <a href={linkTo(track)} class="clip row-title">{track.title}</a>
        <span class="clip quiet row-artist">
          {mute && <span class="tag">{track.missing ? "file gone" : "no sound"}</span>}
          {byline(track)}
        </span>
      </div>
      {!plain && <span class="clip quiet row-album">{track.album}</span>}
      {!plain && <span class="clip quiet row-genre">{[track.genre, track.year].filter(Boolean).join(" · ")}</span>}
      {extra}
      <span class="quiet num row-length">{track.duration_s ? clock(track.duration_s) : ""}</span>
      <span class="row-actions">
        <IconButton icon="blend" label={`More like ${track.title}`} onClick={() => plant(track)} small kind="row-seed" />
        <Menu label={`More for ${track.title}`} choices={() => [...more, ...choicesFor(track)]} />
      </span>
    </div>
  );
}

export function choicesFor(track: Track): Choice[] {
  return [
    { icon: "after", text: "Play next", run: () => player.playAfter([track]) },
    { icon: "queue", text: "Add to the queue", run: () => player.enqueue([track]) },
    { icon: "blend", text: "Sounds like this", run: () => plant(track) },
    { icon: "away", text: "Away from this", run: () => plant(track, true) },
    { icon: "save", text: "Save to a playlist", run: () => (saving.value = { tracks: [track], name: "" }) },
  ];
}
