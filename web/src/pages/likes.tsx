import * as api from "../api";
import { EmptyState, LoadError, LoadingRows, PageHeader } from "../components/common";
import { TracksBar } from "../components/tracksbar";
import { ListsTabs } from "../components/tabs";
import { TrackRow } from "../components/trackrow";
import { count } from "../format";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import { opinions, opinionsKnown, type Opinion } from "../opinions";
import * as player from "../player";
import { rowsOf } from "../selection";
import type { Track } from "../types";

const most = 1000;

export function LikesPage() {
  const given = [...opinions.value].slice(0, most);
  const { data, error, retry } = useLoad((stop) => api.tracksOf(given.map(([id]) => id), stop), [opinions.value, libraryChanges.value]);
  const those = (opinion: Opinion) => (data ?? []).filter((track) => opinions.value.get(track.id) === opinion);
  const [liked, disliked] = [those("like"), those("dislike")];
  return (
    <>
      <PageHeader title="Likes" lead="What you like and dislike changes what Segue recommends. Everything can be taken back." />
      <ListsTabs />
      {error && !data ? <LoadError error={error} retry={retry} /> : !data || !opinionsKnown.value ? <LoadingRows label="Loading likes" /> : !liked.length && !disliked.length ? (
        <EmptyState icon="like" title="Nothing liked yet"><p>Press the heart of a track that you like. Dislike what Segue should not recommend.</p></EmptyState>
      ) : (
        <>
          {liked.length > 0 && <Liked tracks={liked} />}
          {disliked.length > 0 && <Disliked tracks={disliked} />}
        </>
      )}
    </>
  );
}

function Liked({ tracks }: { tracks: readonly Track[] }) {
  const at = rowsOf("liked", tracks);
  return (
    <section class="likes" aria-labelledby="liked">
      <h2 id="liked">{count(tracks.length, "liked track")}</h2>
      <TracksBar tracks={tracks} name="Liked tracks" />
      <ol class="matches" aria-label="Liked tracks">
        {tracks.map((track, i) => <li key={track.id}><TrackRow track={track} at={at(i)} scored compact onPlay={() => player.playTracks(tracks, i)} /></li>)}
      </ol>
    </section>
  );
}

function Disliked({ tracks }: { tracks: readonly Track[] }) {
  const at = rowsOf("disliked", tracks);
  return (
    <section class="likes" aria-labelledby="disliked">
      <h2 id="disliked">{count(tracks.length, "disliked track")}</h2>
      <p class="quiet">Segue does not recommend {tracks.length === 1 ? "it" : "them"}.</p>
      <ol class="matches" aria-label="Disliked tracks">
        {tracks.map((track, i) => (
          <li key={track.id}>
            <TrackRow track={track} at={at(i)} scored compact onPlay={() => player.playTracks(tracks, i)} />
          </li>
        ))}
      </ol>
    </section>
  );
}
