import * as api from "../api";
import * as player from "../player";
import { asTrack, drop, turn, type Seed } from "../seeds";
import { Cover } from "./bits";
import { Icon } from "./icons";

/** The seeds: click the sign to turn one around, the name to hear it, the cross to take it out. */
export function SeedChips({ seeds }: { seeds: readonly Seed[] }) {
  return (
    <ul class="seeds" aria-label="Seeds">
      {seeds.map((seed) => (
        <li key={seed.id} class={`seed ${seed.minus ? "minus" : ""}`}>
          <button type="button" class="seed-sign" aria-pressed={seed.minus} onClick={() => turn(seed.id)}
            aria-label={`${seed.title}: ${seed.minus ? "away from it" : "towards it"}`} title={seed.minus ? "Away from it" : "Towards it"}>
            <Icon name={seed.minus ? "minus" : "plus"} size={16} />
          </button>
          <button type="button" class="seed-name" onClick={() => player.playTracks([asTrack(seed)])}>
            <span class="hidden-text">Play </span>
            <Cover id={seed.id} size={36} />
            <span class="row-name">
              <span class="clip">{seed.title}</span>
              <span class="clip quiet">{seed.artist ?? (api.isClip(seed.id) ? "Your clip" : "Unknown artist")}</span>
            </span>
          </button>
          <button type="button" class="icon-button small" onClick={() => remove(seed)} aria-label={`Take ${seed.title} out`}>
            <Icon name="close" size={16} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function remove(seed: Seed): void {
  drop(seed.id);
  if (api.isClip(seed.id)) void api.deleteClip(seed.id).catch(() => undefined); // it may have gone by itself
}
