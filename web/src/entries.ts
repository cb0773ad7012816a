/** What belongs to an entry of the browser's history, such as how far its page was scrolled: Back finds it again. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useState } from "preact/hooks";
import { storageKey } from "./base";

type Kept = Record<string, unknown>;

const STORE = storageKey("entries");
const MOST = 100; // entries
const RESTORE_MS = 20_000; // that a page may take to grow as long as it was
const SETTLE_MS = 500; // that it must stay so: a list that loads anew may be short for a moment

const newKey = () => Math.random().toString(36).slice(2);
const keyNow = () => (history.state as { key?: string } | null)?.key;

const all = new Map<string, Kept>(read());
if (!keyNow()) history.replaceState({ key: newKey() }, "");

/** The entry that the page shows. */
export const entry = signal(keyNow() as string);

export const newEntry = () => ({ key: newKey() });
export const entryChanged = () => (entry.value = keyNow() ?? newKey());

function read(): [string, Kept][] {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "[]") as [string, Kept][];
  } catch {
    return [];
  }
}

function keep(name: string, value: unknown, key = entry.value): void {
  const kept = { ...all.get(key), [name]: value };
  all.delete(key);
  all.set(key, kept);
}

/** As ``useState``, and the same again when the listener comes back to this entry. */
export function useKept<T>(name: string, initial: T): [T, (value: T) => void] {
  const [key] = useState(entry.value);
  const [value, setValue] = useState((all.get(key)?.[name] as T | undefined) ?? initial);
  return [value, (next) => (keep(name, next, key), setValue(next))];
}

/** Scroll a new entry to its top, and one that the listener comes back to to where it was. */
export function useScrollMemory(page: { current: HTMLElement | null }): void {
  useLayoutEffect(() => { // now: where a shorter page stops must not be taken for where the listener was
    const box = page.current;
    if (!box) return;
    const until = Date.now() + RESTORE_MS;
    const shown = entry.value;
    const target = (all.get(shown)?.["scroll"] as number | undefined) ?? 0;
    let frame = 0;
    let since = 0; // when it was reached
    const done = () => {
      cancelAnimationFrame(frame);
      for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) box.removeEventListener(name, done);
      box.addEventListener("scroll", remember, { passive: true });
    };
    const remember = () => keep("scroll", box.scrollTop, shown);
    const restore = () => {
      box.scrollTo(0, target);
      const now = Date.now();
      since = Math.abs(box.scrollTop - target) < 2 ? since || now : 0;
      if (!target || (since && now - since > SETTLE_MS) || now > until) done();
      else frame = requestAnimationFrame(restore);
    };
    for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) box.addEventListener(name, done, { passive: true });
    restore();
    return () => (done(), box.removeEventListener("scroll", remember));
  }, [entry.value]);
}

history.scrollRestoration = "manual";
addEventListener("pagehide", () => {
  try {
    sessionStorage.setItem(STORE, JSON.stringify([...all].slice(-MOST)));
  } catch {
    // Storage is full or forbidden.
  }
});
