import { computed, effect, signal, type Signal } from "@preact/signals";
import { storageKey } from "./base";

const PERSON = storageKey("user");
const OWN = ["queue", "place", "station", "continuation", "seeds", "queueseen"]; // the rest belongs to the browser
let closed = false;

/** Whether the browser's queue belongs to somebody else than the user of this id, or to nobody. */
export const isOthers = (user: string) => personHere() !== user;

function personHere(): string {
  try {
    return localStorage.getItem(PERSON) ?? "";
  } catch {
    return "";
  }
}

/** Forget what one person left here, and load the page for another, or for nobody; false where nothing is kept here. */
export function changePerson(user: string): boolean {
  const before = personHere();
  try {
    for (const name of OWN) localStorage.removeItem(storageKey(name));
    localStorage.setItem(PERSON, user);
  } catch {
    return false;
  }
  closed = true; // nothing is written any more as the page goes
  if (before) location.replace(document.baseURI);
  else location.reload();
  return true;
}

// In another tab somebody signed in or out: this tab's queue is not theirs. A slow browser also tells a page, once it
// was loaded again, of what it wrote itself just before.
const loadedFor = personHere();
addEventListener("storage", (event) => {
  if (event.key !== PERSON || personHere() === loadedFor) return;
  closed = true;
  location.replace(document.baseURI);
});

/** A signal that the browser remembers, if its storage allows. */
export function persisted<T>(name: string, initial: T): Signal<T> {
  const key = storageKey(name);
  const value = signal<T>(read(key) ?? initial);
  effect(() => {
    try {
      if (!closed) localStorage.setItem(key, JSON.stringify(value.value));
    } catch {
      // Storage is full or forbidden; the page works without it.
    }
  });
  return value;
}

function read<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

export type Theme = "system" | "light" | "dark";
export const theme = persisted<Theme>("theme", "system");
export const shortcutsEnabled = persisted("shortcuts", true);

export type Density = "comfortable" | "compact";
export const density = persisted<Density>("density", "comfortable");
export const rowHeight = computed(() => (density.value === "compact" ? 44 : 64)); // px; --row-height in the styles
effect(() => {
  document.documentElement.dataset["density"] = density.value;
});

const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", (event) => (systemDark.value = event.matches));

export const dark = signal(false);
effect(() => {
  dark.value = theme.value === "dark" || (theme.value === "system" && systemDark.value);
  document.documentElement.dataset["theme"] = dark.value ? "dark" : "light";
});
