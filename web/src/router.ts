import { signal } from "@preact/signals";
import { entryChanged, newEntry } from "./entries";

export interface Route {
  path: string;
  query: URLSearchParams;
}

/** Addresses that pages had before; bookmarks may still hold them. */
const RENAMED: Record<string, string> = { "/blend": "/similar", "/matrix": "/compare", "/room": "/status" };
// The list of tracks was at "/", always with a query where it was filtered.

function currentRoute(): Route {
  const renamed = location.pathname === "/" && location.search ? "/tracks" : RENAMED[location.pathname];
  if (renamed) history.replaceState(history.state, "", renamed + location.search);
  return { path: location.pathname, query: new URLSearchParams(location.search) };
}

export const route = signal<Route>(currentRoute());

export function navigate(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](replace ? history.state : newEntry(), "", to);
  entryChanged();
  route.value = currentRoute();
}

/** Change only the query, without adding to the history: for text typed into a search box. */
export function setQuery(query: URLSearchParams): void {
  const text = query.toString();
  navigate(location.pathname + (text ? `?${text}` : ""), { replace: true });
}

/** Follow links within the player without reloading it, so the music goes on. */
export function handleLinks(): void {
  addEventListener("popstate", () => {
    entryChanged();
    route.value = currentRoute();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (/^\/(api|assets|docs|openapi|metrics)/.test(link.pathname)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
