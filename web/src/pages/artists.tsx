import { useState } from "preact/hooks";
import * as api from "../api";
import { ArtistCard } from "../components/cards";
import { EmptyState, KEPT_LINE, PageHeader } from "../components/common";
import { Icon } from "../components/icons";
import { LibraryTabs } from "../components/tabs";
import { Wall } from "../components/wall";
import { count } from "../format";
import { useDebounced } from "../hooks";
import { libraryChanges } from "../jobs";
import { route, setQuery } from "../router";
import type { ArtistSummary } from "../types";

const sorts: [api.ArtistSort, string][] = [["name", "By name"], ["tracks", "Most tracks first"], ["played", "Last played first"], ["often", "Most played first"]];

export function ArtistsPage() {
  const query = route.value.query;
  const sort = (query.get("sort") as api.ArtistSort | null) ?? "name";
  const text = query.get("q") ?? "";
  const wanted = useDebounced(text, 90);
  const [total, setTotal] = useState<number | null>(null);
  const change = (name: string, value: string | null) => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    setQuery(next);
  };
  return (
    <>
      <PageHeader title="Artists" lead={total === null ? KEPT_LINE : count(total, "artist")} />
      <LibraryTabs />
      <div class="tools-line wall-tools">
        <label class="field">
          <Icon name="search" size={18} /><span class="hidden-text">Find an artist</span>
          <input id="search" type="search" placeholder="Find an artist" value={text} autocomplete="off" onInput={(event) => change("q", event.currentTarget.value)} />
        </label>
        <select class="select" aria-label="Sort order" value={sort} onChange={(event) => change("sort", event.currentTarget.value === "name" ? null : event.currentTarget.value)}>
          {sorts.map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </select>
      </div>
      <Wall<ArtistSummary> listKey={`${sort} ${wanted} ${libraryChanges.value}`} label="Artists" onTotal={setTotal}
        load={async (limit, offset, stop) => {
          const page = await api.artists({ sort, q: wanted, limit, offset }, stop);
          return { items: page.artists, total: page.total };
        }}
        render={(artist) => <ArtistCard artist={artist} />}
        whenEmpty={<EmptyState icon="artist" title="No artists"><p>{text || sort === "played" || sort === "often" ? "Nothing fits. Try other words or another order." : "No track names its artist."}</p></EmptyState>} />
    </>
  );
}
