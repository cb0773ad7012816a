import { route } from "../router";

/** Links between the pages of one section. */
export function Tabs({ label, links }: { label: string; links: readonly (readonly [string, string])[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      <ul>
        {links.map(([path, name]) => (
          <li key={path}><a href={path} aria-current={route.value.path === path ? "page" : undefined}>{name}</a></li>
        ))}
      </ul>
    </nav>
  );
}

export const LibraryTabs = () => (
  <Tabs label="Library" links={[["/albums", "Albums"], ["/artists", "Artists"], ["/tracks", "Tracks"], ["/genres", "Genres"]]} />
);

export const ListsTabs = () => (
  <Tabs label="Lists" links={[["/playlists", "Playlists"], ["/likes", "Likes"], ["/history", "History"]]} />
);

export const MapTabs = () => <Tabs label="Map" links={[["/map", "Map"], ["/groups", "Groups"], ["/compare", "Compare"]]} />;
