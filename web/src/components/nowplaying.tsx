import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { coverColor } from "../covercolor";
import { clock } from "../format";
import { useSwipe } from "../gestures";
import { useLoad } from "../hooks";
import * as player from "../player";
import { upcoming } from "../queue";
import { nowPlayingOpen, queueOpen } from "../shortcuts";
import type { Track } from "../types";
import { Cover, IconButton } from "./common";
import { DislikeButton, LikeButton } from "./opinions";
import { Transport, Volume } from "./transport";
import { linkTo } from "./trackrow";
import { usePeaks, Wave } from "./wave";

const NEXT = 5; // tracks that are shown

/** The view to leave open: what plays, large, and what comes next and why. */
export function NowPlaying() {
  const track = player.currentTrack.value;
  return nowPlayingOpen.value && track ? <Window track={track} /> : null;
}

const close = () => (nowPlayingOpen.value = false);

function Window({ track }: { track: Track }) {
  const box = useRef<HTMLElement>(null);
  useLayoutEffect(() => { // now: the next key may already be pressed
    const before = document.activeElement as HTMLElement | null;
    box.current?.focus({ preventScroll: true });
    const escape = (event: KeyboardEvent) => event.key === "Escape" && close(); // also where what had the focus is gone
    document.addEventListener("keydown", escape);
    return () => (document.removeEventListener("keydown", escape), before?.focus?.({ preventScroll: true }));
  }, []);
  useEffect(() => void coverColor(track.id).then((color) => box.current?.style.setProperty("--wash", color ?? "var(--wave)")), [track.id]);
  useSwipe(box, { down: close, left: player.next, right: player.previous });
  return (
    <section ref={box} class="now" role="dialog" aria-modal="true" aria-label="Now playing" tabIndex={-1}
      onKeyDown={(event) => keepFocus(event, box.current)}>
      <IconButton icon="chevronDown" label="Close now playing" onClick={close} extraClass="now-close" />
      <div class="now-main">
        <Cover id={track.id} size={512} shown={512} />
        <div class="now-name">
          <div>
            {api.isClip(track.id) ? <h2>{track.title}</h2> : <h2><a href={linkTo(track)} onClick={close}>{track.title}</a></h2>}
            <p class="quiet">{[track.artist ?? (api.isClip(track.id) ? "Your clip" : "Unknown artist"), track.album, track.year].filter(Boolean).join(" · ")}</p>
          </div>
          <span class="now-opinions"><LikeButton track={track} /><DislikeButton track={track} /></span>
        </div>
        <LargeWave track={track} />
        <Transport large />
        <div class="now-sides">
          <Volume />
          <IconButton icon="queue" label="Open the queue" onClick={() => (close(), (queueOpen.value = true))} />
        </div>
      </div>
      <Next track={track} />
    </section>
  );
}

/** Tab goes round within the window. */
function keepFocus(event: KeyboardEvent, box: HTMLElement | null): void {
  if (event.key !== "Tab" || !box) return;
  const all = [...box.querySelectorAll<HTMLElement>("a[href], button:not(:disabled), input, [tabindex='0']")].filter((one) => one.offsetParent);
  const [first, last] = [all[0], all.at(-1)];
  const leaving = event.shiftKey ? [first, box].includes(document.activeElement as HTMLElement) : document.activeElement === last;
  if (!leaving) return;
  event.preventDefault();
  (event.shiftKey ? last : first)?.focus();
}

function LargeWave({ track }: { track: Track }) {
  const length = player.duration.value;
  return (
    <div class="now-wave">
      <Wave peaks={usePeaks(track.id)} share={length ? player.time.value / length : 0} length={length || 1}
        label={`Position in ${track.title}, large`} onSeek={player.seek} />
      <span class="num quiet">{clock(player.time.value)}</span>
      <span class="num quiet">−{clock(Math.max(0, length - player.time.value))}</span>
    </div>
  );
}

function Next({ track }: { track: Track }) {
  const queued = upcoming(player.queue.value).slice(0, NEXT);
  const coming = player.continuation.value.slice(0, NEXT - queued.length);
  const first = queued[0] ?? coming[0];
  const { at } = player.queue.value;
  return (
    <section class="now-next" aria-labelledby="now-next">
      <h3 id="now-next">Comes next</h3>
      {!first && <p class="quiet">Nothing yet.</p>}
      <ol>
        {queued.map((one, i) => <NextLine key={`${one.id}-${at + i}`} track={one} onPlay={() => player.jump(at + 1 + i)} />)}
        {coming.map((one, i) => <NextLine key={one.id} track={one} coming onPlay={() => player.playContinuation(i)} />)}
      </ol>
      {first && <WhyNext from={track} to={first} />}
    </section>
  );
}

function NextLine({ track, coming, onPlay }: { track: Track; coming?: boolean; onPlay: () => void }) {
  return (
    <li class={`queue-line ${coming ? "coming" : ""}`}>
      <button type="button" class="queue-play" onClick={onPlay}>
        <span class="hidden-text">Play </span>
        <Cover id={track.id} size={48} />
        <span class="row-name"><span class="clip">{track.title}</span><span class="clip quiet">{track.artist}</span></span>
      </button>
    </li>
  );
}

/** Why the next track is near to this one. */
function WhyNext({ from, to }: { from: Track; to: Track }) {
  const { data, error } = useLoad((stop) => api.why(from.id, to.id, stop), [from.id, to.id]);
  if (error || from.id === to.id) return null;
  if (!data) return <p class="skeleton now-why" role="status"><span class="hidden-text">Comparing both tracks…</span><i /><i /></p>;
  return <p class="now-why"><b>Why “{to.title}”?</b> {data.text}</p>;
}
