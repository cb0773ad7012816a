import { signal } from "@preact/signals";

/** Whether the service answered last time, and whether it wants a password first. */
export const offline = signal(false);
export const locked = signal(false);

/** Counts up when the service is there again, so that what failed is asked anew. */
export const returns = signal(0);

export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
  ) {
    super(message);
  }
}

let waiting = 0;

export function lost(): void {
  offline.value = true;
  if (!waiting) waiting = window.setTimeout(knock, 2000);
}

/** Ask whether anybody is there; go on asking until somebody is. */
export async function knock(): Promise<void> {
  window.clearTimeout(waiting);
  waiting = 0;
  try {
    const answer = await fetch("/api/v1/health", { cache: "no-store" });
    if (answer.status >= 500) throw new Error("not yet");
    offline.value = false;
    returns.value++;
  } catch {
    waiting = window.setTimeout(knock, 3000);
  }
}

interface Asked {
  method?: string;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** The service's answer; everything that is no answer becomes one ApiError with a line to show. */
export async function ask(path: string, { method = "GET", body, signal }: Asked = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["X-Segue"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer: Response;
  try {
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal) init.signal = signal;
    answer = await fetch(`/api/v1${path}`, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    lost();
    throw new ApiError("Segue's service does not answer.", "offline", 0);
  }
  if (offline.value) offline.value = false;
  if (answer.ok) return answer;
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<ApiError> {
  if (answer.status === 401) locked.value = true;
  return explain(await answer.text(), answer.status);
}

export function explain(text: string, status: number): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new ApiError(error.message, error.code, status);
  } catch {
    return new ApiError(`The service answered ${status} without a reason.`, "unexplained", status);
  }
}

export async function json<T>(path: string, asked: Asked = {}): Promise<T> {
  const answer = await ask(path, asked);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
