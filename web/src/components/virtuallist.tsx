import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { reconnects } from "../connection";

interface VirtualListProps<T> {
  listKey: string; // a new key is a new list
  pageSize: number; // items per request
  itemHeight: number; // px of one item
  label: string;
  load: (offset: number, stop: AbortSignal) => Promise<{ items: T[]; total: number }>;
  render: (item: T, index: number, before: T | undefined) => ComponentChildren; // with the item above
  onTotal?: (total: number) => void;
  whenEmpty: ComponentChildren;
  whenFailed: (error: Error, retry: () => void) => ComponentChildren;
  skeleton: ComponentChildren;
}

interface State<T> {
  listKey: string;
  pages: Map<number, T[]>;
  total: number | null;
  error: Error | null;
}

const MARGIN = 600; // px rendered above and below the visible part

/** A list of any length. Only the part near the visible area is requested and rendered. */
export function VirtualList<T>(props: VirtualListProps<T>) {
  const { listKey, pageSize, itemHeight, load, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<State<T>>({ listKey, pages: new Map(), total: null, error: null });
  const [range, setRange] = useState({ first: 0, last: pageSize });
  const [attempt, setAttempt] = useState(0);
  const isCurrent = state.listKey === listKey;

  useEffect(() => {
    const stop = new AbortController();
    const requested = new Set<number>();
    const fetchPage = (number: number) => {
      if (requested.has(number)) return;
      requested.add(number);
      load(number * pageSize, stop.signal).then(
        ({ items, total }) => {
          if (stop.signal.aborted) return;
          setState((old) => {
            const pages = new Map(old.listKey === listKey && number > 0 ? old.pages : []);
            return { listKey, pages: pages.set(number, items), total, error: null };
          });
          props.onTotal?.(total);
        },
        (error: Error) => {
          requested.delete(number);
          if (!stop.signal.aborted) setState((old) => (old.listKey === listKey ? { ...old, error } : { listKey, pages: new Map(), total: null, error }));
        },
      );
    };
    fetchPage(0);
    fetchRef.current = fetchPage;
    return () => stop.abort();
  }, [listKey, attempt, reconnects.value]);
  const fetchRef = useRef<(number: number) => void>(() => {});

  useEffect(() => {
    const scroller = box.current?.closest(".page") as HTMLElement | null;
    if (!scroller) return;
    const updateRange = () => {
      const from = -(box.current?.getBoundingClientRect().top ?? 0);
      const first = Math.max(0, Math.floor((from - MARGIN) / itemHeight));
      setRange((old) => {
        const last = Math.ceil((from + scroller.clientHeight + MARGIN) / itemHeight);
        return old.first === first && old.last === last ? old : { first, last };
      });
    };
    updateRange();
    scroller.addEventListener("scroll", updateRange, { passive: true });
    return () => scroller.removeEventListener("scroll", updateRange);
  }, [itemHeight, state.total === null]);

  const last = Math.min(range.last, state.total ?? 0);
  useEffect(() => {
    if (!isCurrent || state.total === null) return;
    for (let n = Math.floor(range.first / pageSize); n <= Math.floor((last - 1) / pageSize); n++) fetchRef.current(n);
  }, [range, last, isCurrent]);

  if (state.error && !state.pages.size) return <>{props.whenFailed(state.error, () => setAttempt((n) => n + 1))}</>;
  if (state.total === null) return <>{props.skeleton}</>;
  if (state.total === 0) return <>{props.whenEmpty}</>;
  const itemAt = (i: number) => state.pages.get(Math.floor(i / pageSize))?.[i % pageSize];
  const shown: ComponentChildren[] = [];
  for (let i = range.first; i < last; i++) {
    const item = itemAt(i);
    shown.push(
      <li key={i} aria-setsize={state.total} aria-posinset={i + 1} ref={(li) => li?.style.setProperty("top", `${i * itemHeight}px`)}>
        {item === undefined ? <div class="skeleton-row"><i /><b /><em /></div> : props.render(item, i, itemAt(i - 1))}
      </li>,
    );
  }
  return (
    <div ref={box} class={`virtual-list ${isCurrent ? "" : "stale"}`}>
      <ul aria-label={label} ref={(ul) => ul?.style.setProperty("height", `${state.total! * itemHeight}px`)}>{shown}</ul>
    </div>
  );
}
