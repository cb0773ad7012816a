import * as api from "../api";
import { AlbumCard, Shelf, TrackCard } from "../components/cards";
import { Cover, LoadError, LoadingRows, PageHeader } from "../components/common";
import { EmptyLibrary } from "../components/firstrun";
import { Icon } from "../components/icons";
import { linkTo } from "../components/trackrow";
import { count } from "../format";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import * as player from "../player";
import type { AlbumSummary, Cluster } from "../types";

const MIX = 40; // tracks
const MOST = 12; // tracks to start with

export function HomePage() {
  const { data, error, retry } = useLoad(api.home, [libraryChanges.value]);
  const { data: groups } = useLoad(api.clusters, [libraryChanges.value]);
  if (error && !data) return <><PageHeader title="Home" /><LoadError error={error} retry={retry} /></>;
  if (!data) return <><PageHeader title="Home" /><LoadingRows label="Loading home" /></>;
  const tagged = data.added.length > 0 || data.rediscover.length > 0;
  const albums = (list: readonly AlbumSummary[]) => list.map((album) => <AlbumCard key={album.id} album={album} />);
  return (
    <>
      <PageHeader title="Home" />
      <Shelf title="Jump back in">{albums(data.go_on)}</Shelf>
      <Shelf title="Recently added" all="/albums?sort=added">{albums(data.added)}</Shelf>
      {data.because && (
        <Shelf title={`Because you played ${data.because.track.title}`} all={linkTo(data.because.track)}>
          {data.because.matches.map(({ track }, _, all) => <TrackCard key={track.id} track={track} tracks={all.map((match) => match.track)} />)}
        </Shelf>
      )}
      {groups && groups.clusters.length > 0 && (
        <Shelf title="Mixes" all="/groups" lead="One for each group of tracks that sound alike.">
          {groups.clusters.map((group) => <Mix key={group.number} group={group} />)}
        </Shelf>
      )}
      {tagged ? <Shelf title={data.go_on.length ? "Rediscover" : "Start somewhere"}>{albums(data.rediscover)}</Shelf> : <Somewhere />}
      <Shelf title="Recently played" all="/history">
        {data.played.map((track) => <TrackCard key={track.id} track={track} tracks={data.played} />)}
      </Shelf>
    </>
  );
}

/** Tracks of a library whose files name no albums; or a way to begin, where there are none. */
function Somewhere() {
  const { data: tracks } = useLoad(() => api.randomTracks({}, MOST), [libraryChanges.value]);
  if (!tracks) return <LoadingRows label="Loading tracks" />;
  if (!tracks.length) return <EmptyLibrary />;
  return (
    <Shelf title="Start somewhere" all="/tracks">
      {tracks.map((track) => <TrackCard key={track.id} track={track} tracks={tracks} />)}
    </Shelf>
  );
}

/** A varied playlist of a group, made when it is played. */
function Mix({ group }: { group: Cluster }) {
  const seeds = group.central.map((track) => track.id);
  const play = () => player.beginFound(
    api.suggestPlaylist({ seeds, k: MIX, variety: 0.3, where: { cluster: group.number } }),
    ({ matches }) => player.playTracks([...group.central.slice(0, 1), ...matches.map((match) => match.track)]),
  );
  return (
    <div class="tile mix" ref={(tile) => tile?.style.setProperty("--wash", group.color)}>
      <a href={`/tracks?cluster=${group.number}`} class="tile-cover mix-cover" aria-label={group.name} tabIndex={-1}>
        {group.central.slice(0, 4).map((track) => <Cover key={track.id} id={track.id} size={90} shown={90} />)}
      </a>
      <button type="button" class="tile-play" aria-label={`Play a mix of ${group.name}`} onClick={() => void play()}><Icon name="play" size={20} /></button>
      <a href={`/tracks?cluster=${group.number}`} class="tile-name clip" title={group.name}>{group.name}</a>
      <span class="quiet tile-by">{count(group.size, "track")}</span>
    </div>
  );
}
