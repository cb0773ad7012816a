import * as player from "../player";
import { keepPlaying, leanOn, setKeepPlaying, STEERS, steerRadio, stopRadio, type Steer } from "../radio";
import type { Track } from "../types";
import { Cover, IconButton } from "./common";

/** What plays after the queue, where it goes and how far it reaches. */
export function Continuation() {
  const station = player.station.value;
  const radio = station && !station.auto;
  if (!radio && !player.currentTrack.value) return null;
  return (
    <section class="radio" aria-label={radio ? "Radio" : "Keep playing"}>
      <div class="radio-head">
        {radio ? <>
          <span class="clip">Radio {station.name}</span>
          <button type="button" class="button small" onClick={stopRadio}>Stop radio</button>
        </> : (
          <label class="check">
            <input type="checkbox" checked={keepPlaying.value} onChange={(event) => setKeepPlaying(event.currentTarget.checked)} />
            Keep playing what sounds like this
          </label>
        )}
      </div>
      {station && <Steering station={station} />}
      {station && <Coming />}
    </section>
  );
}

function Steering({ station }: { station: player.Station }) {
  return (
    <>
      <div class="chips">
        {STEERS.flat().map((name) => <SteerChip key={name} name={name} station={station} />)}
      </div>
      <label class="labelled"><span>Nearer or farther</span>
        <input class="range" type="range" min={0} max={1} step={0.1} value={station.reach}
          onChange={(event) => steerRadio({ reach: event.currentTarget.valueAsNumber })} /></label>
    </>
  );
}

function SteerChip({ name, station }: { name: Steer; station: player.Station }) {
  const on = station.steer.includes(name);
  const opposite = STEERS.find((pair) => pair.includes(name))?.find((other) => other !== name);
  const others = station.steer.filter((other) => other !== name && other !== opposite);
  return (
    <button type="button" class={`chip ${on ? "set" : ""}`} aria-pressed={on}
      onClick={() => steerRadio({ steer: on ? others : [...others, name] })}>{name}</button>
  );
}

function Coming() {
  return (
    <ol class="queue-list coming" aria-label="Continuation">
      {player.continuation.value.map((track, place) => <ComingLine key={track.id} track={track} place={place} />)}
    </ol>
  );
}

function ComingLine({ track, place }: { track: Track; place: number }) {
  return (
    <li class="queue-line">
      <button type="button" class="queue-play" onClick={() => player.playContinuation(place)}>
        <span class="hidden-text">Play </span>
        <Cover id={track.id} size={40} />
        <span class="row-name"><span class="clip">{track.title}</span><span class="clip quiet">{track.artist}</span></span>
      </button>
      <span class="queue-actions">
        <IconButton icon="similar" label={`Go on more like ${track.title}`} small onClick={() => leanOn(track, true)} />
        <IconButton icon="lessLike" label={`Go on less like ${track.title}`} small onClick={() => leanOn(track, false)} />
      </span>
    </li>
  );
}
