import * as api from "../api";
import { Cover, EmptyState, LoadError, LoadingRows, PageHeader } from "../components/common";
import { LibraryTabs } from "../components/tabs";
import { count } from "../format";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";

export function GenresPage() {
  const { data, error, retry } = useLoad(api.genres, [libraryChanges.value]);
  return (
    <>
      <PageHeader title="Genres" lead="As the files' tags name them. Groups by sound are on the map." />
      <LibraryTabs />
      {error && !data ? <LoadError error={error} retry={retry} /> : !data ? <LoadingRows label="Loading genres" /> : !data.genres.length ? (
        <EmptyState icon="library" title="No genres"><p>No track names its genre. Segue also groups tracks by sound.</p><a class="button" href="/groups">Show groups</a></EmptyState>
      ) : (
        <ul class="cards">
          {data.genres.map((genre) => (
            <li key={genre.name}>
              <a class="card" href={`/albums?genre=${encodeURIComponent(genre.name)}`}>
                <span class={`mosaic n${Math.min(4, genre.covers.length)}`}>{genre.covers.map((id) => <Cover key={id} id={id} size={120} shown={120} />)}</span>
                <span class="card-name clip">{genre.name}</span>
                <span class="quiet">{count(genre.albums, "album")}, {count(genre.tracks, "track")}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
