import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export interface Choice {
  icon: IconName;
  text: string;
  run: () => void;
}

/** What moves one of several things by a place, for those who do not drag. */
export const moveChoices = (up: boolean, down: boolean, move: (by: number) => void, [earlier, later]: [string, string] = ["Move up", "Move down"]): Choice[] => [
  ...(up ? [{ icon: "arrowUp", text: earlier, run: () => move(-1) } satisfies Choice] : []),
  ...(down ? [{ icon: "arrowDown", text: later, run: () => move(1) } satisfies Choice] : []),
];

interface MenuProps {
  label: string;
  choices: () => Choice[];
  small?: boolean;
  children?: ComponentChildren; // on a wide button, in place of three dots
}

/** A button that opens an ARIA menu. */
export function Menu({ label, choices, small = true, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => (setOpen(false), button.current?.focus());
  return (
    <span class="menu-holder">
      <button ref={button} type="button" class={children ? "button" : `icon-button ${small ? "small" : ""}`} aria-label={children ? undefined : label}
        title={children ? undefined : "More"} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        {children ?? <Icon name="more" size={18} />}
      </button>
      {open && <List choices={choices()} close={close} button={button.current} label={label} />}
    </span>
  );
}

interface ListProps {
  choices: Choice[];
  close: () => void;
  button: HTMLElement | null;
  label: string;
}

function List({ choices, close, button, label }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  useLayoutEffect(() => {
    if (list.current && button) putBeside(list.current, button);
  }, []);
  useLayoutEffect(() => list.current?.querySelectorAll("button")[at]?.focus(), [at]);
  useEffect(() => {
    const away = (event: Event) => {
      if (!list.current?.contains(event.target as Node) && !button?.contains(event.target as Node)) close();
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("scroll", away, true);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("scroll", away, true);
    };
  }, []);
  const steer = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((at + step + choices.length) % choices.length);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={list} class="menu" role="menu" aria-label={label} onKeyDown={steer}>
      {choices.map((choice, i) => (
        <button key={choice.text} type="button" role="menuitem" tabIndex={i === at ? 0 : -1}
          onClick={() => (close(), choice.run())}>
          <Icon name={choice.icon} size={18} />{choice.text}
        </button>
      ))}
    </div>
  );
}

function putBeside(list: HTMLElement, button: HTMLElement): void {
  const from = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = from.bottom + 6 + height < innerHeight - 96;
  list.style.left = `${Math.max(8, Math.min(from.right - width, innerWidth - width - 8))}px`;
  list.style.top = `${below ? from.bottom + 6 : Math.max(8, from.top - height - 6)}px`;
}
