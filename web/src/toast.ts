import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
const timers = new Map<number, number>(); // by the ids of the messages
let last = 0;
let held = false;

/** Show a message for some seconds; its id, by which it is dismissed before. */
export function showToast(text: string, more: { bad?: boolean; action?: Toast["action"] } = {}): number {
  const toast: Toast = { id: ++last, text, bad: more.bad ?? false };
  if (more.action) toast.action = more.action;
  toasts.value = [...toasts.value.slice(-2), toast];
  if (!held) leaveLater(toast);
  return toast.id;
}

const leaveLater = (toast: Toast) =>
  timers.set(toast.id, window.setTimeout(() => dismiss(toast.id), toast.bad || toast.action ? 8000 : 4000));

export function dismiss(id: number): void {
  if (!toasts.value.some((toast) => toast.id === id)) return;
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
  holdToasts(false); // what had the pointer or the focus may be gone
}

/** Nothing goes away by itself while the pointer or the focus is on a message: somebody reads it, or is about to press its button. */
export function holdToasts(hold: boolean): void {
  held = hold;
  for (const timer of timers.values()) window.clearTimeout(timer);
  timers.clear();
  if (!hold) toasts.value.forEach(leaveLater);
}

/** Wait for ``work``. If it fails, show the reason. */
export async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DOMException)) showToast(error instanceof Error ? error.message : String(error), { bad: true });
    return undefined;
  }
}
