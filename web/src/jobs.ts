/** The service's jobs. They are polled while any is running. */
import { computed, signal } from "@preact/signals";
import * as api from "./api";
import { reconnects } from "./connection";
import { showToast } from "./toast";
import type { Job } from "./types";

export const jobs = signal<Job[]>([]);
export const isRunning = (job: Job) => job.state === "queued" || job.state === "running";
export const anyJobRunning = computed(() => jobs.value.some(isRunning));

/** Counts finished jobs, and steps of scans, so that pages reload what a job may have changed. */
export const jobsFinished = signal(0);

let timer = 0;
let shownAt = 0;
const SHOWN_EVERY_MS = 6000; // what a scan has added

async function refreshJobs(): Promise<void> {
  window.clearTimeout(timer);
  let latest: Job[];
  try {
    latest = (await api.jobs()).jobs;
  } catch {
    return; // polling starts again after reconnecting
  }
  const before = new Map(jobs.value.map((job) => [job.id, job]));
  jobs.value = latest;
  const grown = latest.some((job) => job.kind === "scan" && job.done > (before.get(job.id)?.done ?? 0));
  if (grown && Date.now() - shownAt > SHOWN_EVERY_MS) {
    shownAt = Date.now();
    jobsFinished.value++;
  }
  for (const job of latest) {
    const old = before.get(job.id);
    if (old && isRunning(old) && !isRunning(job)) jobEnded(job);
  }
  if (anyJobRunning.value) timer = window.setTimeout(refreshJobs, 700);
}

function jobEnded(job: Job): void {
  jobsFinished.value++;
  if (job.state === "failed") showToast(job.message ?? `${job.kind} failed`, { bad: true });
}

/** Start a job and begin to poll. */
export async function startJob(work: Promise<unknown>): Promise<void> {
  await work;
  await refreshJobs();
}

export function watchJobs(): void {
  reconnects.subscribe(() => void refreshJobs()); // now, too
}
