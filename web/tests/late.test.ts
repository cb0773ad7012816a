/** Answers that come late or in another order, and messages that should wait. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

type Answer = (body: unknown) => void;
const asked: { path: string; answer: Answer }[] = [];

/** Hold every request until the test answers it. */
function holdRequests(): void {
  vi.stubGlobal("fetch", (path: string) => new Promise<Response>((resolve) => {
    asked.push({ path, answer: (body) => resolve(new Response(JSON.stringify(body), { status: 200 })) });
  }));
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("window", globalThis);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("a message goes after a while, but not under the pointer", async () => {
  vi.useFakeTimers();
  const { showToast, holdToasts, toasts, dismiss } = await import("../src/toast");
  const texts = () => toasts.value.map((toast) => toast.text);
  showToast("Removed", { action: { label: "Undo", run: () => {} } });
  vi.advanceTimersByTime(7_900);
  expect(texts()).toEqual(["Removed"]);
  holdToasts(true);
  showToast("Added");
  vi.advanceTimersByTime(60_000);
  expect(texts()).toEqual(["Removed", "Added"]);
  holdToasts(false);
  vi.advanceTimersByTime(4_000);
  expect(texts()).toEqual(["Removed"]);
  vi.advanceTimersByTime(8_000);
  expect(texts()).toEqual([]);
  holdToasts(true);
  showToast("Its button is pressed, and it goes with the pointer on it");
  showToast("The other");
  dismiss(toasts.value[0]!.id);
  vi.advanceTimersByTime(4_000);
  expect(texts()).toEqual([]);
});

test("a message under the pointer stays when another goes that is not there", async () => {
  vi.useFakeTimers();
  const { showToast, holdToasts, toasts, dismiss } = await import("../src/toast");
  const gone = showToast("Added");
  const read = showToast("Removed");
  dismiss(gone);
  holdToasts(true);
  dismiss(gone);
  vi.advanceTimersByTime(60_000);
  expect(toasts.value.map((toast) => toast.id)).toEqual([read]);
  dismiss(read);
});

test("a like that is given while likes are read stays", async () => {
  holdRequests();
  const { loadOpinions, opinions } = await import("../src/opinions");
  const loaded = loadOpinions();
  opinions.value = new Map([["a", "like"]]);
  asked[0]!.answer({ feedback: [] }); // read before the like was kept
  await vi.waitUntil(() => asked.length === 2);
  expect([...opinions.value]).toEqual([["a", "like"]]);
  asked[1]!.answer({ feedback: [{ track: "a", verdict: "like" }] });
  await loaded;
  expect([...opinions.value]).toEqual([["a", "like"]]);
});

test("an older answer of which jobs run does not hide a newer one", async () => {
  holdRequests();
  const { startJob, jobs } = await import("../src/jobs");
  const job = { id: "1", kind: "scan", state: "done" };
  void startJob(Promise.resolve());
  await vi.waitUntil(() => asked.length === 1);
  void startJob(Promise.resolve());
  await vi.waitUntil(() => asked.length === 2);
  asked[1]!.answer({ jobs: [job], changes: 1 });
  await vi.waitUntil(() => jobs.value.length);
  asked[0]!.answer({ jobs: [], changes: 0 });
  await settled();
  expect(jobs.value).toEqual([job]);
});
