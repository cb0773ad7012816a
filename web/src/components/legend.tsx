import { css } from "../scatter/colours";
import type { Entry } from "../scatter/paint";

interface LegendProps {
  entries: readonly Entry[];
  only: number | null;
  onOnly: (key: number | null) => void;
}

/** What the colours mean; an entry shows its points alone. */
export function Legend({ entries, only, onOnly }: LegendProps) {
  if (!entries.length) return null;
  return (
    <ul class="legend" aria-label="Colours">
      {entries.map((entry) => (
        <li key={entry.key}>
          <button type="button" aria-pressed={only === entry.key} onClick={() => onOnly(only === entry.key ? null : entry.key)}>
            <i ref={(dot) => dot?.style.setProperty("background", css(entry.colour))} />
            <span class="clip">{entry.name}</span>
            <span class="num quiet">{entry.n}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
