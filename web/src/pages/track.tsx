import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { Cover, HiddenTitle, LoadError, IconButton, LoadingRows } from "../components/common";
import { Icon } from "../components/icons";
import { Matches } from "../components/recommendations";
import { Menu } from "../components/menu";
import { DislikeButton, LikeButton } from "../components/opinions";
import { ArtistLinks, linkTo, trackChoices } from "../components/trackrow";
import { usePeaks, Wave } from "../components/wave";
import { clock, count, labelName, percent, readableName, soundFeature } from "../format";
import { useKept } from "../entries";
import { useLoad } from "../hooks";
import { libraryChanges } from "../jobs";
import { opinionsChanged } from "../opinions";
import * as player from "../player";
import { useTitle } from "../title";
import { addTrackAsSeed } from "../seeds";
import { coverColor } from "../covercolor";
import type { TrackDetails, Track } from "../types";

export function TrackPage({ id }: { id: string }) {
  const { data, error, retry } = useLoad((stop) => api.track(id, stop), [id, libraryChanges.value]);
  if (error && !data) return <><HiddenTitle title="Track" /><LoadError error={error} retry={retry} /></>;
  if (!data) return <><HiddenTitle title="Track" /><LoadingRows n={6} label="Loading track" /></>;
  return (
    <>
      <Hero track={data.track} />
      <div class="columns">
        <SimilarTracks track={data.track} />
        <About detail={data} />
      </div>
    </>
  );
}

function Hero({ track }: { track: Track }) {
  const hero = useRef<HTMLElement>(null);
  useTitle([track.title, track.artist].filter(Boolean).join(" · "));
  useEffect(() => void coverColor(track.id).then((color) => color && hero.current?.style.setProperty("--wash", color)), [track.id]);
  const active = player.currentTrack.value?.id === track.id;
  const peaks = usePeaks(track.id);
  const share = active && player.duration.value ? player.time.value / player.duration.value : 0;
  const play = () => (active ? player.toggle() : player.playTracks([track]));
  return (
    <header ref={hero} class="hero">
      <Cover id={track.id} size={512} shown={232} />
      <div class="hero-text">
        <h1 tabIndex={-1}>{track.title}</h1>
        <p class="hero-by">
          <ArtistLinks track={track} unknown="Unknown artist" />
          {track.album && <> · <a href={`${linkTo(track)}/album`}>{track.album}</a></>}
          {track.year && <span class="num"> · {track.year}</span>}
        </p>
        <div class="hero-actions">
          <button type="button" class="play-button big" disabled={!player.playable(track)} onClick={play}
            aria-label={active && player.playing.value ? "Pause" : `Play ${track.title}`}>
            <Icon name={active && player.playing.value ? "pause" : "play"} size={28} />
          </button>
          <button type="button" class="button" onClick={() => addTrackAsSeed(track)}><Icon name="similar" size={18} />More like this</button>
          <a class="button" href={`/journey?from=${encodeURIComponent(track.id)}`}><Icon name="journey" size={18} />Start a journey</a>
          <span class="hero-icons">
            <LikeButton track={track} />
            <DislikeButton track={track} />
            <Menu label={`More actions for ${track.title}`} choices={() => trackChoices(track)} small={false} />
          </span>
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

function SimilarTracks({ track }: { track: Track }) {
  const [otherArtists, setOtherArtists] = useKept("otherartists", false);
  const { data, error, retry } = useLoad(
    (stop) => api.similar({ seeds: [track.id], k: 15, same_artist: !otherArtists }, stop), [track.id, otherArtists, opinionsChanged.value, libraryChanges.value]);
  return (
    <section class="similar" aria-labelledby="similar">
      <div class="section-head">
        <h2 id="similar">Similar tracks</h2>
        <label class="check">
          <input type="checkbox" checked={otherArtists} onChange={(event) => setOtherArtists(event.currentTarget.checked)} />
          Other artists only
        </label>
        {data && data.matches.length > 0 && (
          <IconButton icon="play" label="Play all similar tracks" onClick={() => player.playTracks(data.matches.map((m) => m.track))} />
        )}
      </div>
      {error ? <LoadError error={error} retry={retry} /> : !data ? <LoadingRows n={6} label="Finding similar tracks" /> : (
        <Matches matches={data.matches} seed={track} label={`Similar to ${track.title}`} />
      )}
      {data?.shortfall && <p class="quiet note">{data.shortfall}</p>}
    </section>
  );
}

function About({ detail }: { detail: TrackDetails }) {
  const labels = Object.entries(detail.labels).flatMap(([space, scores]) =>
    Object.entries(scores).map(([name, value]) => ({ space, name, value })));
  const strongest = labels.filter(({ name }) => name !== "Music").sort((a, b) => b.value - a.value).slice(0, 10);
  const tags = Object.entries(detail.tags).filter(([, value]) => value !== null && value !== "");
  const numbers = Object.entries(detail.descriptors).flatMap(([name, value]) => {
    const [text, unit] = soundFeature(name) ?? [];
    return text && unit && value !== null ? [[text, `${Number(value.toPrecision(3))} ${unit}`] as const] : [];
  });
  return (
    <aside class="about" aria-label="About this track">
      {strongest.length > 0 && (
        <section>
          <h2>Sounds like</h2>
          <ul class="sound-labels">{strongest.map((label) => <SoundLabel key={label.space + label.name} {...label} />)}</ul>
        </section>
      )}
      {tags.length > 0 && (
        <section>
          <h2>Tags</h2>
          <dl class="facts">
            {tags.map(([name, value]) => <div key={name}><dt>{readableName(name)}</dt><dd>{String(value)}</dd></div>)}
            {detail.track.path && <div><dt>File</dt><dd class="path">{detail.track.path}</dd></div>}
          </dl>
        </section>
      )}
      {numbers.length > 0 && (
        <details>
          <summary>{count(numbers.length, "sound feature")}</summary>
          <dl class="facts num">
            {numbers.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
          </dl>
        </details>
      )}
    </aside>
  );
}

function SoundLabel({ name, value }: { name: string; value: number }) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => bar.current?.style.setProperty("--share", String(Math.min(1, value))), [value]);
  const sure = percent(Math.min(1, value));
  return (
    <li>
      <a href={`/tracks?label=${encodeURIComponent(name)}`}>{labelName(name)}</a>
      <span class="score-track" title={`The network is ${sure} sure`}><i ref={bar} /></span>
      <span class="num quiet">{sure}</span>
    </li>
  );
}
