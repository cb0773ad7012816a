import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { reconnects } from "./connection";

export interface Loaded<T> {
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
  retry: () => void;
}

/** The result of ``load``. It loads again when one of ``inputs`` changes or the service is back, and keeps the old result meanwhile. */
export function useLoad<T>(load: (stop: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T | undefined; error?: Error | undefined; loading: boolean }>({ loading: true });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState((old) => ({ data: old.data, error: undefined, loading: true }));
    load(stop.signal).then(
      (data) => !stop.signal.aborted && setState({ data, loading: false }),
      (error: Error) => !stop.signal.aborted && setState((old) => ({ data: old.data, error, loading: false })),
    );
    return () => stop.abort();
  }, [...inputs, attempt, reconnects.value]);
  return { data: state.data, error: state.error, loading: state.loading, retry: () => setAttempt((n) => n + 1) };
}

/** The value, once it has not changed for ``wait_ms``. */
export function useDebounced<T>(value: T, wait_ms: number): T {
  const [debounced, setDebounced] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setDebounced(value), wait_ms);
    return () => window.clearTimeout(timer);
  }, [value, wait_ms]);
  return debounced;
}

/** The current size of an element in CSS pixels. */
export function useSize<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure(); // now: who moves a map before it knows its size moves it to nowhere
    let frame = 0;
    // In the next frame: a change of the layout within the observer's own round is an error of the page, where it resizes what is observed.
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    });
    observer.observe(element);
    return () => (observer.disconnect(), cancelAnimationFrame(frame));
  }, []);
  return { ref, ...size };
}
