import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void };
}

export const toasts = signal<Toast[]>([]);
let last = 0;

export function showToast(text: string, more: { bad?: boolean; action?: Toast["action"] } = {}): void {
  const toast: Toast = { id: ++last, text, bad: more.bad ?? false };
  if (more.action) toast.action = more.action;
  toasts.value = [...toasts.value.slice(-2), toast];
  window.setTimeout(() => dismiss(toast.id), more.bad || more.action ? 8000 : 4000);
}

export const dismiss = (id: number) => (toasts.value = toasts.value.filter((toast) => toast.id !== id));

/** Wait for ``work``. If it fails, show the reason. */
export async function attempt<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DOMException)) showToast(error instanceof Error ? error.message : String(error), { bad: true });
    return undefined;
  }
}
