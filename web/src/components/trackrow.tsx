import type { ComponentChildren } from "preact";
import { beginDrag, endDrag } from "../dragtracks";
import { isClip } from "../api";
import { clock } from "../format";
import * as player from "../player";
import { radioOf, startRadio } from "../radio";
import { addTrackAsSeed } from "../seeds";
import { anySelected, isSelected, selectByClick, selectByKey, selectedTracks, toggleSelected, type RowPlace } from "../selection";
import type { Bias, Track } from "../types";
import { Cover, IconButton } from "./common";
import { Icon } from "./icons";
import { Menu, type Choice } from "./menu";
import { DislikeButton, LikeButton, opinionChoices } from "./opinions";
import { saving } from "./savedialog";
import { choicesOf } from "./selectionbar";

interface TrackRowProps {
  track: Track;
  onPlay: () => void;
  extra?: ComponentChildren; // before the actions: a score
  more?: Choice[];
  numbered?: boolean; // with its number on the album, in place of the cover
  compact?: boolean; // without album, genre and year
  place?: number;
  at?: RowPlace; // where rows can be selected
  scored?: boolean; // one of a list by likeness, time or taste, where each row has its cover
  reasons?: string[]; // why a search found it
  moved?: Bias | null; // by likes and dislikes
  seed?: Track | undefined; // what it is an answer to
  versions?: readonly Track[]; // other copies of the recording
}

export const linkTo = (track: Track) => `/track/${encodeURIComponent(track.id)}`;

/** The artist, or the name of the file's folder when no artist is known. */
function Byline({ track }: { track: Track }) {
  return <ArtistLinks track={track} unknown={track.path?.split(/[/\\]/).at(-2) ?? "Unknown artist"} />;
}

/** A link to each artist; tracks that an older page remembers know no more than the text. */
export function ArtistLinks({ track, unknown }: { track: Track; unknown: string }) {
  const artists = track.artists as Track["artists"] | undefined;
  if (!artists?.length) return <>{track.artist ?? unknown}</>;
  return <>{artists.map((artist, i) => <span key={artist.id}>{i > 0 && ", "}<a href={`/artists/${encodeURIComponent(artist.id)}`}>{artist.name}</a></span>)}</>;
}

/** A right click anywhere in a row opens its menu; with a key held, the browser's own. */
function openMenu(event: MouseEvent): void {
  const button = (event.currentTarget as HTMLElement).querySelector<HTMLButtonElement>(".menu-holder > button");
  if (!button || event.shiftKey || event.ctrlKey) return;
  event.preventDefault();
  if (button.ariaExpanded !== "true") button.click();
}

/** Whether a track follows another of its album: one cover is enough for both, but where each row has a score of its own. */
const goesOn = (before: Track | undefined, track: Track) =>
  Boolean(before && track.album && before.album === track.album && (before.album_artist ?? before.artist) === (track.album_artist ?? track.artist));

/** What makes a row one of several that can be selected and dragged. */
function selecting(at: RowPlace | undefined, track: Track, onPlay: () => void) {
  const drag = (event: DragEvent) => beginDrag(event, at && isSelected(at) ? selectedTracks() : [track]);
  const ways = { draggable: !isClip(track.id), onDragStart: drag, onDragEnd: endDrag };
  if (!at) return ways;
  return {
    ...ways,
    onClick: (event: MouseEvent) => selectByClick(event, at, track),
    onKeyDown: (event: KeyboardEvent) => selectByKey(event, at, track),
    onMouseDown: (event: MouseEvent) => event.shiftKey && event.preventDefault(), // no text is selected
    onDblClick: (event: MouseEvent) => (event.target as Element).closest("a, button") || onPlay(),
  };
}

