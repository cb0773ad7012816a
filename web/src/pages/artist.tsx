import * as api from "../api";
import { AlbumCard, ArtistCard, Shelf } from "../components/cards";
import { Cover, LoadError, LoadingRows, PageHeader } from "../components/common";
import { Icon } from "../components/icons";
import { TrackRow } from "../components/trackrow";
import { count } from "../format";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import { rowsOf } from "../selection";
import * as player from "../player";
import { startRadio } from "../radio";
import { useTitle } from "../title";
import type { Artist } from "../types";

export function ArtistPage({ id }: { id: string }) {
  const { data, error, retry } = useLoad((stop) => api.artist(id, stop), [id, libraryChanges.value]);
  const { data: near } = useLoad((stop) => api.similarArtists(id, stop), [id, libraryChanges.value]);
  if (error && !data) return <><PageHeader title="Artist" /><LoadError error={error} retry={retry} /></>;
  if (!data) return <><PageHeader title="Artist" /><LoadingRows label="Loading artist" /></>;
  const at = rowsOf(`artist ${id}`, data.top_tracks);
  return (
    <>
      <Hero artist={data} />
      <Shelf title="Albums">{data.own_albums.map((album) => <AlbumCard key={album.id} album={album} />)}</Shelf>
      {data.top_tracks.length > 0 && (
        <section class="disc" aria-labelledby="top">
          <h2 id="top">{data.tracks > data.top_tracks.length ? "Tracks to start with" : "Tracks"}</h2>
          <ol class="matches" aria-label={`Tracks by ${data.name}`}>
            {data.top_tracks.map((track, i) => <li key={track.id}><TrackRow track={track} at={at(i)} compact onPlay={() => player.playTracks(data.top_tracks, i)} /></li>)}
          </ol>
        </section>
      )}
      <Shelf title="Appears on">{data.appears_on.map((album) => <AlbumCard key={album.id} album={album} />)}</Shelf>
      <Shelf title="Artists who sound alike">
        {(near?.matches ?? []).filter((match) => match.score > 0).map((match) => <ArtistCard key={match.artist.id} artist={match.artist} />)}
      </Shelf>
      <Shelf title="Albums that sound alike">
        {(near?.albums ?? []).filter((match) => match.score > 0).map((match) => <AlbumCard key={match.album.id} album={match.album} />)}
      </Shelf>
    </>
  );
}

function Hero({ artist }: { artist: Artist }) {
  const play = (shuffle: boolean) => player.beginFound(api.artistTracks(artist.id), ({ tracks }) => {
    if (shuffle) player.setShuffle(true);
    player.playTracks(tracks, shuffle ? Math.floor(Math.random() * tracks.length) : 0);
  });
  useTitle(artist.name);
  return (
    <header class="hero artist-hero">
      <Cover id={artist.cover} size={320} shown={156} />
      <div class="hero-text">
        <h1 tabIndex={-1}>{artist.name}</h1>
        <p class="quiet">{[artist.albums ? count(artist.albums, "album") : "", count(artist.tracks, "track")].filter(Boolean).join(", ")}</p>
        <div class="tracks-bar">
          <button type="button" class="button main" onClick={() => void play(false)}><Icon name="play" size={18} />Play</button>
          <button type="button" class="button" onClick={() => void play(true)}><Icon name="shuffle" size={18} />Shuffle</button>
          <button type="button" class="button" onClick={() => void startRadio({ seeds: [`artist:${artist.name}`], minus: [], name: `like ${artist.name}`, steer: [], reach: 0.5 })}>
            <Icon name="sound" size={18} />Start radio
          </button>
          <a class="button" href={`/tracks?artist=${encodeURIComponent(artist.name)}`}><Icon name="library" size={18} />All tracks</a>
        </div>
      </div>
    </header>
  );
}
