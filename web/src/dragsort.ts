/** Move a line of a list, or one of several boxes, by dragging its handle with a mouse, a pen or a finger. */

const EDGE = 48; // px from the list's ends, where it scrolls
const SCROLL = 8; // px a frame

/** Follow the pointer from its press on ``line`` on; ``drop`` gets by how many places it moved. */
export function dragLine(event: PointerEvent, line: HTMLElement, drop: (by: number) => void): void {
  const lines = [...(line.parentElement?.children ?? [])] as HTMLElement[];
  const from = lines.indexOf(line);
  let to = from;
  const mark = (at: PointerEvent) => {
    to = placeAt(lines, from, at.clientY);
    lines.forEach((other, i) => other.classList.toggle("drop-here", i === to && i !== from));
  };
  follow(event, line, mark, (dropped) => {
    for (const other of lines) other.classList.remove("drop-here");
    if (dropped && to !== from) drop(to - from);
  });
}

/** Follow the pointer from its press on ``box`` on; ``drop`` gets the other element of a ``kind`` on which it is let go. */
export function dragOnto(event: PointerEvent, box: HTMLElement, kind: string, drop: (target: HTMLElement) => void): void {
  let over: HTMLElement | null = null;
  const mark = (at: PointerEvent) => {
    const under = document.elementFromPoint(at.clientX, at.clientY)?.closest<HTMLElement>(kind) ?? null;
    over?.classList.remove("drop-over");
    over = under === box ? null : under;
    over?.classList.add("drop-over");
  };
  follow(event, box, mark, (dropped) => {
    over?.classList.remove("drop-over");
    if (dropped && over) drop(over);
  });
}

/** Keep what is dragged under the pointer, and scroll near the ends, until the pointer is let go or taken away. */
function follow(event: PointerEvent, item: HTMLElement, moved: (at: PointerEvent) => void, ended: (dropped: boolean) => void): void {
  const scroller = item.closest(".queue, .page") as HTMLElement;
  const begin = { x: event.clientX, y: event.clientY + scroller.scrollTop };
  const listening = new AbortController();
  let last = event;
  let frame = 0;
  const place = () => {
    item.style.setProperty("--dragged-x", `${last.clientX - begin.x}px`);
    item.style.setProperty("--dragged", `${last.clientY + scroller.scrollTop - begin.y}px`);
    moved(last);
  };
  const scroll = () => {
    const { top, bottom } = scroller.getBoundingClientRect();
    const by = last.clientY > bottom - EDGE ? SCROLL : last.clientY < top + EDGE ? -SCROLL : 0;
    if (by) scroller.scrollBy(0, by), place();
    frame = requestAnimationFrame(scroll);
  };
  const move = (at: PointerEvent) => {
    if (at.pointerId !== event.pointerId) return; // another finger
    last = at;
    place();
    frame ||= requestAnimationFrame(scroll);
  };
  const end = (up: PointerEvent) => {
    if (up.pointerId !== event.pointerId) return;
    listening.abort();
    cancelAnimationFrame(frame);
    item.classList.remove("dragged");
    item.style.removeProperty("--dragged-x");
    item.style.removeProperty("--dragged");
    ended(up.type === "pointerup");
  };
  // A finger that rests on the handle would open a menu, or begin the browser's own dragging.
  const hold = (other: Event) => (other.preventDefault(), other.stopPropagation());
  const { signal } = listening;
  event.preventDefault();
  item.classList.add("dragged");
  addEventListener("pointermove", move, { signal });
  addEventListener("pointerup", end, { signal });
  addEventListener("pointercancel", end, { signal });
  addEventListener("contextmenu", hold, { signal, capture: true });
  addEventListener("dragstart", hold, { signal, capture: true });
}

/** The place among the others, of a line that is held at this height. */
function placeAt(lines: readonly HTMLElement[], from: number, y: number): number {
  const above = lines.filter((other, i) => {
    const { top, height } = other.getBoundingClientRect();
    return i !== from && top + height / 2 < y;
  });
  return above.length;
}
