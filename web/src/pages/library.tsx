import { useState } from "preact/hooks";
import * as api from "../api";
import { EmptyState, KEPT_LINE, LoadError, PageHeader, LoadingRows } from "../components/common";
import { VirtualList } from "../components/virtuallist";
import { EmptyLibrary } from "../components/firstrun";
import { Filters, readConditions } from "../components/filters";
import { Icon } from "../components/icons";
import { LibraryTabs } from "../components/tabs";
import { TrackRow } from "../components/trackrow";
import { count, formatDuration } from "../format";
import { useLoad, useDebounced } from "../hooks";
import { libraryChanges } from "../jobs";
import * as player from "../player";
import { rowHeight } from "../preferences";
import { route, setQuery } from "../router";
import type { TrackList } from "../selection";
import { attempt } from "../toast";
import type { Conditions, SearchPage, Track } from "../types";

interface Found {
  track: Track;
  reasons: string[];
  versions?: readonly Track[];
}

const NOTHING = { meanings: [], hints: [] };
const MOST = 200; // tracks in an answer
const PAGE_SIZE = 60;
const sorts: [api.Sort, string][] = [["artist", "Sort by artist"], ["title", "Sort by title"], ["year", "Sort by year"], ["added", "Newest first"]];

export function LibraryPage() {
  const query = route.value.query;
  const text = query.get("q") ?? "";
  const sort = (query.get("sort") as api.Sort | null) ?? "artist";
  const where = readConditions(query);
  const listing = useDebounced(JSON.stringify({ q: text, where, sort }), 90);
  const [total, setTotal] = useState<number | null>(null);
  const { data: facts } = useLoad(api.library, [libraryChanges.value]);
  const request = JSON.parse(listing) as { q: string; where: Conditions; sort: api.Sort };
  const [understood, setUnderstood] = useState<Pick<SearchPage, "meanings" | "hints">>(NOTHING);
  const filtered = Boolean(request.q) || Object.keys(request.where).length > 0;

  const change = (q: string, next: Conditions, order: api.Sort) => {
    const changed = api.conditionsInQuery(next);
    if (q) changed.set("q", q);
    if (order !== "artist") changed.set("sort", order);
    setQuery(changed);
  };
  // The row may be of the list before, which stays until the next one has come.
  const playFrom = (index: number, chosen?: Track) => {
    const offset = Math.max(0, index - 20);
    return player.beginFound(load({ ...request, limit: 200, offset }), ({ items }) => {
      const tracks = items.map((item) => item.track);
      const place = chosen ? tracks.findIndex((track) => track.id === chosen.id) : 0;
      if (chosen && place < 0) player.playTracks([chosen]);
      else player.playTracks(tracks, place);
    });
  };
  const list: TrackList = {
    name: `tracks ${listing} ${libraryChanges.value}`, total: total ?? 0,
    tracksAt: async (from, to) => (await attempt(loadRange(request, from, to))) ?? [],
  };
  return (
    <>
      <PageHeader title="Tracks" lead={facts ? facts.tracks > 0 && `${count(facts.tracks, "track")}, ${formatDuration(facts.duration_s)}` : KEPT_LINE}>
        <button type="button" class="button" disabled={!total} onClick={() => void playFrom(0)}><Icon name="play" size={18} />Play</button>
        <button type="button" class="button" disabled={!total} onClick={() => void shuffleAll(request)}>
          <Icon name="shuffle" size={18} />Shuffle
        </button>
      </PageHeader>
      <LibraryTabs />
      <div class="tools">
        <label class="field search">
          <Icon name="search" />
          <span class="hidden-text">Search the library</span>
          <input id="search" type="search" placeholder="Search titles, artists, moods, sounds" value={text} autocomplete="off"
            onInput={(event) => change(event.currentTarget.value, where, sort)} />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <div class="tools-line">
          <Filters where={where} onChange={(next) => change(text, next, sort)} />
          {!text && <select class="select" aria-label="Sort order" value={sort} onChange={(event) => change(text, where, event.currentTarget.value as api.Sort)}>
            {sorts.map(([key, name]) => <option key={key} value={key}>{name}</option>)}
          </select>}
        </div>
      </div>
      <p class={filtered ? "quiet result-count" : "hidden-text"} role="status">
        {total === null ? "" : [`${count(total, "track")} found`, ...understood.meanings].join(" · ")}
      </p>
      {!text && <Columns sort={sort} onSort={(order) => change(text, where, order)} />}
      <VirtualList<Found> listKey={`${listing} ${libraryChanges.value}`} pageSize={PAGE_SIZE} itemHeight={rowHeight.value} label="Tracks"
        load={async (offset, stop) => {
          const page = await load({ ...request, limit: PAGE_SIZE, offset }, stop);
          setUnderstood(page);
          return page;
        }}
        onTotal={setTotal}
        render={({ track, reasons, versions }, i, above) => <TrackRow track={track} at={{ list, place: i, before: above?.track }} reasons={reasons} versions={versions ?? []} onPlay={() => void playFrom(i, track)} />}
        skeleton={<LoadingRows n={10} label="Loading library" />}
        whenFailed={(error, retry) => <LoadError error={error} retry={retry} />}
        whenEmpty={filtered ? <NoMatches hints={understood.hints} clear={() => setQuery(new URLSearchParams())} /> : <EmptyLibrary />} />
    </>
  );
}

