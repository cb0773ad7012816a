import * as api from "../api";
import { formatDuration, readableName } from "../format";
import { isRunning } from "../jobs";
import { mayManage } from "../person";
import { attempt } from "../toast";
import type { Job } from "../types";
import { Progress } from "./common";

const JOB_NAMES: Record<string, string> = { clusters: "Groups", evaluate: "Evaluation" };
const STATES: Record<Job["state"], string> = {
  queued: "waiting", running: "running", done: "done", failed: "failed", cancelled: "canceled",
};

/** One job: how far it is, how long it will still take, and a way to stop it. */
export function JobLine({ job }: { job: Job }) {
  const name = JOB_NAMES[job.kind] ?? readableName(job.kind);
  return (
    <div class="job">
      <div class="job-head">
        <b>{name}</b>
        <span class="quiet num">{job.state === "running" ? describeProgress(job) : STATES[job.state]}</span>
        {isRunning(job) && mayManage.value && <button type="button" class="button small" onClick={() => void attempt(api.cancelJob(job.id))}>Stop</button>}
      </div>
      {isRunning(job) && <Progress share={job.total ? job.done / job.total : null} label={`${name}, progress`} />}
      {job.message && <p class={job.state === "failed" ? "bad" : "quiet"}>{job.message}</p>}
    </div>
  );
}

function describeProgress(job: Job): string {
  const parts = [job.total ? `${job.done} of ${job.total}` : job.done ? String(job.done) : STATES.running];
  if (job.rate) parts.push(`${job.rate.toFixed(1)} per second`);
  if (job.left_s) parts.push(`${formatDuration(job.left_s)} left`);
  return parts.join(", ");
}
