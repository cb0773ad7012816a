import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { returns } from "../connection";

interface EndlessProps<T> {
  what: string; // changes when the list is another one
  page: number; // items asked for at a time
  height: number; // px of one item
  label: string;
  load: (offset: number, stop: AbortSignal) => Promise<{ items: T[]; total: number }>;
  render: (item: T, index: number) => ComponentChildren;
  onTotal?: (total: number) => void;
  whenNone: ComponentChildren;
  whenFailed: (error: Error, again: () => void) => ComponentChildren;
  skeleton: ComponentChildren;
}

interface State<T> {
  what: string;
  pages: Map<number, T[]>;
  total: number | null;
  error: Error | null;
}

const MARGIN = 600; // px drawn beyond what is seen

/** A list of any length: only what is near the window is asked for and drawn. */
export function Endless<T>(props: EndlessProps<T>) {
  const { what, page, height, load, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<State<T>>({ what, pages: new Map(), total: null, error: null });
  const [span, setSpan] = useState({ first: 0, last: page });
  const [round, setRound] = useState(0);
  const asked = useRef(new Set<number>());
  const fresh = state.what === what;

  useEffect(() => {
    const stop = new AbortController();
    asked.current = new Set();
    const fetchPage = (number: number) => {
      if (asked.current.has(number)) return;
      asked.current.add(number);
      load(number * page, stop.signal).then(
        ({ items, total }) => {
          setState((old) => {
            const pages = new Map(old.what === what && number > 0 ? old.pages : []);
            return { what, pages: pages.set(number, items), total, error: null };
          });
          props.onTotal?.(total);
        },
        (error: Error) => {
          asked.current.delete(number);
          if (!stop.signal.aborted) setState((old) => (old.what === what ? { ...old, error } : { what, pages: new Map(), total: null, error }));
        },
      );
    };
    fetchPage(0);
    wanted.current = fetchPage;
    return () => stop.abort();
  }, [what, round, returns.value]);
  const wanted = useRef<(number: number) => void>(() => {});

  useEffect(() => {
    const scroller = box.current?.closest(".page") as HTMLElement | null;
    if (!scroller) return;
    const look = () => {
      const from = -(box.current?.getBoundingClientRect().top ?? 0);
      const first = Math.max(0, Math.floor((from - MARGIN) / height));
      setSpan((old) => {
        const last = Math.ceil((from + scroller.clientHeight + MARGIN) / height);
        return old.first === first && old.last === last ? old : { first, last };
      });
    };
    look();
    scroller.addEventListener("scroll", look, { passive: true });
    return () => scroller.removeEventListener("scroll", look);
  }, [height, state.total === null]);

  const last = Math.min(span.last, state.total ?? 0);
  useEffect(() => {
    if (!fresh || state.total === null) return;
    for (let n = Math.floor(span.first / page); n <= Math.floor((last - 1) / page); n++) wanted.current(n);
  }, [span, last, fresh]);

  if (state.error && !state.pages.size) return <>{props.whenFailed(state.error, () => setRound((n) => n + 1))}</>;
  if (state.total === null) return <>{props.skeleton}</>;
  if (state.total === 0) return <>{props.whenNone}</>;
  const shown: ComponentChildren[] = [];
  for (let i = span.first; i < last; i++) {
    const item = state.pages.get(Math.floor(i / page))?.[i % page];
    shown.push(
      <li key={i} aria-setsize={state.total} aria-posinset={i + 1} ref={(li) => li?.style.setProperty("top", `${i * height}px`)}>
        {item === undefined ? <div class="skeleton-row"><i /><b /><em /></div> : props.render(item, i)}
      </li>,
    );
  }
  return (
    <div ref={box} class={`endless ${fresh ? "" : "stale"}`}>
      <ul aria-label={label} ref={(ul) => ul?.style.setProperty("height", `${state.total! * height}px`)}>{shown}</ul>
    </div>
  );
}
