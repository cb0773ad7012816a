import * as player from "../player";
import { STEERS, steerRadio, stopRadio, type Steer } from "../radio";

/** Where the radio that plays goes: what it goes toward, how far it reaches. */
export function RadioBar() {
  const station = player.station.value;
  if (!station) return null;
  return (
    <section class="radio" aria-label="Radio">
      <div class="radio-head">
        <span class="clip">Radio {station.name}</span>
        <button type="button" class="button small" onClick={stopRadio}>Stop radio</button>
      </div>
      <div class="chips">
        {STEERS.flat().map((name) => <SteerChip key={name} name={name} station={station} />)}
      </div>
      <label class="labelled"><span>Nearer or farther</span>
        <input class="range" type="range" min={0} max={1} step={0.1} value={station.reach}
          onChange={(event) => steerRadio({ reach: event.currentTarget.valueAsNumber })} /></label>
    </section>
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
