/** Every route of the service that the page uses, one line each. */
import { API } from "./base";
import { ask, json } from "./connection";
import type * as T from "./types";

type Stop = AbortSignal | undefined;

const id = encodeURIComponent;
const post = <R>(path: string, body: unknown, signal?: Stop) => json<R>(path, { method: "POST", body, signal });

export function conditionsInQuery(where: T.Conditions): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(where)) {
    if (value === undefined || value === null || value === "") continue;
    if (name.startsWith("not_")) for (const text of value as string[]) query.append(name, text);
    else query.set(name === "duration_s" ? "duration" : name, Array.isArray(value) ? value.join("-") : String(value));
  }
  return query;
}

export type Sort = Exclude<NonNullable<T.ListTracksQuery["sort"]>, "random">;

export interface Listing {
  q?: string;
  where?: T.Conditions;
  sort?: Sort;
  limit?: number;
  offset?: number;
}

export function tracks({ q = "", where = {}, sort = "artist", limit = 50, offset = 0 }: Listing, stop?: Stop) {
  const query = conditionsInQuery(where);
  if (q) query.set("q", q);
  query.set("sort", sort);
  query.set("limit", String(limit));
  query.set("offset", String(offset));
  return json<T.TrackPage>(`/tracks?${query}`, { signal: stop });
}

/** Any of the tracks, in an order that chance gives. */
export async function randomTracks({ q = "", where = {} }: Listing, limit: number): Promise<T.Track[]> {
  const query = conditionsInQuery(where);
  if (q) query.set("q", q);
  query.set("sort", "random");
  query.set("seed", String(Math.floor(Math.random() * 2 ** 31)));
  query.set("limit", String(limit));
  return (await json<T.TrackPage>(`/tracks?${query}`)).tracks;
}

/** Tracks that words describe, by name or by sound. */
export function search({ q = "", where = {}, limit = 50, offset = 0 }: Listing, stop?: Stop) {
  const query = conditionsInQuery(where);
  query.set("q", q);
  query.set("limit", String(limit));
  query.set("offset", String(offset));
  return json<T.SearchPage>(`/search?${query}`, { signal: stop });
}

export type AlbumSort = NonNullable<T.ListAlbumsQuery["sort"]>;
export type ArtistSort = NonNullable<T.ListArtistsQuery["sort"]>;

interface Wanted {
  q: string;
  limit: number;
  offset: number;
}

function queryOf(values: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  return query.toString();
}

export const home = (stop?: Stop) => json<T.Home>("/home", { signal: stop });
export const albums = (wanted: Wanted & { sort: AlbumSort; genre: string | null; order: number }, stop?: Stop) =>
  json<T.AlbumPage>(`/albums?${queryOf({ ...wanted })}`, { signal: stop });
export const album = (key: string, stop?: Stop) => json<T.Album>(`/albums/${id(key)}`, { signal: stop });
export const albumOf = (track: string, stop?: Stop) => json<T.Album>(`/tracks/${id(track)}/album`, { signal: stop });
export const similarAlbums = (key: string, stop?: Stop) => json<T.SimilarAlbums>(`/albums/${id(key)}/similar`, { signal: stop });
export const artists = (wanted: Wanted & { sort: ArtistSort }, stop?: Stop) =>
  json<T.ArtistPage>(`/artists?${queryOf({ ...wanted })}`, { signal: stop });
export const artist = (key: string, stop?: Stop) => json<T.Artist>(`/artists/${id(key)}`, { signal: stop });
export const artistTracks = (key: string, stop?: Stop) => json<T.ArtistTracks>(`/artists/${id(key)}/tracks`, { signal: stop });
export const similarArtists = (key: string, stop?: Stop) => json<T.SimilarArtists>(`/artists/${id(key)}/similar`, { signal: stop });
export const genres = (stop?: Stop) => json<T.Genres>("/genres", { signal: stop });
export const history = (limit: number, stop?: Stop) => json<T.History>(`/history?limit=${limit}`, { signal: stop });


/** What has these words in its name, by kind, best matches first. */
export const searchGrouped = (text: string, stop?: Stop) => json<T.GroupedSearch>(`/search/grouped?q=${id(text)}`, { signal: stop });

/** Tracks by their ids, in that order; those that are gone are left out. */
export const tracksOf = async (keys: readonly string[], stop?: Stop) =>
  (await post<T.Tracks>("/tracks/batch", { tracks: keys }, stop)).tracks;

