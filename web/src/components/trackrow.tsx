import type { ComponentChildren } from "preact";
import { clock } from "../format";
import * as player from "../player";
import { radioOf, startRadio } from "../radio";
import { addTrackAsSeed } from "../seeds";
import type { Bias, Track } from "../types";
import { Cover, IconButton } from "./common";
import { Icon } from "./icons";
import { Menu, type Choice } from "./menu";
import { DislikeButton, LikeButton, opinionChoices } from "./opinions";
import { saving } from "./savedialog";

interface TrackRowProps {
  track: Track;
  onPlay: () => void;
  extra?: ComponentChildren; // before the actions: a score
  more?: Choice[];
  numbered?: boolean; // with its number on the album, in place of the cover
  compact?: boolean; // without album, genre and year
  place?: number;
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

/** One row of a list of tracks. */
export function TrackRow({ track, onPlay, extra, more = [], compact, numbered, place, reasons = [], versions = [], moved, seed }: TrackRowProps) {
  const active = player.currentTrack.value?.id === track.id;
  const unplayable = !player.playable(track);
  return (
    <div onContextMenu={openMenu} class={`row ${active ? "active" : ""} ${compact ? "compact" : ""} ${unplayable ? "unplayable" : ""}`}>
      <button type="button" class="row-play" disabled={unplayable} onClick={active ? player.toggle : onPlay}
        aria-label={`${active && player.playing.value ? "Pause" : "Play"} ${track.title}`}>
        {place !== undefined && <span class="row-place num" aria-hidden="true">{place}</span>}
        {numbered ? <span class="row-number num quiet" aria-hidden="true" data-number={track.track_number ?? "–"} /> : <Cover id={track.id} size={48} />}
        {active && player.playing.value && <span class="playing-bars" aria-hidden="true"><i /><i /><i /></span>}
        <span class="row-overlay"><Icon name={active && player.playing.value ? "pause" : "play"} size={20} /></span>
      </button>
      <div class="row-name">
        <a href={linkTo(track)} class="clip row-title">{track.title}</a>
        <span class="clip quiet row-artist">
          {unplayable && <span class="tag">{track.missing ? "file missing" : "no audio"}</span>}
          <Byline track={track} />
          {versions.length > 0 && <span class="tag reason" title={versions.map((other) => other.path ?? other.title).join("\n")}>{versions.length + 1} copies</span>}
          {moved && <span class="tag reason" title={moved.text}><span aria-hidden="true">{moved.value < 0 ? "↓" : "↑"}</span><span class="hidden-text">moved {moved.value < 0 ? "down" : "up"}</span></span>}
          {reasons.map((reason) => <span key={reason} class="tag reason">{reason}</span>)}
        </span>
      </div>
      {!compact && <span class="clip quiet row-album">{track.album && <a href={`${linkTo(track)}/album`}>{track.album}</a>}</span>}
      {!compact && <span class="clip quiet row-genre">{[track.genre, track.year].filter(Boolean).join(" · ")}</span>}
      {extra}
      <span class="quiet num row-length">{track.duration_s ? clock(track.duration_s) : ""}</span>
      <span class="row-actions">
        <LikeButton track={track} seed={seed} small />
        <DislikeButton track={track} seed={seed} small />
        <IconButton icon="similar" label={`More like ${track.title}`} onClick={() => addTrackAsSeed(track)} small extraClass="row-seed" />
        <Menu label={`More actions for ${track.title}`} choices={() => [...more, ...trackChoices(track, seed)]} />
      </span>
    </div>
  );
}

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
