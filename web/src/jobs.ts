/** The service's jobs, and whether the library has changed. Both are asked for while a job runs and when somebody comes back to the page. */
import { computed, signal } from "@preact/signals";
import * as api from "./api";
import { reconnects, signInNeeded } from "./connection";
import { showToast } from "./toast";
import type { Job, Jobs } from "./types";

export const jobs = signal<Job[]>([]);
export const isRunning = (job: Job) => job.state === "queued" || job.state === "running";
export const anyJobRunning = computed(() => jobs.value.some(isRunning));

/** Counts changes of the library and ended jobs: pages that show what may differ ask again. */
export const libraryChanges = signal(0);

const POLL_MS = 700;
const SHOWN_EVERY_MS = 6000; // what a scan has added
const LOOK_AGAIN_MS = 10_000;
let timer = 0;
let askedAt = 0;
let questions = 0; // an older answer must not come after a newer one
let shownAt = 0;
let shown: number | null = null; // the number of the library's changes that pages have seen

async function refreshJobs(): Promise<void> {
  window.clearTimeout(timer);
  askedAt = Date.now();
  const question = ++questions;
  let latest: Jobs;
  try {
    latest = await api.jobs();
  } catch {
    return; // polling starts again after reconnecting
  }
  if (question !== questions) return;
  const ended = latest.jobs.filter((job) => !isRunning(job) && jobs.value.some((old) => old.id === job.id && isRunning(old)));
  jobs.value = latest.jobs;
  for (const job of ended) if (job.state === "failed") showToast(job.message || `${job.kind} failed`, { bad: true });
  const due = !anyJobRunning.value || Date.now() - shownAt > SHOWN_EVERY_MS;
  if (shown === null) shown = latest.changes;
  else if (ended.length || (due && latest.changes !== shown)) show(latest.changes);
  if (anyJobRunning.value) timer = window.setTimeout(refreshJobs, POLL_MS);
}

function show(changes: number): void {
  shown = changes;
  shownAt = Date.now();
  libraryChanges.value++;
}

/** Start a job and begin to poll. */
export async function startJob(work: Promise<unknown>): Promise<void> {
  await work;
  await refreshJobs();
}

/** Somebody looks at the page again; who only rests at it makes no request. */
function look(): void {
  const away = document.hidden || signInNeeded.value || anyJobRunning.value;
  if (!away && Date.now() - askedAt > LOOK_AGAIN_MS) void refreshJobs();
}

export function watchJobs(): void {
  reconnects.subscribe(() => void refreshJobs()); // now, too
  document.addEventListener("visibilitychange", look);
  window.addEventListener("focus", look);
}
