/** Move a line of a list by dragging it, with a mouse, a pen or a finger. */

const EDGE = 48; // px from the list's ends, where it scrolls

/** Follow the pointer from its press on ``line`` on; ``drop`` gets by how many places it moved. */
export function dragLine(event: PointerEvent, line: HTMLElement, drop: (by: number) => void): void {
  const lines = [...(line.parentElement?.children ?? [])] as HTMLElement[];
  const scroller = line.closest(".queue, .page") as HTMLElement;
  const from = lines.indexOf(line);
  const begin = event.clientY + scroller.scrollTop;
  let to = from;
  const move = (at: PointerEvent) => {
    const { top, bottom } = scroller.getBoundingClientRect();
    if (at.clientY > bottom - EDGE) scroller.scrollBy(0, 8);
    if (at.clientY < top + EDGE) scroller.scrollBy(0, -8);
    line.style.setProperty("--dragged", `${at.clientY + scroller.scrollTop - begin}px`);
    to = placeAt(lines, from, at.clientY);
    lines.forEach((other, i) => other.classList.toggle("drop-here", i === to && i !== from));
  };
  const end = (up: PointerEvent) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    line.classList.remove("dragged");
    line.style.removeProperty("--dragged");
    for (const other of lines) other.classList.remove("drop-here");
    if (up.type === "pointerup" && to !== from) drop(to - from);
  };
  event.preventDefault();
  line.classList.add("dragged");
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}

/** The place among the others, of a line that is held at this height. */
function placeAt(lines: readonly HTMLElement[], from: number, y: number): number {
  const above = lines.filter((other, i) => {
    const { top, height } = other.getBoundingClientRect();
    return i !== from && top + height / 2 < y;
  });
  return above.length;
}
