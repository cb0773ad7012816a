import { useState } from "preact/hooks";
import { clock } from "../format";
import { queueOpen } from "../shortcuts";
import * as player from "../player";
import { keepPlaying } from "../radio";
import { addTrackAsSeed } from "../seeds";
import { isClip } from "../api";
import type { Track } from "../types";
import { Cover, IconButton } from "./common";
import { Icon } from "./icons";
import { DislikeButton, LikeButton } from "./opinions";
import { linkTo } from "./trackrow";
import { usePeaks, Wave } from "./wave";

export function PlayerBar() {
  const track = player.currentTrack.value;
  const [sheet, setSheet] = useState(false);
  if (!track) return null;
  return (
    <section class={`bar ${sheet ? "sheet" : ""}`} aria-label="Player">
      <div class="bar-wave"><NowWave track={track} /></div>
      <div class="bar-now">
        <button type="button" class="bar-cover" aria-expanded={sheet} aria-label={sheet ? "Show small player" : "Show large player"}
          onClick={() => setSheet(!sheet)}>
          <Cover id={track.id} size={sheet ? 320 : 56} shown={56} />
        </button>
        <div class="bar-name">
          {isClip(track.id) ? <span class="clip bar-title">{track.title}</span>
            : <a class="clip bar-title" href={linkTo(track)} onClick={() => setSheet(false)}>{track.title}</a>}
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
      <Transport />
      <VolumeAndQueue />
      <IconButton icon="chevronDown" label="Close large player" onClick={() => setSheet(false)} extraClass="sheet-close" />
    </section>
  );
}

function NowWave({ track }: { track: Track }) {
  const peaks = usePeaks(track.id);
  const length = player.duration.value;
  return (
    <Wave peaks={peaks} share={length ? player.time.value / length : 0} length={length || 1} fromBottom
      label={`Position in ${track.title}`} onSeek={player.seek} />
  );
}

function PlayButton() {
  const on = player.playing.value;
  return (
    <button type="button" class={`play-button ${player.waiting.value && on ? "waiting" : ""}`}
      aria-label={on ? "Pause" : "Play"} onClick={player.toggle}>
      <Icon name={on ? "pause" : "play"} size={22} />
    </button>
  );
}

function Transport() {
  const { shuffle, repeat } = player.queue.value;
  return (
    <div class="bar-middle">
      <div class="transport" role="group" aria-label="Playback">
        <IconButton icon="shuffle" label="Shuffle" pressed={shuffle} onClick={() => player.setShuffle(!shuffle)} extraClass="wide" />
        <IconButton icon="previous" label="Previous track" onClick={player.previous} extraClass="wide" />
        <PlayButton />
        <IconButton icon="next" label="Next track" disabled={!player.following.value && !keepPlaying.value} onClick={player.next} />
        <IconButton icon="stop" label="Stop" onClick={player.stop} extraClass="wide" />
        <IconButton icon={repeat === "one" ? "repeatOne" : "repeat"} label={`Repeat: ${repeat}`} pressed={repeat !== "off"}
          onClick={player.cycleRepeat} extraClass="wide" />
      </div>
      <span class="bar-time num quiet">{clock(player.time.value)} / {clock(player.duration.value)}</span>
    </div>
  );
}

function VolumeAndQueue() {
  const isMuted = player.muted.value || player.volume.value === 0;
  return (
    <div class="bar-sides">
      <IconButton icon={isMuted ? "mute" : "volume"} label="Mute" pressed={isMuted}
        onClick={() => (player.muted.value = !player.muted.value)} />
      <input class="range" type="range" min={0} max={1} step={0.01} aria-label="Volume" value={player.volume.value}
        onInput={(event) => ((player.volume.value = event.currentTarget.valueAsNumber), (player.muted.value = false))} />
      <IconButton icon="queue" label="Queue" pressed={queueOpen.value} onClick={() => (queueOpen.value = !queueOpen.value)} />
    </div>
  );
}
