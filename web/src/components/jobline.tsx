import * as api from "../api";
import { humane, length } from "../format";
import { running } from "../jobs";
import { attempt } from "../toast";
import type { Job } from "../types";
import { Progress } from "./bits";

const NAMES: Record<string, string> = { clusters: "Groups", evaluate: "Measuring" };

/** One job: how far it is, how long it takes still, and a way to stop it. */
export function JobLine({ job }: { job: Job }) {
  const share = job.total ? job.done / job.total : null;
  return (
    <div class="job">
      <div class="job-head">
        <b>{NAMES[job.kind] ?? humane(job.kind)}</b>
        <span class="quiet num">
          {job.state === "queued" ? "waits for its turn" : running(job) ? progress(job) : job.state}
        </span>
        {running(job) && <button type="button" class="button small" onClick={() => void attempt(api.cancelJob(job.id))}>Stop</button>}
      </div>
      {running(job) && <Progress share={share} label={`${job.kind}, progress`} />}
      {job.message && <p class={job.state === "failed" ? "bad" : "quiet"}>{job.message}</p>}
    </div>
  );
}

function progress(job: Job): string {
  const parts = [job.total ? `${job.done} of ${job.total}` : job.done ? String(job.done) : "at work"];
  if (job.rate) parts.push(`${job.rate.toFixed(1)} a second`);
  if (job.left_s) parts.push(`${length(job.left_s)} left`);
  return parts.join(", ");
}
