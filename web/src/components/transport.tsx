import * as player from "../player";
import { keepPlaying } from "../radio";
import { IconButton } from "./common";
import { Icon } from "./icons";

function PlayButton() {
  const on = player.playing.value;
  return (
    <button type="button" class={`play-button ${player.waiting.value && on ? "waiting" : ""}`}
      aria-label={on ? "Pause" : "Play"} onClick={player.toggle}>
      <Icon name={on ? "pause" : "play"} size={22} />
    </button>
  );
}

/** Shuffle, skip, play and repeat. */
export function Transport({ large = false }: { large?: boolean }) {
  const { shuffle, repeat } = player.queue.value;
  const wide = large ? "" : "wide";
  return (
    <div class="transport" role="group" aria-label="Playback">
      <IconButton icon="shuffle" label="Shuffle" pressed={shuffle} onClick={() => player.setShuffle(!shuffle)} extraClass={wide} />
      <IconButton icon="previous" label="Previous track" onClick={player.previous} extraClass={wide} />
      <PlayButton />
      <IconButton icon="next" label="Next track" disabled={!player.following.value && !keepPlaying.value} onClick={player.next} />
      {!large && <IconButton icon="stop" label="Stop" onClick={player.stop} extraClass="wide" />}
      <IconButton icon={repeat === "one" ? "repeatOne" : "repeat"} label={`Repeat: ${repeat}`} pressed={repeat !== "off"}
        onClick={player.cycleRepeat} extraClass={wide} />
    </div>
  );
}

export function Volume() {
  const isMuted = player.muted.value || player.volume.value === 0;
  return (
    <>
      <IconButton icon={isMuted ? "mute" : "volume"} label="Mute" pressed={isMuted}
        onClick={() => (player.muted.value = !player.muted.value)} />
      <input class="range" type="range" min={0} max={1} step={0.01} aria-label="Volume" value={player.volume.value}
        onInput={(event) => ((player.volume.value = event.currentTarget.valueAsNumber), (player.muted.value = false))} />
    </>
  );
}
