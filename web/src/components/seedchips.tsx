import * as api from "../api";
import * as player from "../player";
import { trackFromSeed, removeSeed, flipSeed, type Seed } from "../seeds";
import { Cover } from "./common";
import { Icon } from "./icons";

/** The seeds: the sign switches between more and less like it, the name plays it, the cross removes it. */
export function SeedChips({ seeds }: { seeds: readonly Seed[] }) {
  return (
    <ul class="seeds" aria-label="Seeds">
      {seeds.map((seed) => (
        <li key={seed.id} class={`seed ${seed.minus ? "minus" : ""}`}>
          <button type="button" class="seed-sign" aria-pressed={seed.minus} onClick={() => flipSeed(seed.id)}
            aria-label={`${seed.title}: ${seed.minus ? "less like this" : "more like this"}`} title={seed.minus ? "Less like this" : "More like this"}>
            <Icon name={seed.minus ? "minus" : "plus"} size={16} />
          </button>
          <button type="button" class="seed-name" disabled={api.isNamed(seed.id)} onClick={() => player.playTracks([trackFromSeed(seed)])}>
            {!api.isNamed(seed.id) && <span class="hidden-text">Play </span>}
            <Cover id={seed.id} size={36} />
            <span class="row-name">
              <span class="clip">{seed.title}</span>
              <span class="clip quiet">{seed.artist ?? (api.isClip(seed.id) ? "Your clip" : "Unknown artist")}</span>
            </span>
          </button>
          <button type="button" class="icon-button small" onClick={() => removeChip(seed)} aria-label={`Remove ${seed.title}`}>
            <Icon name="close" size={16} />
          </button>
        </li>
      ))}
    </ul>
  );
}

function removeChip(seed: Seed): void {
  removeSeed(seed.id);
  if (api.isClip(seed.id)) void api.deleteClip(seed.id).catch(() => undefined); // it may have expired already
}
