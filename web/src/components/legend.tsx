import { css } from "../scatter/colors";
import type { LegendEntry } from "../scatter/pointcolors";

interface LegendProps {
  entries: readonly LegendEntry[];
  only: number | null;
  onOnly: (key: number | null) => void;
}

/** What the colors mean. A click on an entry shows only its points. */
export function Legend({ entries, only, onOnly }: LegendProps) {
  if (!entries.length) return null;
  return (
    <ul class="legend" aria-label="Colors">
      {entries.map((entry) => (
        <li key={entry.key}>
          <button type="button" aria-pressed={only === entry.key} onClick={() => onOnly(only === entry.key ? null : entry.key)}>
            <i ref={(dot) => dot?.style.setProperty("background", css(entry.color))} />
            <span class="clip">{entry.name}</span>
            <span class="num quiet">{entry.n}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
