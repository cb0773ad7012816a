import { signal } from "@preact/signals";
import { options } from "preact";
import { BASE, pagePath } from "./base";
import { entryChanged, newEntry } from "./entries";

export interface Route {
  path: string;
  query: URLSearchParams;
}

/** Addresses that pages had before; bookmarks may still hold them. */
const RENAMED: Record<string, string> = { "/blend": "/similar", "/matrix": "/compare", "/room": "/status" };
// The list of tracks was at "/", always with a query where it was filtered.

function currentRoute(): Route {
  const asked = pagePath(location.pathname);
  const renamed = asked === "/" && location.search ? "/tracks" : RENAMED[asked];
  const path = renamed ?? asked;
  // A proxy that takes the path away shows the page at "/segue", too.
  if (renamed || location.pathname === BASE) history.replaceState(history.state, "", BASE + path + location.search);
  return { path, query: new URLSearchParams(location.search) };
}

export const route = signal<Route>(currentRoute());

/** Show a page, such as "/map". */
export function navigate(to: string, { replace = false } = {}): void {
  if (BASE + to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](replace ? history.state : newEntry(), "", BASE + to);
  entryChanged();
  route.value = currentRoute();
}

/** Change only the query, without adding to the history: for text typed into a search box. */
export function setQuery(query: URLSearchParams): void {
  const text = query.toString();
  navigate(route.value.path + (text ? `?${text}` : ""), { replace: true });
}

/** Have every link to a page, such as "/map", lead below the base path. */
export function placeLinks(): void {
  const before = options.vnode;
  options.vnode = (node) => {
    const props = node.props as { href?: unknown };
    if (node.type === "a" && typeof props.href === "string" && props.href.startsWith("/")) props.href = BASE + props.href;
    before?.(node);
  };
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
    if (!link.pathname.startsWith(`${BASE}/`)) return; // another service of this host
    const path = pagePath(link.pathname);
    if (/^\/(api|assets|docs|openapi|metrics)/.test(path)) return;
    event.preventDefault();
    navigate(path + link.search);
  });
}