/** One row of a list of tracks. */
export function TrackRow({ track, onPlay, extra, more = [], compact, numbered, place, at, scored, reasons = [], versions = [], moved, seed }: TrackRowProps) {
  const active = player.currentTrack.value?.id === track.id;
  const unplayable = !player.playable(track);
  const selected = at !== undefined && isSelected(at);
  const bare = numbered || (!scored && goesOn(at?.before, track));
  const look = [active && "active", compact && "compact", unplayable && "unplayable", selected && "selected"].filter(Boolean).join(" ");
  const choices = () => (selected && selectedTracks().length > 1 ? choicesOf(selectedTracks()) : [...more, ...selectChoices(at, track), ...trackChoices(track, seed)]);
  return (
    <div onContextMenu={openMenu} class={`row ${look}`} {...selecting(at, track, onPlay)}>
      <button type="button" class="row-play" disabled={unplayable} onClick={active ? player.toggle : onPlay}
        aria-label={`${active && player.playing.value ? "Pause" : "Play"} ${track.title}`}>
        {place !== undefined && <span class="row-place num" aria-hidden="true">{place}</span>}
        {bare ? <span class={`row-number num quiet ${numbered ? "" : "goes-on"}`} aria-hidden="true" data-number={track.track_number ?? "–"} /> : <Cover id={track.id} size={48} />}
        {active && player.playing.value && <span class="playing-bars" aria-hidden="true"><i /><i /><i /></span>}
        <span class="row-overlay"><Icon name={active && player.playing.value ? "pause" : "play"} size={20} /></span>
      </button>
      <div class="row-name">
        <a href={linkTo(track)} class="clip row-title">{selected && <span class="hidden-text">Selected: </span>}{track.title}</a>
        <span class="clip quiet row-artist">
          {unplayable && <span class="tag">{track.missing ? "file missing" : "no audio"}</span>}
          <Byline track={track} />
          {versions.length > 0 && <span class="tag reason" title={versions.map((other) => other.path ?? other.title).join("\n")}>{versions.length + 1} copies</span>}
          {moved && <span class="tag reason" title={moved.text}><span aria-hidden="true">{moved.value < 0 ? "↓" : "↑"}</span><span class="hidden-text">moved {moved.value < 0 ? "down" : "up"}</span></span>}
          {reasons.map((reason) => <span key={reason} class="tag reason">{reason}</span>)}
        </span>
      </div>
      {!compact && <span class="clip quiet row-album">{track.album && <a href={`${linkTo(track)}/album`}>{track.album}</a>}</span>}
      {!compact && <span class="clip quiet row-genre">{[track.year, track.genre].filter(Boolean).join(" · ")}</span>}
      {extra}
      <span class="quiet num row-length">{track.duration_s ? clock(track.duration_s) : ""}</span>
      <span class="row-actions">
        <LikeButton track={track} seed={seed} small />
        <DislikeButton track={track} seed={seed} small />
        <IconButton icon="similar" label={`More like ${track.title}`} onClick={() => addTrackAsSeed(track)} small extraClass="row-seed" />
        <Menu label={`More actions for ${track.title}`} choices={choices} />
      </span>
    </div>
  );
}

const selectChoices = (at: RowPlace | undefined, track: Track): Choice[] =>
  at ? [{ icon: "check", text: isSelected(at) ? "Select no more" : anySelected() ? "Select, too" : "Select", run: () => toggleSelected(at, track) }] : [];

export function trackChoices(track: Track, seed?: Track): Choice[] {
  return [
    { icon: "playNext", text: "Play next", run: () => player.playAfter([track]) },
    { icon: "queue", text: "Add to queue", run: () => player.enqueue([track]) },
    { icon: "sound", text: "Start radio", run: () => void startRadio(radioOf(track)) },
    { icon: "similar", text: "More like this", run: () => addTrackAsSeed(track) },
    { icon: "lessLike", text: "Less like this", run: () => addTrackAsSeed(track, true) },
    ...opinionChoices(track, seed),
    { icon: "save", text: "Add to a playlist", run: () => (saving.value = { tracks: [track], name: "" }) },
  ];
}
