import { signal } from "@preact/signals";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import { count } from "../format";
import { useDebounced, useLoad } from "../hooks";
import * as player from "../player";
import { navigate } from "../router";
import type { GroupedSearch } from "../types";
import { albumLink, artistLink } from "./cards";
import { Cover } from "./common";
import { Icon } from "./icons";

export const paletteOpen = signal(false);

interface Option {
  key: string;
  name: string;
  detail: string;
  href: string;
  cover?: string | null;
  round?: boolean;
  color?: string;
  play?: () => void;
  text?: string; // to be looked for in place of what was typed
}

interface Section {
  title: string;
  options: Option[];
}

/** What was found, section by section; the one with the best name comes first. */
export function sectionsOf(results: GroupedSearch, text: string): Section[] {
  const sections: Section[] = [
    { title: "Artists", options: results.artists.map((one) => ({ key: one.id, name: one.name, detail: count(one.tracks, "track"), href: artistLink(one), cover: one.cover, round: true })) },
    { title: "Albums", options: results.albums.map((one) => ({ key: one.id, name: one.name, detail: one.artist ?? count(one.n, "track"), href: albumLink(one), cover: one.cover })) },
    { title: "Tracks", options: results.tracks.map((track, i) => ({
      key: track.id, name: track.title, detail: [track.artist, track.album].filter(Boolean).join(" · "), href: `/track/${encodeURIComponent(track.id)}`,
      cover: track.id, play: () => player.playTracks(results.tracks, i),
    })) },
    { title: "Playlists", options: results.playlists.map((one) => ({ key: one.id, name: one.name, detail: count(one.n, "track") + (one.owner ? `, by ${one.owner}` : ""), href: `/playlists/${encodeURIComponent(one.id)}` })) },
    { title: "Groups", options: results.clusters.map((one) => ({ key: `group-${one.number}`, name: one.name, detail: count(one.size, "track"), href: `/tracks?cluster=${one.number}`, color: one.color })) },
  ];
  const best = (section: Section) => Math.max(0, ...section.options.slice(0, 1).map(({ name }) => fit(name, text)));
  return sections.filter((section) => section.options.length).sort((a, b) => best(b) - best(a));
}

/** How well a name answers what was typed: all of it, its beginning, or the beginning of a word. */
function fit(name: string, text: string): number {
  const [own, wanted] = [name.toLowerCase(), text.trim().toLowerCase()];
  if (own === wanted) return 3;
  if (own.startsWith(wanted)) return 2;
  return own.split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(wanted)) ? 1 : 0;
}

export const SearchDialog = () => (paletteOpen.value ? <Palette /> : null);

/** Search on every page: a native dialog with an ARIA combobox. */
function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [picked, setPicked] = useState(""); // by its key: it stays chosen where more is found meanwhile
  const list = useId();
  const wanted = useDebounced(text.trim(), 90);
  const [entered, setEntered] = useState<"open" | "play" | null>(null); // Enter, before there were results
  const { data, error } = useLoad(async (stop) => (wanted ? { wanted, results: await api.searchGrouped(wanted, stop) } : null), [wanted]);
  const sections = text.trim() && data && !error ? sectionsOf(data.results, data.wanted) : [];
  const all: Option = { key: "all", name: `All tracks for “${text.trim()}”`, detail: "also by mood and sound", href: `/tracks?q=${encodeURIComponent(text.trim())}` };
  const ready = wanted === text.trim() && (data?.wanted === wanted || Boolean(error)); // what is shown answers what was typed
  const near: Option[] = ready && !sections.length ? (data?.results.near ?? []).map(({ name, kind }) => ({ key: `near-${kind}-${name}`, name, detail: kind === "title" ? "track" : kind, href: "", text: name })) : [];
  const options = text.trim() ? [...sections.flatMap((section) => section.options), all, ...near] : [];
  const chosen = options.length ? Math.max(0, options.findIndex((option) => option.key === picked)) : -1;
  const move = (by: number) => setPicked(options[(chosen + by + options.length) % options.length]?.key ?? "");
  useLayoutEffect(() => { // now: the next key may already be typed
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => before?.focus?.();
  }, []);
  useEffect(() => document.getElementById(`${list}-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen]);
  const close = () => (paletteOpen.value = false);
  const open = (option: Option | undefined, play = false) => {
    if (!option) return;
    if (option.text) return type(option.text), dialog.current?.querySelector("input")?.focus(); // a click took it
    close();
    if (play && option.play) option.play();
    else navigate(option.href);
  };
  const type = (typed: string) => (setText(typed), setPicked(""), setEntered(null));
  const enter = (how: "open" | "play") => (ready || picked ? open(options[chosen], how === "play") : setEntered(how));
  useEffect(() => void (ready && entered && enter(entered)), [ready, entered]);
  const steer = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") enter(event.shiftKey ? "play" : "open");
    else if (event.key === "Escape") close(); // at once: the dialog's own event comes later
    else return;
    event.preventDefault();
  };
  let place = 0;
  const row = (option: Option) => {
    const i = place++;
    return (
      <div key={option.key} id={`${list}-${i}`} role="option" aria-selected={i === chosen} onClick={() => open(option)} onPointerMove={() => i !== chosen && setPicked(option.key)}>
        <Picture option={option} />
        <span class="row-name"><span class="clip row-title">{option.name}</span><span class="clip quiet">{option.detail}</span></span>
      </div>
    );
  };
  return (
    <dialog ref={dialog} class="dialog palette" aria-label="Search" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <div class="dialog-inner">
        <label class="field search">
          <Icon name="search" /><span class="hidden-text">Search everything</span>
          <input role="combobox" aria-expanded={options.length > 0} aria-controls={list} aria-autocomplete="list" autocomplete="off" autofocus
            aria-activedescendant={options.length ? `${list}-${chosen}` : undefined} placeholder="Tracks, albums, artists, playlists, groups" value={text}
            onInput={(event) => type(event.currentTarget.value)} onKeyDown={steer} />
        </label>
        {error ? <p class="bad palette-note">{error.message}</p> : ready && text.trim() && !sections.length && <p class="quiet palette-note">Nothing has this name.</p>}
        <div id={list} role="listbox" aria-label="Results" class="palette-list" hidden={!options.length}>
          {sections.map((section) => (
            <div key={section.title} role="group" aria-label={section.title}><h3 aria-hidden="true">{section.title}</h3>{section.options.map(row)}</div>
          ))}
          {options.length > 0 && row(all)}
          {near.length > 0 && <div role="group" aria-label="Did you mean"><h3 aria-hidden="true">Did you mean</h3>{near.map(row)}</div>}
        </div>
        <span class="hidden-text" role="status">{text.trim() && data ? `${options.length - near.length - 1} results` + (near.length ? `; did you mean ${near.map(({ name }) => name).join(" or ")}?` : "") : ""}</span>
      </div>
    </dialog>
  );
}

function Picture({ option }: { option: Option }) {
  const dot = useRef<HTMLElement>(null);
  useEffect(() => void (option.color && dot.current?.style.setProperty("--wash", option.color)), [option.color]);
  if (option.key === "all" || option.text) return <span class="palette-dot"><Icon name="search" size={18} /></span>;
  if (option.cover) return <span class={option.round ? "cover-round" : ""}><Cover id={option.cover} size={36} /></span>;
  return <i ref={dot} class="palette-dot" />;
}
