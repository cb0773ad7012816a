import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { knock, locked, offline } from "./connection";
import { hovering } from "./drops";
import { Help } from "./components/help";
import { Icon } from "./components/icons";
import { BottomNav, Rail } from "./components/nav";
import { PlayerBar } from "./components/playerbar";
import { QueuePanel } from "./components/queuepanel";
import { SaveDialog } from "./components/savedialog";
import { BlendPage } from "./pages/blend";
import { GroupsPage } from "./pages/groups";
import { JourneyPage } from "./pages/journey";
import { LibraryPage } from "./pages/library";
import { LoginPage } from "./pages/login";
import { MapPage } from "./pages/map";
import { MatrixPage } from "./pages/matrix";
import { NotFoundPage } from "./pages/notfound";
import { PlaylistPage } from "./pages/playlist";
import { PlaylistsPage } from "./pages/playlists";
import { RoomPage } from "./pages/room";
import { TrackPage } from "./pages/track";
import * as player from "./player";
import { place } from "./router";
import { dismiss, toasts } from "./toast";

const pages: [RegExp, (part: string) => ComponentChildren][] = [
  [/^\/$/, () => <LibraryPage />],
  [/^\/track\/([^/]+)$/, (id) => <TrackPage id={id} key={id} />],
  [/^\/blend$/, () => <BlendPage />],
  [/^\/journey$/, () => <JourneyPage />],
  [/^\/playlists$/, () => <PlaylistsPage />],
  [/^\/playlists\/([^/]+)$/, (id) => <PlaylistPage id={id} key={id} />],
  [/^\/map$/, () => <MapPage />],
  [/^\/groups$/, () => <GroupsPage />],
  [/^\/matrix$/, () => <MatrixPage />],
  [/^\/room$/, () => <RoomPage />],
];

function page(path: string): ComponentChildren {
  for (const [pattern, show] of pages) {
    const found = pattern.exec(path);
    if (found) return show(decodeURIComponent(found[1] ?? ""));
  }
  return <NotFoundPage />;
}

export function App() {
  const main = useRef<HTMLElement>(null);
  const path = place.value.path;
  const first = useRef(true);
  useEffect(() => {
    main.current?.scrollTo(0, 0);
    if (!first.current) main.current?.querySelector("h1")?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  if (locked.value) return <LoginPage />;
  return (
    <div class={`shell ${player.now.value ? "with-bar" : ""}`}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>To the page</a>
      <Rail />
      <main ref={main} id="main" class="page" tabIndex={-1}>
        {offline.value && <Offline />}
        {page(path)}
      </main>
      <QueuePanel />
      <PlayerBar />
      <BottomNav />
      <SaveDialog />
      <Help />
      {hovering.value && <p class="drop-sign" aria-hidden="true"><Icon name="sound" size={40} />Let go, and Segue listens</p>}
      <Toasts />
      <p class="hidden-text" role="status">{player.now.value && `Now: ${player.now.value.title}`}</p>
    </div>
  );
}

function Offline() {
  return (
    <div class="offline" role="alert">
      <Icon name="warn" size={18} />
      <span>Segue’s service does not answer. What is loaded stays; the rest comes back with it.</span>
      <button type="button" class="button small" onClick={() => void knock()}>Try again</button>
    </div>
  );
}

function Toasts() {
  return (
    <div class="toasts" role="status">
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