/** Whether a seed is several tracks of one name, such as `artist:NAME`. */
export const isNamed = (key: string) => key.includes(":");
export const suggestSeeds = async (text: string, stop?: Stop) =>
  (await json<T.SeedSuggestions>(`/seeds?q=${id(text)}`, { signal: stop })).seeds;
export const isClip = (key: string) => key.startsWith("clip-");
export const library = (stop?: Stop) => json<T.LibraryStatus>("/library", { signal: stop });
export const health = (stop?: Stop) => json<T.Health>("/health", { signal: stop });
export const track = (key: string, stop?: Stop) => json<T.TrackDetails>(`/tracks/${id(key)}`, { signal: stop });
export const facets = (stop?: Stop) => json<T.Facets>("/facets", { signal: stop });
export const similar = (request: T.SimilarRequest, stop?: Stop) => post<T.Recommendations>("/similar", request, stop);
export const suggestPlaylist = (request: T.PlaylistRequest, stop?: Stop) =>
  post<T.Recommendations>("/suggested-playlist", request, stop);
export const radio = (request: T.RadioRequest, stop?: Stop) => post<T.Recommendations>("/radio", request, stop);
export const transitions = (keys: string[], crossfade_s: number) =>
  post<T.Transitions>("/transitions", { tracks: keys, crossfade_s });
export const getQueue = (stop?: Stop) => json<T.PlayQueue>("/queue", { signal: stop });
export const saveQueue = (queue: T.PlayQueueChange) => json<T.PlayQueue>("/queue", { method: "PUT", body: queue });
export const recordPlays = (keys: string[]) => post<void>("/plays", { tracks: keys });
export const why = (a: string, b: string, stop?: Stop) => json<T.Explanation>(`/why?a=${id(a)}&b=${id(b)}`, { signal: stop });
export const scoreQuantiles = async ({ seeds, minus = [], agree = false }: Pick<T.SimilarRequest, "seeds" | "minus" | "agree">, stop?: Stop) => {
  const query = [...seeds.map((seed) => `seed=${id(seed)}`), ...minus.map((seed) => `minus=${id(seed)}`), `agree=${agree}`].join("&");
  return (await json<T.ScoreQuantiles>(`/score-quantiles?${query}`, { signal: stop })).quantiles;
};
export const journey = (start: string, end: string, via: string[], k: number, stop?: Stop) =>
  post<T.Journey>("/journey", { start, end, via, k }, stop);

export const playlists = (stop?: Stop) => json<T.Playlists>("/playlists", { signal: stop });
export const playlist = (key: string, stop?: Stop) => json<T.Playlist>(`/playlists/${id(key)}`, { signal: stop });
export const savePlaylist = (name: string, keys: string[]) => post<T.Playlist>("/playlists", { name, tracks: keys });
export const renamePlaylist = (key: string, name: string) => json<T.Playlist>(`/playlists/${id(key)}`, { method: "PUT", body: { name } });
/** Replace the tracks of a playlist as it was at that moment; fails with "changed_meanwhile" where it was changed since. */
export const replaceTracks = (key: string, keys: string[], asOf: number) =>
  json<T.Playlist>(`/playlists/${id(key)}`, { method: "PUT", body: { tracks: keys, as_of: asOf } });
export const sharePlaylist = (key: string, open: boolean) =>
  json<T.Playlist>(`/playlists/${id(key)}`, { method: "PUT", body: { public: open } });
export const deletePlaylist = (key: string) => json<void>(`/playlists/${id(key)}`, { method: "DELETE" });
export const playlistFile = async (kind: string, name: string, keys: string[]) =>
  (await ask(`/${kind}`, { method: "POST", body: { name, tracks: keys } })).blob();

