/** Where the page lies: nothing at the top of a host, such as "/segue" below a path of it. */
export const BASE = globalThis.document ? new URL(document.baseURI).pathname.replace(/\/$/, "") : "";
export const API = `${BASE}/api/v1`;

/** The name of a thing in the browser's storage, which services below different paths of a host share. */
export const storageKey = (name: string) => `segue${BASE}.${name}`;

/** The path of a page, as the page's own code and its links name it. */
export const pagePath = (path: string) => (path === BASE || path.startsWith(`${BASE}/`) ? path.slice(BASE.length) || "/" : path);
