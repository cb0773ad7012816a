/** The service's long work, watched while there is any. */
import { computed, signal } from "@preact/signals";
import * as api from "./api";
import { returns } from "./connection";
import { say } from "./toast";
import type { Job } from "./types";

export const jobs = signal<Job[]>([]);
export const running = (job: Job) => job.state === "queued" || job.state === "running";
export const busy = computed(() => jobs.value.some(running));

/** Counts up when a job ends, so that pages ask anew for what it has changed. */
export const ends = signal(0);

let timer = 0;

export async function watch(): Promise<void> {
  window.clearTimeout(timer);
  let found: Job[];
  try {
    found = (await api.jobs()).jobs;
  } catch {
    return; // the connection's own watch begins this anew
  }
  const before = new Map(jobs.value.map((job) => [job.id, job]));
  jobs.value = found;
  for (const job of found) {
    const old = before.get(job.id);
    if (old && running(old) && !running(job)) over(job);
  }
  if (busy.value) timer = window.setTimeout(watch, 700);
}

function over(job: Job): void {
  ends.value++;
  if (job.state === "failed") say(job.message ?? `${job.kind} failed`, { bad: true });
}

/** Begin some work; its progress is seen from then on. */
export async function begin(work: Promise<unknown>): Promise<void> {
  await work;
  await watch();
}

export function watchFromNow(): void {
  void watch();
  returns.subscribe(() => void watch());
}
