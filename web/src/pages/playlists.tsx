import * as api from "../api";
import { EmptyState, LoadError, PageHeader, LoadingRows } from "../components/common";
import { Icon } from "../components/icons";
import { saving } from "../components/savedialog";
import { ListsTabs } from "../components/tabs";
import { count, formatDate, formatDuration } from "../format";
import { useLoad } from "../hooks";
import { Cover } from "../components/common";
import type { PlaylistSummary } from "../types";

export function PlaylistsPage() {
  const { data, error, retry } = useLoad(api.playlists, [saving.value === null]);
  return (
    <>
      <PageHeader title="Playlists">
        <a class="button" href="/similar"><Icon name="similar" size={18} />Find similar music</a>
        <a class="button" href="/journey"><Icon name="journey" size={18} />Plan a journey</a>
      </PageHeader>
      <ListsTabs />
      {error && !data ? <LoadError error={error} retry={retry} /> : !data ? <LoadingRows n={4} label="Loading playlists" /> : !data.playlists.length ? (
        <EmptyState icon="playlist" title="No playlists yet">
          <p>Find music <a href="/similar">similar</a> to something you love, plan a <a href="/journey">journey</a>,
            or draw around tracks on the <a href="/map">map</a>. Then save the result.</p>
        </EmptyState>
      ) : (
        <ul class="cards">{data.playlists.map((head) => <li key={head.id}><Card head={head} /></li>)}</ul>
      )}
    </>
  );
}

function Card({ head }: { head: PlaylistSummary }) {
  const { data } = useLoad((stop) => api.playlist(head.id, stop), [head.id, head.changed_at]);
  const covers = data?.tracks.slice(0, 4) ?? [];
  return (
    <a class="card" href={`/playlists/${encodeURIComponent(head.id)}`}>
      <span class={`mosaic n${Math.min(4, covers.length)}`}>{covers.map((track) => <Cover key={track.id} id={track.id} size={120} shown={120} />)}</span>
      <span class="card-name clip">{head.name}</span>
      <span class="quiet">{count(head.n, "track")}, {formatDuration(head.duration_s)}</span>
      <span class="quiet">{formatDate(head.changed_at)}{head.owner ? ` · by ${head.owner}` : head.public && " · shared"}</span>
    </a>
  );
}
