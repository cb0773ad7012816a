import * as api from "../api";
import { Empty, Failure, Head, Rows } from "../components/bits";
import { Icon } from "../components/icons";
import { saving } from "../components/savedialog";
import { count, day, length } from "../format";
import { useLoad } from "../hooks";
import { Cover } from "../components/bits";
import type { PlaylistHead } from "../types";

export function PlaylistsPage() {
  const { data, error, again } = useLoad(api.playlists, [saving.value === null]);
  return (
    <>
      <Head title="Playlists">
        <a class="button" href="/blend"><Icon name="blend" size={18} />Make one by sound</a>
        <a class="button" href="/journey"><Icon name="journey" size={18} />Make a journey</a>
      </Head>
      {error && !data ? <Failure error={error} again={again} /> : !data ? <Rows n={4} what="Opening the playlists" /> : !data.playlists.length ? (
        <Empty icon="playlist" title="No playlists yet">
          <p>Find what <a href="/blend">sounds like</a> something you love, make a <a href="/journey">journey</a>,
            or draw a line around a corner of the <a href="/map">map</a>, and save it.</p>
        </Empty>
      ) : (
        <ul class="cards">{data.playlists.map((head) => <li key={head.id}><Card head={head} /></li>)}</ul>
      )}
    </>
  );
}

function Card({ head }: { head: PlaylistHead }) {
  const { data } = useLoad((stop) => api.playlist(head.id, stop), [head.id, head.changed_at]);
  const covers = data?.tracks.slice(0, 4) ?? [];
  return (
    <a class="card" href={`/playlists/${encodeURIComponent(head.id)}`}>
      <span class={`mosaic n${Math.min(4, covers.length)}`}>{covers.map((track) => <Cover key={track.id} id={track.id} size={120} shown={120} />)}</span>
      <span class="card-name clip">{head.name}</span>
      <span class="quiet">{count(head.n, "track")}, {length(head.duration_s)}</span>
      <span class="quiet">{day(head.changed_at)}</span>
    </a>
  );
}
