import { signal } from "@preact/signals";
import { API } from "./base";

/** Whether the last request failed to reach the service, and whether a password is needed. */
export const offline = signal(false);
export const signInNeeded = signal(false);

/** Counts reconnections, so that failed requests can be repeated. */
export const reconnects = signal(0);

export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const NOT_RESPONDING = "Segue is not responding. Check that it is still running.";
let waiting = 0;

function connectionLost(): void {
  offline.value = true;
  if (!waiting) waiting = window.setTimeout(checkConnection, 2000);
}

/** Check whether the service responds, again and again until it does. */
export async function checkConnection(): Promise<void> {
  window.clearTimeout(waiting);
  waiting = 0;
  try {
    const response = await fetch(`${API}/health`, { cache: "no-store" });
    if (response.status >= 500) throw new Error("not yet");
    offline.value = false;
    reconnects.value++;
  } catch {
    waiting = window.setTimeout(checkConnection, 3000);
  }
}

/** Whether the service responds now; if it does not, the page is offline until it does. */
export async function responds(): Promise<boolean> {
  try {
    const response = await fetch(`${API}/health`, { cache: "no-store" });
    if (response.status < 500) return true;
  } catch {
    // It is away.
  }
  connectionLost();
  return false;
}

interface RequestOptions {
  method?: string;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** Send a request. Every failure becomes an ApiError with a message to show. */
export async function ask(path: string, { method = "GET", body, signal }: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["X-Segue"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  const begun = reconnects.value;
  try {
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = JSON.stringify(body);
    if (signal) init.signal = signal;
    response = await fetch(`${API}${path}`, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    connectionLost();
    throw new ApiError(NOT_RESPONDING, "offline", 0);
  }
  if (offline.value) offline.value = false;
  if (response.ok) return response;
  if (response.status === 401 && reconnects.value === begun) signInNeeded.value = true; // not where one has signed in since
  throw await errorFrom(response);
}

async function errorFrom(response: Response): Promise<ApiError> {
  return parseError(await response.text().catch(() => ""), response.status);
}

export function parseError(text: string, status: number): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string } };
    return new ApiError(error.message, error.code, status);
  } catch {
    return new ApiError(`The service returned an error without a message (status ${status}).`, "unexplained", status);
  }
}

export async function json<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await ask(path, options);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    if (error instanceof SyntaxError) throw new ApiError("The answer is not one of Segue's: is a proxy in between?", "unexplained", response.status);
    connectionLost(); // it ended within its answer
    throw new ApiError(NOT_RESPONDING, "offline", 0);
  }
}
