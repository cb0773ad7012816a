import { useEffect, useRef, useState } from "preact/hooks";
import { returns } from "./connection";

export interface Loaded<T> {
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
  again: () => void;
}

/** What ``load`` brings, asked anew when one of ``inputs`` changes or the service is back; the old stays until then. */
export function useLoad<T>(load: (stop: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T | undefined; error?: Error | undefined; loading: boolean }>({ loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState((old) => ({ data: old.data, error: undefined, loading: true }));
    load(stop.signal).then(
      (data) => !stop.signal.aborted && setState({ data, loading: false }),
      (error: Error) => !stop.signal.aborted && setState((old) => ({ data: old.data, error, loading: false })),
    );
    return () => stop.abort();
  }, [...inputs, round, returns.value]);
  return { data: state.data, error: state.error, loading: state.loading, again: () => setRound((n) => n + 1) };
}

/** The value as it was when it had not changed for a while. */
export function useSettled<T>(value: T, wait_ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), wait_ms);
    return () => window.clearTimeout(timer);
  }, [value, wait_ms]);
  return settled;
}

/** The size of an element in CSS pixels, followed as it changes. */
export function useSize<E extends HTMLElement>() {
  const ref = useRef<E>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, ...size };
}
