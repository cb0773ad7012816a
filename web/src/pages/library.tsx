import { useState } from "preact/hooks";
import * as api from "../api";
import { Empty, Failure, Head, Rows } from "../components/bits";
import { Endless } from "../components/endless";
import { Filters, readConditions } from "../components/filters";
import { Icon } from "../components/icons";
import { TrackRow } from "../components/trackrow";
import { count, length } from "../format";
import { useLoad, useSettled } from "../hooks";
import { begin, ends } from "../jobs";
import * as player from "../player";
import { place, setQuery } from "../router";
import { attempt } from "../toast";
import type { Conditions, Sort, Track } from "../types";

const PAGE = 60;
const ROW = 64; // px
const sorts: [Sort, string][] = [["artist", "By artist"], ["title", "By title"], ["year", "By year"], ["added", "Newest first"]];

export function LibraryPage() {
  const query = place.value.query;
  const text = query.get("q") ?? "";
  const sort = (query.get("sort") as Sort | null) ?? "artist";
  const where = readConditions(query);
  const listing = useSettled(JSON.stringify({ q: text, where, sort }), 90);
  const [total, setTotal] = useState<number | null>(null);
  const { data: facts } = useLoad(api.library, [ends.value]);
  const asked = JSON.parse(listing) as { q: string; where: Conditions; sort: Sort };
  const narrowed = Boolean(asked.q) || Object.keys(asked.where).length > 0;

  const change = (q: string, next: Conditions, order: Sort) => {
    const changed = api.conditionsInQuery(next);
    if (q) changed.set("q", q);
    if (order !== "artist") changed.set("sort", order);
    setQuery(changed);
  };
  const playFrom = async (index: number) => {
    const offset = Math.max(0, index - 20);
    const page = await attempt(api.tracks({ ...asked, limit: 200, offset }));
    if (page) player.playTracks(page.tracks, index - offset);
  };
  return (
    <>
      <Head title="Library" lead={facts && facts.tracks > 0 && `${count(facts.tracks, "track")}, ${length(facts.duration_s)} of sound`}>
        <button type="button" class="button" disabled={!total} onClick={() => void playFrom(0)}><Icon name="play" size={18} />Play</button>
        <button type="button" class="button" disabled={!total} onClick={() => (player.setShuffle(true), void shuffleAll(asked, total ?? 0))}>
          <Icon name="shuffle" size={18} />Shuffle
        </button>
      </Head>
      <div class="tools">
        <label class="field search">
          <Icon name="search" />
          <span class="hidden-text">Search titles, artists, albums, labels</span>
          <input id="search" type="search" placeholder="Search titles, artists, albums, what it sounds like" value={text} autocomplete="off"
            onInput={(event) => change(event.currentTarget.value, where, sort)} />
          <kbd aria-hidden="true">/</kbd>
        </label>
        <div class="tools-line">
          <Filters where={where} onChange={(next) => change(text, next, sort)} />
          <select class="select" aria-label="Order" value={sort} onChange={(event) => change(text, where, event.currentTarget.value as Sort)}>
            {sorts.map(([key, name]) => <option key={key} value={key}>{name}</option>)}
          </select>
        </div>
      </div>
      <p class={narrowed ? "quiet found" : "hidden-text"} role="status">{total === null ? "" : `${count(total, "track")} found`}</p>
      <Endless<Track> what={`${listing} ${ends.value}`} page={PAGE} height={ROW} label="Tracks"
        load={async (offset, stop) => {
          const page = await api.tracks({ ...asked, limit: PAGE, offset }, stop);
          return { items: page.tracks, total: page.total };
        }}
        onTotal={setTotal}
        render={(track, i) => <TrackRow track={track} onPlay={() => void playFrom(i)} />}
        skeleton={<Rows n={10} what="Opening the library" />}
        whenFailed={(error, again) => <Failure error={error} again={again} />}
        whenNone={narrowed ? <NoneFound clear={() => setQuery(new URLSearchParams())} /> : <FirstSteps />} />
    </>
  );
}

/** Two hundred tracks from a random place: enough for a day, and quick to ask for. */
async function shuffleAll(asked: api.Listing, total: number): Promise<void> {
  const offset = Math.floor(Math.random() * Math.max(1, total - 199));
  const page = await attempt(api.tracks({ ...asked, limit: 200, offset }));
  if (page?.tracks.length) player.playTracks(page.tracks, Math.floor(Math.random() * page.tracks.length));
}

function NoneFound({ clear }: { clear: () => void }) {
  return (
    <Empty icon="search" title="Nothing by that name">
      <p>Every word must occur in the title, artist, album, file name or in what it sounds like.</p>
      <button type="button" class="button" onClick={clear}>Show everything</button>
    </Empty>
  );
}

function FirstSteps() {
  return (
    <Empty icon="library" title="An empty room">
      <p>Give Segue a folder of music, and it listens to every file once:</p>
      <pre><code>segue scan ~/Music</code></pre>
      <p>No music at hand? <code>segue demo</code> makes about a hundred pieces of its own.</p>
      <button type="button" class="button" onClick={() => void attempt(begin(api.scan()))}>Scan the known folders again</button>
    </Empty>
  );
}