/** The map, or the job that is making it. */
export const map = (stop?: Stop) => json<T.LibraryMap | T.JobAnswer>("/map", { signal: stop });
export const descriptors = async (stop?: Stop) => (await json<T.DescriptorNames>("/map/descriptors", { signal: stop })).names;
export const descriptor = (name: string, stop?: Stop) => json<T.DescriptorValues>(`/map/descriptors/${id(name)}`, { signal: stop });
export const makeMap = () => post<T.JobAnswer>("/map", {});
export const clusters = (stop?: Stop) => json<T.Clusters>("/clusters", { signal: stop });
export const makeClusters = (k: number | null) => post<T.JobAnswer>("/clusters", { k });
export const matrix = (keys: string[], stop?: Stop) => post<T.Matrix>("/matrix", { tracks: keys }, stop);
export const feedback = (stop?: Stop) => json<T.FeedbackList>("/feedback?limit=10000", { signal: stop });
export const giveFeedback = (key: string, verdict: T.Verdict, seed: string | null) =>
  post<T.Feedback>("/feedback", { track: key, verdict, seed });
export const takeBackFeedback = (key: string) => json<void>(`/feedback/${id(key)}`, { method: "DELETE" });

export const scan = (upgrade = false) => post<T.JobAnswer>("/jobs/scan", { folders: null, upgrade });
export const folders = (text: string, stop?: Stop) => json<T.Folders>(`/folders?q=${id(text)}`, { signal: stop });
export const addFolder = (folder: string) => post<T.JobAnswer>("/jobs/scan", { folders: [folder] });
export const makeDemo = () => post<T.JobAnswer>("/jobs/demo", {});
export const jobs = (stop?: Stop) => json<T.Jobs>("/jobs", { signal: stop });
export const job = (key: string, stop?: Stop) => json<T.JobAnswer>(`/jobs/${id(key)}`, { signal: stop });
export const cancelJob = (key: string) => post<T.JobAnswer>(`/jobs/${id(key)}/cancel`, {});
export const failures = (stop?: Stop) => json<T.FailurePage>("/failures", { signal: stop });
export const duplicates = (stop?: Stop) => json<T.DuplicatePage>("/duplicates", { signal: stop });
export const settings = (stop?: Stop) => json<T.Settings>("/settings", { signal: stop });
export const changeSettings = (change: T.SettingsChange) => json<T.Settings>("/settings", { method: "PUT", body: change });
export const models = (stop?: Stop) => json<T.Models>("/models", { signal: stop });
export const evaluation = (stop?: Stop) => json<T.Evaluation>("/evaluation", { signal: stop });
export const evaluate = (by: T.Evaluation["by"]) => post<T.JobAnswer>("/evaluation", { by });

export const session = () => json<T.Session>("/session");
export const logIn = (password: string, name?: string) => post<T.Session>("/session", name ? { name, password } : { password });
export const logOut = () => json<void>("/session", { method: "DELETE" });
const put = (path: string, body: unknown) => json<void>(path, { method: "PUT", body });
const remove = (path: string) => json<void>(path, { method: "DELETE" });
export const changePassword = (old: string, password: string) => put("/me/password", { old, new: password });
export const makeAppPassword = () => post<T.AppPassword>("/me/app-password", {});
export const removeAppPassword = () => remove("/me/app-password");
export const sessions = (stop?: Stop) => json<T.UserSessions>("/me/sessions", { signal: stop });
export const endSession = (key: string) => remove(`/me/sessions/${id(key)}`);
export const endOtherSessions = () => remove("/me/sessions");
export const users = (stop?: Stop) => json<T.Users>("/users", { signal: stop });
export const addUser = (name: string, password: string, admin: boolean) => post<T.UserAnswer>("/users", { name, password, admin });
export const setAdmin = (key: string, admin: boolean) => json<T.UserAnswer>(`/users/${id(key)}`, { method: "PUT", body: { admin } });
export const setPassword = (key: string, password: string) => put(`/users/${id(key)}/password`, { password });
export const removeUser = (key: string) => remove(`/users/${id(key)}`);

export const clipExists = (key: string) =>
  ask(`/clips/${id(key)}/audio`, { method: "HEAD" }).then(() => true, (error: { status: number }) => error.status !== 404);
export const deleteClip = (key: string) => json<void>(`/clips/${id(key)}`, { method: "DELETE" });
export const peaks = async (key: string, n: number, stop?: Stop) =>
  (await json<T.Peaks>(`/tracks/${id(key)}/peaks?n=${n}`, { signal: stop })).peaks;

export const soundOf = (key: string) =>
  isClip(key) ? `${API}/clips/${id(key)}/audio` : `${API}/tracks/${id(key)}/audio?format=auto`;
export const coverOf = (key: string, size: number) => `${API}/tracks/${id(key)}/cover?size=${size}`;
