import { useLayoutEffect, useState } from "preact/hooks";
import { route } from "../router";
import { theme, type Theme } from "../preferences";
import { helpOpen } from "../shortcuts";
import { seeds } from "../seeds";
import { anyJobRunning } from "../jobs";
import { paletteOpen } from "./palette";
import { IconButton } from "./common";
import { Dialog } from "./dialog";
import { Icon, Logo, type IconName } from "./icons";

interface PageLink {
  path: string;
  icon: IconName;
  name: string;
  also?: RegExp; // other pages of this section
}

const pages: PageLink[] = [
  { path: "/", icon: "home", name: "Home" },
  { path: "/albums", icon: "library", name: "Library", also: /^\/(albums|artists|tracks?|genres)(\/|$)/ },
  { path: "/similar", icon: "similar", name: "Similar" },
  { path: "/journey", icon: "journey", name: "Journey" },
  { path: "/playlists", icon: "playlist", name: "Playlists", also: /^\/(playlists|likes|history)(\/|$)/ },
  { path: "/map", icon: "map", name: "Map", also: /^\/(map|groups|compare)$/ },
  { path: "/status", icon: "status", name: "Status" },
  { path: "/settings", icon: "settings", name: "Settings" },
];
const onPhoneBar = ["/", "/albums", "/similar"];
const onBar = pages.filter(({ path }) => onPhoneBar.includes(path));

const isCurrent = ({ path, also }: PageLink) => also?.test(route.value.path) ?? route.value.path === path;

function PageLinks({ links, iconSize = 20 }: { links: readonly PageLink[]; iconSize?: number }) {
  return (
    <>
      {links.map((link) => (
        <li key={link.path}>
          <a href={link.path} aria-current={isCurrent(link) ? "page" : undefined}>
            <Icon name={link.icon} size={iconSize} />
            <span>{link.name}</span>
            {link.path === "/similar" && seeds.value.length > 0 && (
              <span class="badge num"><span class="hidden-text">, seeds: </span>{seeds.value.length}</span>
            )}
            {link.path === "/status" && <JobDot />}
          </a>
        </li>
      ))}
    </>
  );
}

const JobDot = () => (anyJobRunning.value ? <span class="job-dot"><span class="hidden-text">, a job is running</span></span> : null);

const themeButtons: Record<Theme, { next: Theme; icon: IconName; label: string }> = {
  system: { next: "light", icon: "auto", label: "Appearance: same as system" },
  light: { next: "dark", icon: "sun", label: "Appearance: light" },
  dark: { next: "system", icon: "moon", label: "Appearance: dark" },
};

export function Sidebar() {
  const { next, icon, label } = themeButtons[theme.value];
  return (
    <nav class="sidebar" aria-label="Pages">
      <a href="/" class="brand" aria-label="Segue, go home"><Logo /><span>segue</span></a>
      <button type="button" class="palette-open" onClick={() => (paletteOpen.value = true)}><Icon name="search" size={18} />Search<kbd aria-hidden="true">Ctrl K</kbd></button>
      <ul><PageLinks links={pages} /></ul>
      <div class="sidebar-foot">
        <IconButton icon={icon} label={label} onClick={() => (theme.value = next)} />
        <IconButton icon="keys" label="Keyboard shortcuts" onClick={() => (helpOpen.value = true)} />
      </div>
    </nav>
  );
}

/** On a phone: the first pages and the search within reach of the thumb, the others under "More". */
export function BottomNav() {
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => setOpen(false), [route.value]); // now: it may already be opened again
  const others = pages.filter(({ path }) => !onPhoneBar.includes(path));
  return (
    <>
      <nav class="bottom-nav" aria-label="Pages">
        <ul>
          <PageLinks links={onBar.slice(0, 2)} iconSize={22} />
          <li><button type="button" aria-haspopup="dialog" onClick={() => (paletteOpen.value = true)}><Icon name="search" size={22} /><span>Search</span></button></li>
          <PageLinks links={onBar.slice(2)} iconSize={22} />
          <li>
            <button type="button" aria-haspopup="dialog" aria-current={others.some(isCurrent) ? "page" : undefined} onClick={() => setOpen(true)}>
              <Icon name="more" size={22} />
              <span>More</span>
              <JobDot />
            </button>
          </li>
        </ul>
      </nav>
      {open && (
        <Dialog title="More pages" onClose={() => setOpen(false)}>
          <ul class="more-pages"><PageLinks links={others} /></ul>
        </Dialog>
      )}
    </>
  );
}
