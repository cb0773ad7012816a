import { useState } from "preact/hooks";
import * as api from "../api";
import { EmptyState, LoadError, LoadingRows, PageHeader } from "../components/common";
import { ListsTabs } from "../components/tabs";
import { TrackRow } from "../components/trackrow";
import { formatDate } from "../format";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import * as player from "../player";
import { rowsOf } from "../selection";
import type { Play } from "../types";

const STEP = 100;

export function HistoryPage() {
  const [n, setN] = useState(STEP);
  const { data, error, retry } = useLoad((stop) => api.history(n, stop), [n, libraryChanges.value]);
  return (
    <>
      <PageHeader title="History" lead="What was played here and in other players, the latest first." />
      <ListsTabs />
      {error && !data ? <LoadError error={error} retry={retry} /> : !data ? <LoadingRows label="Loading history" /> : !data.plays.length ? (
        <EmptyState icon="history" title="Nothing played yet"><p>A track is listed here once half of it has played, or four minutes.</p></EmptyState>
      ) : (
        <>
          {byDay(data.plays).map(([day, plays]) => <Day key={day} day={day} plays={plays} />)}
          {data.total > data.plays.length && <button type="button" class="button" onClick={() => setN(n + STEP)}>Show earlier ones</button>}
        </>
      )}
    </>
  );
}

function byDay(plays: readonly Play[]): [string, Play[]][] {
  const days = new Map<string, Play[]>();
  for (const play of plays) days.set(formatDate(play.at), [...(days.get(formatDate(play.at)) ?? []), play]);
  return [...days];
}

function Day({ day, plays }: { day: string; plays: readonly Play[] }) {
  const tracks = plays.map((play) => play.track);
  const at = rowsOf(`history ${day}`, tracks);
  return (
    <section class="disc" aria-label={day}>
      <h2>{day === formatDate(Date.now() / 1000) ? "Today" : day}</h2>
      <ol class="matches" aria-label={`Played on ${day}`}>
        {plays.map((play, i) => (
          <li key={i}>
            <TrackRow track={play.track} at={at(i)} scored compact onPlay={() => player.playTracks(tracks, i)} extra={
              <time class="quiet num row-time" dateTime={new Date(play.at * 1000).toISOString()}>
                {new Date(play.at * 1000).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false })}
              </time>
            } />
          </li>
        ))}
      </ol>
    </section>
  );
}
