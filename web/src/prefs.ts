import { effect, signal, type Signal } from "@preact/signals";

/** A signal that the browser remembers; a full or forbidden store costs only the memory. */
export function kept<T>(name: string, first: T): Signal<T> {
  const key = `segue.${name}`;
  const value = signal<T>(read(key) ?? first);
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(value.value));
    } catch {
      // Nothing can be kept here; the page works all the same.
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
export const theme = kept<Theme>("theme", "system");
export const shortcuts = kept("shortcuts", true);

const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", (event) => (systemDark.value = event.matches));

export const dark = signal(false);
effect(() => {
  dark.value = theme.value === "dark" || (theme.value === "system" && systemDark.value);
  document.documentElement.dataset["theme"] = dark.value ? "dark" : "light";
});
