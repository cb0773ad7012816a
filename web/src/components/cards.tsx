/** Albums and artists as cards: a cover, a name, and a button that plays at once. */
import type { ComponentChildren } from "preact";
import * as api from "../api";
import { count } from "../format";
import * as player from "../player";
import type { AlbumSummary, ArtistSummary, Track } from "../types";
import { Cover } from "./common";
import { Icon } from "./icons";

export const albumLink = (album: { id: string }) => `/albums/${encodeURIComponent(album.id)}`;
export const artistLink = (artist: { id: string }) => `/artists/${encodeURIComponent(artist.id)}`;
export const albumName = (album: AlbumSummary) => album.name ?? "Other tracks";

interface CardProps {
  href: string;
  cover: string;
  name: string;
  by?: ComponentChildren;
  round?: boolean;
  onPlay: () => Promise<unknown> | void;
}

function Card({ href, cover, name, by, round = false, onPlay }: CardProps) {
  return (
    <div class={`tile ${round ? "round" : ""}`}>
      <a href={href} class="tile-cover" aria-label={name} tabIndex={-1}><Cover id={cover} size={180} shown={180} /></a>
      <button type="button" class="tile-play" aria-label={`Play ${name}`} onClick={() => void onPlay()}><Icon name="play" size={20} /></button>
      <a href={href} class="tile-name clip" title={name}>{name}</a>
      {by && <span class="clip quiet tile-by">{by}</span>}
    </div>
  );
}

const playAll = (load: Promise<{ tracks: readonly Track[] }>) => player.beginFound(load, ({ tracks }) => player.playTracks(tracks));

export function AlbumCard({ album }: { album: AlbumSummary }) {
  const artist = album.artist ?? "Unknown artist";
  return (
    <Card href={albumLink(album)} cover={album.cover} name={albumName(album)}
      by={<><a href={artistLink({ id: album.artist_id })}>{artist}</a>{album.year && <span class="num"> · {album.year}</span>}</>}
      onPlay={() => playAll(api.album(album.id))} />
  );
}

export function ArtistCard({ artist }: { artist: ArtistSummary }) {
  return (
    <Card href={artistLink(artist)} cover={artist.cover} name={artist.name} round by={count(artist.tracks, "track")}
      onPlay={() => playAll(api.artistTracks(artist.id))} />
  );
}

export function TrackCard({ track, tracks }: { track: Track; tracks: readonly Track[] }) {
  return (
    <Card href={`/track/${encodeURIComponent(track.id)}`} cover={track.id} name={track.title} by={track.artist ?? "Unknown artist"}
      onPlay={() => player.playTracks(tracks, tracks.indexOf(track))} />
  );
}

interface ShelfProps {
  title: string;
  all?: string; // the address of all of it
  lead?: ComponentChildren;
  children: readonly ComponentChildren[];
}

/** A heading and one line of cards that scrolls sideways. */
export function Shelf({ title, all, lead, children }: ShelfProps) {
  if (!children.length) return null;
  return (
    <section class="shelf" aria-label={title}>
      <div class="section-head">
        <h2>{title}</h2>
        {all && <a class="quiet shelf-all" href={all}>Show all<span class="hidden-text">: {title}</span></a>}
      </div>
      {lead && <p class="quiet shelf-lead">{lead}</p>}
      <ul class="shelf-line" tabIndex={0} aria-label={title}>{children.map((child, i) => <li key={i}>{child}</li>)}</ul>
    </section>
  );
}