/** Play any 200 of the tracks: enough for a day; of a text, those that it finds first. */
function shuffleAll(request: api.Listing): Promise<void> {
  const answer = request.q?.trim()
    ? load({ ...request, limit: 200, offset: 0 }).then((page) => page.items.map((item) => item.track))
    : api.randomTracks(request, 200);
  return player.beginFound(answer, (tracks) => {
    player.setShuffle(true);
    if (tracks.length) player.playTracks(tracks, Math.floor(Math.random() * tracks.length));
  });
}

/** A page of all tracks, or of those that a text describes, with what sounds so. */
async function load(request: api.Listing, stop?: AbortSignal) {
  if (!request.q?.trim()) {
    const page = await api.tracks({ ...request, q: "" }, stop);
    return { items: page.tracks.map((track): Found => ({ track, reasons: [] })), total: page.total, ...NOTHING };
  }
  const page = await api.search(request, stop);
  const items = page.matches.map(({ track, reasons, versions }): Found => {
    const sounding = reasons.filter((reason) => ["label", "mood", "sound"].includes(reason.kind));
    return { track, reasons: sounding.map((reason) => reason.text), versions };
  });
  return { ...page, items };
}

/** The tracks of some places, by as many requests as that takes. */
async function loadRange(request: api.Listing, from: number, to: number): Promise<Track[]> {
  const tracks: Track[] = [];
  for (let offset = from; offset <= to; offset += MOST) {
    const page = await load({ ...request, limit: Math.min(MOST, to - offset + 1), offset });
    tracks.push(...page.items.map((item) => item.track));
  }
  return tracks;
}

const columns: [api.Sort, string, string][] = [["title", "Title", ""], ["artist", "Artist and album", "row-album"], ["year", "Year and genre", "row-genre"]];

/** The names of the columns; a click puts the list in the order of one. */
function Columns({ sort, onSort }: { sort: api.Sort; onSort: (sort: api.Sort) => void }) {
  return (
    <div class="list-columns" role="group" aria-label="Order of the list">
      <span />
      {columns.map(([key, name, place]) => (
        <button key={key} type="button" class={place} aria-pressed={sort === key} onClick={() => onSort(key)}>{name}</button>
      ))}
    </div>
  );
}

function NoMatches({ hints, clear }: { hints: string[]; clear: () => void }) {
  return (
    <EmptyState icon="search" title="No tracks found">
      <p>No track has these words in its title, artist, album or file name, or sounds like them.</p>
      {hints.map((hint) => <p key={hint} class="quiet">{hint}</p>)}
      <button type="button" class="button" onClick={clear}>Show all tracks</button>
    </EmptyState>
  );
}
