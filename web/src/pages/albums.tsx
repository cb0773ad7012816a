import { useState } from "preact/hooks";
import * as api from "../api";
import { AlbumCard } from "../components/cards";
import { EmptyState, KEPT_LINE, PageHeader } from "../components/common";
import { Icon } from "../components/icons";
import { LibraryTabs } from "../components/tabs";
import { Wall } from "../components/wall";
import { count } from "../format";
import { useDebounced } from "../hooks";
import { libraryChanges } from "../jobs";
import { route, setQuery } from "../router";
import type { AlbumSummary } from "../types";

const sorts: [api.AlbumSort, string][] = [
  ["artist", "By artist"], ["name", "By title"], ["year", "Newest year first"], ["added", "Last added first"],
  ["played", "Last played first"], ["often", "Most played first"], ["random", "Random"],
];

export function AlbumsPage() {
  const query = route.value.query;
  const sort = (query.get("sort") as api.AlbumSort | null) ?? "artist";
  const [text, genre] = [query.get("q") ?? "", query.get("genre")];
  const wanted = useDebounced(text, 90);
  const [total, setTotal] = useState<number | null>(null);
  const [order] = useState(() => Math.floor(Math.random() * 1e6)); // of sort=random
  const change = (name: string, value: string | null) => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    setQuery(next);
  };
  return (
    <>
      <PageHeader title="Albums" lead={total === null ? KEPT_LINE : `${count(total, "album")}${genre ? ` with ${genre}` : ""}`} />
      <LibraryTabs />
      <div class="tools-line wall-tools">
        <label class="field">
          <Icon name="search" size={18} /><span class="hidden-text">Find an album</span>
          <input id="search" type="search" placeholder="Find an album or artist" value={text} autocomplete="off" onInput={(event) => change("q", event.currentTarget.value)} />
        </label>
        {genre && (
          <button type="button" class="chip" onClick={() => change("genre", null)}>{genre}<Icon name="close" size={14} /><span class="hidden-text">: remove filter</span></button>
        )}
        <select class="select" aria-label="Sort order" value={sort} onChange={(event) => change("sort", event.currentTarget.value === "artist" ? null : event.currentTarget.value)}>
          {sorts.map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </select>
      </div>
      <Wall<AlbumSummary> listKey={`${sort} ${wanted} ${genre} ${order} ${libraryChanges.value}`} label="Albums" onTotal={setTotal}
        load={async (limit, offset, stop) => {
          const page = await api.albums({ sort, q: wanted, genre, order, limit, offset }, stop);
          return { items: page.albums, total: page.total };
        }}
        render={(album) => <AlbumCard album={album} />}
        whenEmpty={<EmptyState icon="album" title="No albums"><p>{text || genre || ["played", "often"].includes(sort) ? "Nothing fits. Try other words or another order." : "No track names its album."}</p></EmptyState>} />
    </>
  );
}
