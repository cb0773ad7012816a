import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { Cover, Failure, IconButton, Rows } from "../components/bits";
import { Icon } from "../components/icons";
import { Matches } from "../components/matches";
import { Menu } from "../components/menu";
import { choicesFor } from "../components/trackrow";
import { usePeaks, Wave } from "../components/wave";
import { clock, count, humane } from "../format";
import { useLoad } from "../hooks";
import * as player from "../player";
import { plant } from "../seeds";
import { tintOf } from "../tint";
import type { Detail, Track } from "../types";

export function TrackPage({ id }: { id: string }) {
  const { data, error, again } = useLoad((stop) => api.track(id, stop), [id]);
  if (error && !data) return <><h1 class="hidden-text" tabIndex={-1}>Track</h1><Failure error={error} again={again} /></>;
  if (!data) return <><h1 class="hidden-text" tabIndex={-1}>Track</h1><Rows n={6} what="Opening the track" /></>;
  return (
    <>
      <Hero track={data.track} />
      <div class="columns">
        <Similar track={data.track} />
        <About detail={data} />
      </div>
    </>
  );
}

function Hero({ track }: { track: Track }) {
  const hero = useRef<HTMLElement>(null);
  useEffect(() => void tintOf(track.id).then((tint) => tint && hero.current?.style.setProperty("--tint", tint)), [track.id]);
  const active = player.now.value?.id === track.id;
  const peaks = usePeaks(track.id);
  const share = active && player.duration.value ? player.time.value / player.duration.value : 0;
  const play = () => (active ? player.toggle() : player.playTracks([track]));
  return (
    <header ref={hero} class="hero">
      <Cover id={track.id} size={512} shown={232} />
      <div class="hero-text">
        <h1 tabIndex={-1}>{track.title}</h1>
        <p class="hero-by">
          {track.artist ? <a href={`/?artist=${encodeURIComponent(track.artist)}`}>{track.artist}</a> : "Unknown artist"}
          {track.album && <> · <a href={`/?album=${encodeURIComponent(track.album)}`}>{track.album}</a></>}
          {track.year && <span class="num"> · {track.year}</span>}
        </p>
        <div class="hero-actions">
          <button type="button" class="play-button big" disabled={!player.playable(track)} onClick={play}
            aria-label={active && player.playing.value ? "Pause" : `Play ${track.title}`}>
            <Icon name={active && player.playing.value ? "pause" : "play"} size={28} />
          </button>
          <button type="button" class="button" onClick={() => plant(track)}><Icon name="blend" size={18} />Sounds like this</button>
          <a class="button" href={`/journey?from=${encodeURIComponent(track.id)}`}><Icon name="journey" size={18} />Journey</a>
          <Menu label={`More for ${track.title}`} choices={() => choicesFor(track)} small={false} />
        </div>
        {player.playable(track) && (
          <div class="hero-wave">
            <Wave peaks={peaks} share={share} length={track.duration_s || 1} label={`${track.title}, waveform`}
              onSeek={(to) => (active ? player.seek(to) : player.playTracks([track], 0, to))} />
            <span class="num quiet">{clock(track.duration_s)}</span>
          </div>
        )}
      </div>
    </header>
  );
}

function Similar({ track }: { track: Track }) {
  const [others, setOthers] = useState(false);
  const { data, error, again } = useLoad(
    (stop) => api.similar({ seeds: [track.id], k: 15, same_artist: !others }, stop), [track.id, others]);
  return (
    <section class="similar" aria-labelledby="similar">
      <div class="section-head">
        <h2 id="similar">Sounds similar</h2>
        <label class="check">
          <input type="checkbox" checked={others} onChange={(event) => setOthers(event.currentTarget.checked)} />
          Other artists only
        </label>
        {data && data.matches.length > 0 && (
          <IconButton icon="play" label="Play all that sound similar" onClick={() => player.playTracks(data.matches.map((m) => m.track))} />
        )}
      </div>
      {error ? <Failure error={error} again={again} /> : !data ? <Rows n={6} what="Listening" /> : (
        <Matches matches={data.matches} seed={track} label={`Similar to ${track.title}`} />
      )}
      {data?.shortfall && <p class="quiet note">{data.shortfall}</p>}
    </section>
  );
}

function About({ detail }: { detail: Detail }) {
  const labels = Object.entries(detail.labels).flatMap(([space, scores]) =>
    Object.entries(scores).map(([name, value]) => ({ space, name, value })));
  const heard = labels.sort((a, b) => b.value - a.value).slice(0, 10);
  const tags = Object.entries(detail.tags).filter(([, value]) => value !== null && value !== "");
  const numbers = Object.entries(detail.descriptors);
  return (
    <aside class="about" aria-label="About this track">
      {heard.length > 0 && (
        <section>
          <h2>Heard as</h2>
          <ul class="heard">{heard.map((label) => <Label key={label.space + label.name} {...label} />)}</ul>
        </section>
      )}
      {tags.length > 0 && (
        <section>
          <h2>Tags</h2>
          <dl class="facts">
            {tags.map(([name, value]) => <div key={name}><dt>{humane(name)}</dt><dd>{String(value)}</dd></div>)}
            {detail.track.path && <div><dt>File</dt><dd class="path">{detail.track.path}</dd></div>}
          </dl>
        </section>
      )}
      {numbers.length > 0 && (
        <details>
          <summary>{count(numbers.length, "number")} that describe its sound</summary>
          <dl class="facts num">
            {numbers.map(([name, value]) => <div key={name}><dt>{humane(name)}</dt><dd>{value.toPrecision(3)}</dd></div>)}
          </dl>
        </details>
      )}
    </aside>
  );
}

function Label({ name, value }: { name: string; value: number }) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => bar.current?.style.setProperty("--share", String(Math.min(1, value))), [value]);
  return (
    <li>
      <a href={`/?label=${encodeURIComponent(name)}`}>{name}</a>
      <span class="score-track"><i ref={bar} /></span>
      <span class="num quiet">{value.toFixed(2)}</span>
    </li>
  );
}
