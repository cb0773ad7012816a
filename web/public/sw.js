// Keeps the page itself for when the service is away: never its music, its answers or its pictures.
const START = new URL(self.registration.scope).pathname; // "/", or below a base path such as "/segue/"
const SHELL = `segue-shell${START === "/" ? "" : ` ${START}`}`; // services below other paths have their own
const MOST = 60; // files

const keep = async (request, response) => {
  const cache = await caches.open(SHELL);
  await cache.put(request, response);
  const keys = await cache.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((key) => cache.delete(key)));
};

/** The page and what it loads first. */
const fetchShell = async () => {
  const page = await fetch(START, { cache: "no-cache" });
  if (!page.ok) return;
  const text = await page.clone().text();
  await keep(START, page);
  const files = [...text.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map((found) => START + found[1]);
  await Promise.all(files.map(async (file) => {
    const answer = await fetch(file);
    if (answer.ok) await keep(file, answer);
  }));
};

self.addEventListener("install", (event) => event.waitUntil(fetchShell().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** From the service; where it is away, the page as it was kept. */
const page = async (request) => {
  try {
    const answer = await fetch(request);
    if (answer.ok && answer.headers.get("content-type")?.startsWith("text/html")) void keep(START, answer.clone());
    return answer;
  } catch (error) {
    const kept = await (await caches.open(SHELL)).match(START);
    if (kept) return kept;
    throw error;
  }
};

/** Files whose names hold their checksums never change. */
const file = async (request) => {
  const kept = await (await caches.open(SHELL)).match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && answer.status === 200) void keep(request, answer.clone());
  return answer;
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !pathname.startsWith(START)) return;
  const path = pathname.slice(START.length);
  if (request.mode === "navigate" && !/^(api|rest|docs|openapi|metrics|model|assets)/.test(path)) event.respondWith(page(request));
  else if (/^assets\/.+-[\w-]{8}\.\w+$/.test(path)) event.respondWith(file(request));
});
