import { computed, effect, signal, type Signal } from "@preact/signals";

/** A signal that the browser remembers, if its storage allows. */
export function persisted<T>(name: string, initial: T): Signal<T> {
  const key = `segue.${name}`;
  const value = signal<T>(read(key) ?? initial);
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(value.value));
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
