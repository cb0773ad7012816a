import { place } from "../router";
import { theme, type Theme } from "../prefs";
import { helpOpen } from "../keys";
import { seeds } from "../seeds";
import { busy } from "../jobs";
import { IconButton } from "./bits";
import { Icon, Mark, type IconName } from "./icons";

const rooms: [string, IconName, string, string][] = [
  ["/", "library", "Library", "Library"],
  ["/blend", "blend", "Sounds like", "Alike"],
  ["/journey", "journey", "Journey", "Journey"],
  ["/playlists", "playlist", "Playlists", "Lists"],
  ["/map", "map", "Map", "Map"],
  ["/groups", "groups", "Groups", "Groups"],
  ["/matrix", "matrix", "Likeness", "Matrix"],
  ["/room", "room", "House", "House"],
];

const isHere = (path: string) =>
  path === "/" ? /^\/($|track)/.test(place.value.path) : place.value.path.startsWith(path);

function Links({ short = false, from = rooms }: { short?: boolean; from?: typeof rooms }) {
  return (
    <ul>
      {from.map(([path, icon, name, brief]) => (
        <li key={path}>
          <a href={path} aria-current={isHere(path) ? "page" : undefined}>
            <Icon name={icon} size={short ? 22 : 20} />
            <span>{short ? brief : name}</span>
            {path === "/blend" && seeds.value.length > 0 && (
              <span class="badge num"><span class="hidden-text">, seeds: </span>{seeds.value.length}</span>
            )}
            {path === "/room" && busy.value && <span class="busy"><span class="hidden-text">, at work</span></span>}
          </a>
        </li>
      ))}
    </ul>
  );
}

const themes: Record<Theme, [Theme, IconName, string]> = {
  system: ["light", "auto", "Colours: as the system has them"],
  light: ["dark", "sun", "Colours: light"],
  dark: ["system", "moon", "Colours: dark"],
};

export function Rail() {
  const [following, icon, label] = themes[theme.value];
  return (
    <nav class="rail" aria-label="Rooms">
      <a href="/" class="brand" aria-label="Segue, to the library"><Mark /><span>segue</span></a>
      <Links />
      <div class="rail-foot">
        <IconButton icon={icon} label={label} onClick={() => (theme.value = following)} />
        <IconButton icon="keys" label="Keyboard shortcuts" onClick={() => (helpOpen.value = true)} />
      </div>
    </nav>
  );
}

/** On a phone: four rooms at the thumb, the others in the house. */
export function BottomNav() {
  const near = rooms.filter(([path]) => ["/", "/blend", "/map", "/playlists", "/room"].includes(path));
  return <nav class="bottom-nav" aria-label="Rooms"><Links short from={near} /></nav>;
}
