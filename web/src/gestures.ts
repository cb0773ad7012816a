import { useLayoutEffect } from "preact/hooks";

interface Swipes {
  down?: () => void;
  left?: () => void;
  right?: () => void;
}

const FAR = 72; // px that count as a swipe
const STEEP = 1.6; // times as far in one direction as in the other

/** Swipes of one finger over an element, but not over what is dragged itself. */
export function useSwipe(element: { current: HTMLElement | null }, swipes: Swipes): void {
  useLayoutEffect(() => { // now: a finger may already be on it
    const box = element.current;
    if (!box) return;
    let start: Touch | null = null;
    const begin = (event: TouchEvent) => {
      const own = (event.target as Element).closest("[role=slider], input");
      start = event.touches.length === 1 && !own ? (event.touches[0] as Touch) : null;
    };
    const end = (event: TouchEvent) => {
      const last = event.changedTouches[0];
      if (!start || !last) return;
      const [x, y] = [last.clientX - start.clientX, last.clientY - start.clientY];
      start = null;
      if (y > FAR && y > STEEP * Math.abs(x) && box.scrollTop <= 0) swipes.down?.();
      else if (Math.abs(x) > FAR && Math.abs(x) > STEEP * Math.abs(y)) (x < 0 ? swipes.left : swipes.right)?.();
    };
    box.addEventListener("touchstart", begin, { passive: true });
    box.addEventListener("touchend", end, { passive: true });
    return () => (box.removeEventListener("touchstart", begin), box.removeEventListener("touchend", end));
  }, []);
}
