import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { checkConnection, offline, reconnects, signInNeeded } from "./connection";
import { useScrollMemory } from "./entries";
import { draggingFile } from "./filedrop";
import { Help } from "./components/help";
import { Icon } from "./components/icons";
import { BottomNav, Sidebar } from "./components/nav";
import { NowPlaying } from "./components/nowplaying";
import { PlayerBar } from "./components/playerbar";
import { SearchDialog } from "./components/palette";
import { DropTray } from "./components/droptray";
import { SelectionBar } from "./components/selectionbar";
import { QueuePanel } from "./components/queuepanel";
import { SaveDialog } from "./components/savedialog";
import { SimilarPage } from "./pages/similar";
import { GroupsPage } from "./pages/groups";
import { JourneyPage } from "./pages/journey";
import { LibraryPage } from "./pages/library";
import { LikesPage } from "./pages/likes";
import { LoginPage } from "./pages/login";
import { MapPage } from "./pages/map";
import { AlbumOfTrackPage, AlbumPage } from "./pages/album";
import { AlbumsPage } from "./pages/albums";
import { ArtistPage } from "./pages/artist";
import { ArtistsPage } from "./pages/artists";
import { GenresPage } from "./pages/genres";
import { HistoryPage } from "./pages/history";
import { HomePage } from "./pages/home";
import { ComparePage } from "./pages/compare";
import { NotFoundPage } from "./pages/notfound";
import { PlaylistPage } from "./pages/playlist";
import { PlaylistsPage } from "./pages/playlists";
import { SettingsPage } from "./pages/settings";
import { StatusPage } from "./pages/status";
import { TrackPage } from "./pages/track";
import { loadOpinions } from "./opinions";
import { loadSession } from "./person";
import * as player from "./player";
import { route } from "./router";
import { dismiss, holdToasts, toasts } from "./toast";

interface Page {
  path: RegExp;
  title: string;
  render: (id: string) => ComponentChildren;
}

const pages: Page[] = [
  { path: /^\/$/, title: "Home", render: () => <HomePage /> },
  { path: /^\/albums$/, title: "Albums", render: () => <AlbumsPage /> },
  { path: /^\/albums\/([^/]+)$/, title: "Album", render: (id) => <AlbumPage id={id} key={id} /> },
  { path: /^\/track\/([^/]+)\/album$/, title: "Album", render: (id) => <AlbumOfTrackPage id={id} key={id} /> },
  { path: /^\/artists$/, title: "Artists", render: () => <ArtistsPage /> },
  { path: /^\/artists\/([^/]+)$/, title: "Artist", render: (id) => <ArtistPage id={id} key={id} /> },
  { path: /^\/tracks$/, title: "Tracks", render: () => <LibraryPage /> },
  { path: /^\/genres$/, title: "Genres", render: () => <GenresPage /> },
  { path: /^\/history$/, title: "History", render: () => <HistoryPage /> },
  { path: /^\/track\/([^/]+)$/, title: "Track", render: (id) => <TrackPage id={id} key={id} /> },
  { path: /^\/similar$/, title: "Similar", render: () => <SimilarPage /> },
  { path: /^\/journey$/, title: "Journey", render: () => <JourneyPage /> },
  { path: /^\/playlists$/, title: "Playlists", render: () => <PlaylistsPage /> },
  { path: /^\/playlists\/([^/]+)$/, title: "Playlist", render: (id) => <PlaylistPage id={id} key={id} /> },
  { path: /^\/likes$/, title: "Likes", render: () => <LikesPage /> },
  { path: /^\/map$/, title: "Map", render: () => <MapPage /> },
  { path: /^\/groups$/, title: "Groups", render: () => <GroupsPage /> },
  { path: /^\/compare$/, title: "Compare", render: () => <ComparePage /> },
  { path: /^\/status$/, title: "Library status", render: () => <StatusPage /> },
  { path: /^\/settings$/, title: "Settings", render: () => <SettingsPage /> },
];
const notFound: Page = { path: /(?:)/, title: "Page not found", render: () => <NotFoundPage /> };

export function App() {
  const main = useRef<HTMLElement>(null);
  const path = route.value.path;
  const page = pages.find((candidate) => candidate.path.test(path)) ?? notFound;
  const track = player.currentTrack.value;
  useEffect(() => {
    const look = () => void (document.hidden || signInNeeded.value || loadOpinions().catch(() => {}));
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [signInNeeded.value, reconnects.value]);
  useEffect(() => void (signInNeeded.value || loadSession().catch(() => {})), [signInNeeded.value, reconnects.value]);
  useScrollMemory(main);
  const first = useRef(true);
  useLayoutEffect(() => { // now: the next key may already be pressed
    if (!first.current) main.current?.querySelector("h1")?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  if (signInNeeded.value) return <LoginPage />;
  return (
    <div class={`shell ${track ? "with-bar" : ""}`}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>Skip to content</a>
      <Sidebar />
      <main ref={main} id="main" class="page" tabIndex={-1}>
        {offline.value && <Offline />}
        {page.render(decoded(page.path.exec(path)?.[1] ?? ""))}
      </main>
      <SelectionBar page={path} />
      <QueuePanel />
      <DropTray />
      <PlayerBar />
      <NowPlaying />
      <BottomNav />
      <SaveDialog />
      <SearchDialog />
      <Help />
      {draggingFile.value && <p class="drop-overlay" aria-hidden="true"><Icon name="sound" size={40} />Drop to find similar music</p>}
      <Toasts />
      <p class="hidden-text" role="status">{track && `Now playing: ${track.title}`}</p>
    </div>
  );
}

/** A name in an address; as it is, where it is no percent encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Offline() {
  return (
    <div class="offline" role="alert">
      <Icon name="warn" size={18} />
      <span>Segue is not responding. This page reconnects by itself.</span>
      <button type="button" class="button small" onClick={() => void checkConnection()}>Try again</button>
    </div>
  );
}

function Toasts() {
  return (
    <div class="toasts" role="status" onPointerEnter={() => holdToasts(true)} onPointerLeave={() => holdToasts(false)}
      onFocusIn={() => holdToasts(true)} onFocusOut={() => holdToasts(false)}>
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.bad ? "bad-toast" : ""}`}>
          <span>{toast.text}</span>
          {toast.action && (
            <button type="button" onClick={() => (toast.action?.run(), dismiss(toast.id))}>{toast.action.label}</button>
          )}
        </div>
      ))}
    </div>
  );
}
