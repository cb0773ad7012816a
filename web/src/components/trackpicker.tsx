import { useEffect, useId, useState } from "preact/hooks";
import * as api from "../api";
import { useLoad, useDebounced } from "../hooks";
import type { SeedSuggestion, Track } from "../types";
import { Cover } from "./common";
import { Icon } from "./icons";

interface TrackPickerProps {
  label: string;
  placeholder: string;
  onPick: (track: Track) => void;
  onPickNamed?: (suggestion: SeedSuggestion) => void; // artists, albums and playlists are found too
}

interface Option {
  key: string;
  title: string;
  detail: string | null;
  run: () => void;
}

/** Finds one track by name, and artists and the like where they are wanted: an ARIA combobox. */
export function TrackPicker({ label, placeholder, onPick, onPickNamed }: TrackPickerProps) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const [entered, setEntered] = useState(false); // Enter, before there were results
  const list = useId();
  const query = useDebounced(text.trim(), 100);
  const { data } = useLoad(async (stop): Promise<{ query: string; options: Option[] }> => {
    if (!query) return { query, options: [] };
    const named = onPickNamed ? api.suggestSeeds(query, stop) : Promise.resolve([]);
    const { tracks } = await api.tracks({ q: query, limit: 8 }, stop);
    const options = [
      ...(await named).map((suggestion) => ({ key: suggestion.seed, title: suggestion.name, detail: suggestion.text, run: () => onPickNamed?.(suggestion) })),
      ...tracks.map((track) => ({ key: track.id, title: track.title, detail: track.artist, run: () => onPick(track) })),
    ];
    return { query, options };
  }, [query]);
  const results = text.trim() ? (data?.options ?? []) : [];
  const ready = data?.query === text.trim(); // what is shown answers what was typed
  const shown = open && results.length > 0;
  const pick = (option: Option | undefined) => {
    if (!option) return;
    option.run();
    setText("");
    setOpen(false);
  };
  useEffect(() => {
    if (!ready || !entered) return;
    setEntered(false);
    pick(results[at]);
  }, [ready, entered]);
  const steer = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, results.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && open) ready || at ? pick(results[at]) : setEntered(true);
    else if (event.key === "Escape") setOpen(false);
    else return;
    event.preventDefault();
  };
  return (
    <div class="picker">
      <label class="field">
        <Icon name="search" />
        <span class="hidden-text">{label}</span>
        <input role="combobox" aria-expanded={shown} aria-controls={list} aria-autocomplete="list" autocomplete="off"
          aria-activedescendant={shown ? `${list}-${at}` : undefined} placeholder={placeholder} value={text}
          onInput={(event) => (setText(event.currentTarget.value), setAt(0), setOpen(true), setEntered(false))}
          onFocus={() => setOpen(true)} onBlur={() => (setOpen(false), setEntered(false))} onKeyDown={steer} />
      </label>
      <div id={list} role="listbox" aria-label={label} class="picker-list" hidden={!shown}>
        {shown && results.map((option, i) => (
          <div key={option.key} id={`${list}-${i}`} role="option" aria-selected={i === at}
            onPointerDown={(event) => (event.preventDefault(), pick(option))} onPointerEnter={() => setAt(i)}>
            <Cover id={option.key} size={36} />
            <span class="row-name"><span class="clip">{option.title}</span><span class="clip quiet">{option.detail}</span></span>
          </div>
        ))}
      </div>
      <span class="hidden-text" role="status">{open && query && data ? `${results.length} results` : ""}</span>
    </div>
  );
}
