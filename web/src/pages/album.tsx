import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { coverColor } from "../covercolor";
import { AlbumCard, albumLink, albumName, artistLink, Shelf } from "../components/cards";
import { Cover, LoadError, LoadingRows, PageHeader } from "../components/common";
import { Icon } from "../components/icons";
import { TrackRow } from "../components/trackrow";
import { TracksBar } from "../components/tracksbar";
import { rowsOf } from "../selection";
import { count, formatDuration } from "../format";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import * as player from "../player";
import { navigate } from "../router";
import { useTitle } from "../title";
import type { Album, Track } from "../types";

export function AlbumPage({ id }: { id: string }) {
  const { data, error, retry } = useLoad((stop) => api.album(id, stop), [id, libraryChanges.value]);
  if (error && !data) return <><PageHeader title="Album" /><LoadError error={error} retry={retry} /></>;
  if (!data) return <><PageHeader title="Album" /><LoadingRows label="Loading album" /></>;
  return (
    <>
      <Hero album={data} />
      <Discs album={data} />
      <Similar album={data} />
    </>
  );
}

/** The address of a track's album, without knowing the album's id. */
export function AlbumOfTrackPage({ id }: { id: string }) {
  const { data, error, retry } = useLoad((stop) => api.albumOf(id, stop), [id, libraryChanges.value]);
  useEffect(() => {
    if (data) navigate(albumLink(data), { replace: true });
  }, [data]);
  return <><PageHeader title="Album" />{error ? <LoadError error={error} retry={retry} /> : <LoadingRows label="Loading album" />}</>;
}

function Hero({ album }: { album: Album }) {
  const hero = useRef<HTMLElement>(null);
  useEffect(() => void coverColor(album.cover).then((color) => color && hero.current?.style.setProperty("--wash", color)), [album.cover]);
  const artist = album.artist ?? "Unknown artist";
  useTitle(`${albumName(album)} · ${artist}`);
  return (
    <header ref={hero} class="hero">
      <Cover id={album.cover} size={512} shown={232} />
      <div class="hero-text">
        <h1 tabIndex={-1}>{albumName(album)}</h1>
        <p class="hero-by">
          <a href={artistLink({ id: album.artist_id })}>{artist}</a>
          {album.year && <span class="num"> · {album.year}</span>}
          {album.genres.slice(0, 3).map((genre) => <> · <a key={genre} href={`/albums?genre=${encodeURIComponent(genre)}`}>{genre}</a></>)}
        </p>
        <p class="quiet">{count(album.n, "track")}, {formatDuration(album.duration_s)}</p>
        <TracksBar tracks={album.tracks} name={albumName(album)}>
          <button type="button" class="button" onClick={() => (player.setShuffle(true), player.playTracks(album.tracks, Math.floor(Math.random() * album.n)))}>
            <Icon name="shuffle" size={18} />Shuffle
          </button>
        </TracksBar>
      </div>
    </header>
  );
}

/** The tracks by disc; a row names its artist only where that is not the album's. */
function Discs({ album }: { album: Album }) {
  const discs = new Map<number, Track[]>();
  const at = rowsOf(`album ${album.id}`, album.tracks);
  for (const track of album.tracks) discs.set(track.disc_number ?? 1, [...(discs.get(track.disc_number ?? 1) ?? []), track]);
  return (
    <>
      {[...discs].map(([disc, tracks]) => (
        <section key={disc} class="disc" aria-label={discs.size > 1 ? `Disc ${disc}` : "Tracks"}>
          {discs.size > 1 && <h2>Disc {disc}</h2>}
          <ol class="matches" aria-label={discs.size > 1 ? `Disc ${disc}` : albumName(album)}>
            {tracks.map((track) => (
              <li key={track.id}>
                <TrackRow track={track} at={at(album.tracks.indexOf(track))} compact numbered onPlay={() => player.playTracks(album.tracks, album.tracks.indexOf(track))} />
              </li>
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

function Similar({ album }: { album: Album }) {
  const { data } = useLoad((stop) => api.similarAlbums(album.id, stop), [album.id, libraryChanges.value]);
  if (!data) return <LoadingRows n={2} label="Finding similar albums" />;
  return (
    <Shelf title="Albums that sound like this">
      {data.matches.filter((match) => match.score > 0).map((match) => <AlbumCard key={match.album.id} album={match.album} />)}
    </Shelf>
  );
}
