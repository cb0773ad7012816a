/** Rows of one list that are selected together, by clicks or keys. */
import { signal } from "@preact/signals";
import { attempt } from "./toast";
import type { Track } from "./types";

export interface TrackList {
  name: string; // another name is another list
  total: number;
  tracksAt: (from: number, to: number) => Track[] | Promise<Track[]>; // both included
  remove?: (places: number[]) => void; // where the list is one's own
}

/** Where a row stands in its list. */
export interface RowPlace {
  list: TrackList;
  place: number;
  before?: Track | undefined; // the track above
}

interface Selection {
  list: TrackList | null;
  tracks: ReadonlyMap<number, Track>; // by place
  anchor: number; // where a range begins
  end: number; // and where it ends
}

const MOST = 2000; // tracks in a range
const NONE: Selection = { list: null, tracks: new Map(), anchor: 0, end: 0 };

const selection = signal<Selection>(NONE);
let asked = 0; // ranges; an older one must not come after a newer one

/** The places of the rows of a list of tracks that are all there. */
export function rowsOf(name: string, tracks: readonly Track[], remove?: TrackList["remove"]): (place: number) => RowPlace {
  const list: TrackList = { name, total: tracks.length, tracksAt: (from, to) => tracks.slice(from, to + 1), ...(remove && { remove }) };
  return (place) => ({ list, place, before: tracks[place - 1] });
}

const isOf = (list: TrackList) => selection.value.list?.name === list.name;
export const isSelected = ({ list, place }: RowPlace) => isOf(list) && selection.value.tracks.has(place);
export const anySelected = () => selection.value.tracks.size > 0;

/** The selected tracks in the order of their list. */
export const selectedTracks = () => [...selection.value.tracks].sort((a, b) => a[0] - b[0]).map(([, track]) => track);

export const clearSelection = () => {
  asked++;
  if (anySelected()) selection.value = NONE;
};

/** Select this row alone; again, nothing. */
export function selectOnly({ list, place }: RowPlace, track: Track): void {
  asked++;
  const alone = isSelected({ list, place }) && selection.value.tracks.size === 1;
  selection.value = alone ? NONE : { list, tracks: new Map([[place, track]]), anchor: place, end: place };
}

/** Select this row too, or no more. */
export function toggleSelected({ list, place }: RowPlace, track: Track): void {
  asked++;
  const tracks = new Map(isOf(list) ? selection.value.tracks : []);
  if (!tracks.delete(place)) tracks.set(place, track);
  selection.value = tracks.size ? { list, tracks, anchor: place, end: place } : NONE;
}

/** Select all rows from the one that was selected first to this one. */
export async function selectTo(list: TrackList, place: number, anchor = isOf(list) ? selection.value.anchor : place): Promise<void> {
  const number = ++asked;
  const [from, to] = [Math.min(anchor, place), Math.max(anchor, place)];
  const tracks = await attempt(Promise.resolve(list.tracksAt(from, Math.min(to, from + MOST - 1))));
  if (tracks && number === asked) selection.value = { list, tracks: new Map(tracks.map((track, i) => [from + i, track])), anchor, end: place };
}

export const selectAll = (list: TrackList) => selectTo(list, list.total - 1, 0);

/** Whether the list whose rows are selected can lose some; ``removeSelected`` then takes them out. */
export const canRemove = () => Boolean(selection.value.list?.remove);
export function removeSelected(): void {
  const { list, tracks } = selection.value;
  clearSelection();
  list?.remove?.([...tracks.keys()]);
}

/** Keys in a row: X selects it, Shift with an arrow goes on from it, Ctrl+A takes all, Escape none. */
export function selectByKey(event: KeyboardEvent, at: RowPlace, track: Track): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && event.shiftKey && step) {
    const place = Math.min(at.list.total - 1, Math.max(0, at.place + step));
    void selectTo(at.list, place, anySelected() && isOf(at.list) ? undefined : at.place);
    focusRow(event.currentTarget as HTMLElement, step);
  } else if (plain && !event.shiftKey && event.key.toLowerCase() === "x") toggleSelected(at, track);
  else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") void selectAll(at.list);
  else if (event.key === "Escape" && anySelected()) clearSelection();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** The title of the row before or after this one gets the focus. */
function focusRow(row: HTMLElement, step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>(".page .row")];
  rows[rows.indexOf(row) + step]?.querySelector<HTMLElement>(".row-title")?.focus();
}

/** A click in a row, beside its buttons and links. A finger selects only where something is selected already. */
export function selectByClick(event: MouseEvent, at: RowPlace, track: Track): void {
  if ((event.target as Element).closest("a, button, input, [role=menu]")) return;
  const touches = (event as PointerEvent).pointerType === "touch";
  if (touches && !anySelected()) return;
  (event.currentTarget as HTMLElement).querySelector<HTMLElement>(".row-title")?.focus({ preventScroll: true });
  if (event.shiftKey) void selectTo(at.list, at.place);
  else if (touches || event.ctrlKey || event.metaKey) toggleSelected(at, track);
  else selectOnly(at, track);
}
