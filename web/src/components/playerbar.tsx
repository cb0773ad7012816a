import { useRef } from "preact/hooks";
import { clock } from "../format";
import { useSwipe } from "../gestures";
import { nowPlayingOpen, queueOpen } from "../shortcuts";
import * as player from "../player";
import { addTrackAsSeed } from "../seeds";
import { isClip } from "../api";
import type { Track } from "../types";
import { Cover, IconButton } from "./common";
import { DislikeButton, LikeButton } from "./opinions";
import { Transport, Volume } from "./transport";
import { linkTo } from "./trackrow";
import { usePeaks, Wave } from "./wave";

export function PlayerBar() {
  const track = player.currentTrack.value;
  return track && <Bar track={track} />;
}

function Bar({ track }: { track: Track }) {
  const bar = useRef<HTMLElement>(null);
  useSwipe(bar, { left: player.next, right: player.previous });
  return (
    <section ref={bar} class="bar" aria-label="Player">
      <div class="bar-wave"><NowWave track={track} /></div>
      <div class="bar-now">
        <button type="button" class="bar-cover" aria-haspopup="dialog" aria-label="Show now playing" title="Show now playing (F)"
          onClick={() => (nowPlayingOpen.value = true)}>
          <Cover id={track.id} size={56} />
        </button>
        <div class="bar-name">
          {isClip(track.id) ? <span class="clip bar-title">{track.title}</span>
            : <a class="clip bar-title" href={linkTo(track)}>{track.title}</a>}
          <span class="clip quiet">{track.artist ?? (isClip(track.id) ? "Your clip" : "Unknown artist")}</span>
        </div>
        {!isClip(track.id) && (
          <>
            <LikeButton track={track} />
            <DislikeButton track={track} />
            <IconButton icon="similar" label="More like the current track" onClick={() => addTrackAsSeed(track)} extraClass="bar-seed" />
          </>
        )}
      </div>
      <div class="bar-middle">
        <Transport />
        <span class="bar-time num quiet">{clock(player.time.value)} / {clock(player.duration.value)}</span>
      </div>
      <div class="bar-sides">
        <Volume />
        <IconButton icon="queue" label="Queue" pressed={queueOpen.value} onClick={() => (queueOpen.value = !queueOpen.value)} />
        <IconButton icon="expand" label="Full window" onClick={() => (nowPlayingOpen.value = true)} />
      </div>
    </section>
  );
}

function NowWave({ track }: { track: Track }) {
  const length = player.duration.value;
  return (
    <Wave peaks={usePeaks(track.id)} share={length ? player.time.value / length : 0} length={length || 1} fromBottom
      label={`Position in ${track.title}`} onSeek={player.seek} />
  );
}
