import { useState } from "preact/hooks";
import * as api from "../api";
import { ApiError } from "../connection";
import { LoadError, LoadingRows, PageHeader } from "../components/common";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { linkTo } from "../components/trackrow";
import { count, formatDuration, formatMegabytes, percent, spaceName } from "../format";
import { useLoad } from "../hooks";
import { isRunning, jobs, libraryChanges, startJob } from "../jobs";
import { mayManage } from "../person";
import { attempt } from "../toast";
import type * as T from "../types";
import type { LibraryStatus } from "../types";

export function StatusPage() {
  const { data, error, retry } = useLoad(api.library, [libraryChanges.value]);
  return (
    <>
      <PageHeader title="Library status" lead="What is in the library, which jobs are running, and which files have problems." />
      {error && !data ? <LoadError error={error} retry={retry} /> : !data ? <LoadingRows n={4} label="Loading library status" /> : <Totals facts={data} />}
      <div class="panels">
        <Jobs writable={data?.writable ?? false} />
        <Problems n={data?.failures} />
        <Duplicates n={data?.tracks} />
        <Models spaces={data?.spaces ?? []} upgrades={data?.upgrades ?? []} writable={data?.writable ?? false} command={data?.command ?? "segue"} />
        <Evaluation />
      </div>
    </>
  );
}

function Totals({ facts }: { facts: LibraryStatus }) {
  const totals: [string, string][] = [
    [facts.tracks.toLocaleString("en"), "tracks"],
    [formatDuration(facts.duration_s), "total length"],
    [facts.clusters ? String(facts.clusters) : "–", "groups"],
    [facts.missing.toLocaleString("en"), "missing files"],
  ];
  return (
    <>
      <dl class="numbers">
        {totals.map(([value, name]) => <div key={name}><dt>{name}</dt><dd class="num">{value}</dd></div>)}
      </dl>
      {facts.away > 0 && (
        <p class="quiet note">
          {facts.away.toLocaleString("en")} of the missing files went with all of a folder or disk: is it mounted? They are back with the next scan that finds them.
        </p>
      )}
      {facts.tags && <p class="quiet note">{facts.tags}</p>}
    </>
  );
}

function Jobs({ writable }: { writable: boolean }) {
  const active = jobs.value.filter(isRunning);
  const latest = jobs.value.filter((job) => !isRunning(job)).slice(0, 3);
  const scanning = active.some((job) => job.kind === "scan");
  return (
    <section class="panel">
      <div class="section-head">
        <h2>Jobs</h2>
        {mayManage.value && <button type="button" class="button small" disabled={scanning || !writable} onClick={() => void attempt(startJob(api.scan()))}>
          <Icon name="scan" size={16} />Scan for changes
        </button>}
      </div>
      {!writable && <p class="quiet">This library is read-only here.</p>}
      {active.length === 0 && latest.length === 0 && <p class="quiet">No jobs. A scan finds new, changed and missing files.</p>}
      {[...active, ...latest].map((job) => <JobLine key={job.id} job={job} />)}
    </section>
  );
}

/** The files that failed; they are asked for again when their number ``n`` is another. */
function Problems({ n }: { n: number | undefined }) {
  const { data, error } = useLoad(async (stop) => (n === undefined ? null : api.failures(stop)), [n]);
  return (
    <section class="panel">
      <h2>Files with problems</h2>
      {error && <p class="bad">{error.message}</p>}
      {data?.total === 0 && <p class="quiet">None. Segue could read every file.</p>}
      {data && data.total > 0 && (
        <>
          <p class="quiet">Segue could not read {count(data.total, "file")}:</p>
          <ul class="problems">
            {data.failures.map((failure) => (
              <li key={failure.path}><span class="path">{failure.path}</span><span class="bad">{failure.reason}</span></li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Duplicates({ n }: { n: number | undefined }) {
  const { data, error } = useLoad(async (stop) => (n ? api.duplicates(stop) : null), [n]);
  return (
    <section class="panel">
      <h2>Duplicates</h2>
      {error && <p class="bad">{error.message}</p>}
      {(n === 0 || data?.total === 0) && <p class="quiet">None. No recording has several files.</p>}
      {data && data.total > 0 && (
        <>
          <p class="quiet">
            {count(data.total, "recording")} with several files. All but the best take {formatMegabytes(data.extra_bytes)}. Segue
            recommends the best, and deletes nothing.
          </p>
          <ul class="problems duplicates">
            {data.recordings.map(({ copies }) => copies[0] && (
              <li key={copies[0].track.id}>
                <a href={linkTo(copies[0].track)}>{copies[0].track.title}</a>
                {copies.map((copy, i) => (
                  <span key={copy.track.id} class="path">
                    {copy.track.path} <span class="quiet">{copy.codec}, {formatMegabytes(copy.size)}</span>
                    {i === 0 && <span class="tag good">best</span>}
                    {copy.identical && <span class="tag">identical</span>}
                  </span>
                ))}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Models({ spaces, upgrades, writable, command }: Pick<LibraryStatus, "spaces" | "upgrades" | "writable" | "command">) {
  const { data, error } = useLoad(api.models, []);
  const scanning = jobs.value.some((job) => job.kind === "scan" && isRunning(job));
  return (
    <section class="panel">
      <h2>Models</h2>
      {error && <p class="bad">{error.message}</p>}
      <ul class="models">
        {spaces.map((space) => (
          <li key={space.name}>
            <b>{spaceName(space.name)}</b>
            {space.compared ? <span class="tag good">in use</span> : <span class="tag">older version</span>}
            <span class="quiet" title={`${space.name}: ${count(space.dim, "number")} for each track`}>{count(space.tracks, "track")} analyzed. License: {space.license}.</span>
          </li>
        ))}
      </ul>
      {upgrades.map((upgrade) => (
        <p class="quiet" key={upgrade.newer}>
          {count(upgrade.tracks, "track")} {upgrade.tracks === 1 ? "has" : "have"} {upgrade.older} and not yet the newer {upgrade.newer}. Until nearly all have it, {upgrade.older} goes on answering.{" "}
          {mayManage.value && <button type="button" class="button small" disabled={scanning || !writable} onClick={() => void attempt(startJob(api.scan(true)))}>Add {upgrade.newer}</button>}
        </p>
      ))}
      <h3>Available models</h3>
      <ul class="models">
        {data?.models.map((model) => (
          <li key={model.name}>
            <b>{model.title}</b>
            <span class={`tag ${model.state === "ready" ? "good" : ""}`}>{model.state === "missing" ? "not downloaded" : model.state}</span>
            <span class="quiet sentence">{model.purpose}. {formatMegabytes(model.size_bytes)}, license: {model.license}.</span>
            {model.state === "missing" && <code>{command} models pull {model.name}</code>}
          </li>
        ))}
      </ul>
      <p class="quiet">The next scan uses the models that you have downloaded.</p>
    </section>
  );
}

const notEvaluated = (error: Error) => error instanceof ApiError && error.code === "not_evaluated";

const TAGS: Record<T.Evaluation["by"], string> = { genre: "genre", artist: "artist", album: "album" };

function Evaluation() {
  const { data, error } = useLoad(api.evaluation, [libraryChanges.value]);
  const [by, setBy] = useState<T.Evaluation["by"]>("genre");
  const evaluating = jobs.value.some((job) => job.kind.startsWith("evalua") && isRunning(job));
  return (
    <section class="panel">
      <div class="section-head">
        <h2>Evaluation</h2>
        <select class="select" aria-label="Tag to evaluate by" value={by}
          onChange={(event) => setBy(event.currentTarget.value as T.Evaluation["by"])}>
          {Object.entries(TAGS).map(([tag, name]) => <option key={tag} value={tag}>by {name}</option>)}
        </select>
        {mayManage.value && <button type="button" class="button small" disabled={evaluating} onClick={() => void attempt(startJob(api.evaluate(by)))}>Evaluate</button>}
      </div>
      <p class="quiet">How often similar tracks have the same {data ? TAGS[data.by] : by} tag{data ? `. By chance: ${percent(data.chance)}.` : "."}</p>
      {error && !notEvaluated(error) && <p class="bad">{error.message}</p>}
      {data && <Figures evaluation={data} />}
    </section>
  );
}

const range = (figure: T.Figure) => `${Math.round(100 * figure.low)} to ${percent(figure.high)}`;

/** Precision with its intervals, and what else is worth knowing of the neighbors and the index. */
function Figures({ evaluation }: { evaluation: T.Evaluation }) {
  return (
    <>
      <dl class="numbers">
        {Object.entries(evaluation.precision).map(([k, figure]) => (
          <div key={k}>
            <dt>{k === "1" ? "most similar track" : `${k} most similar tracks`}<br /><span title="95 % interval, over albums">{range(figure)}</span></dt>
            <dd class="num">{percent(figure.value)}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet">
        {evaluation.same_album === null ? "" : `${percent(evaluation.same_album)} of the ten most similar are from the same album. `}
        {evaluation.hubness > 2 ? "A few tracks are similar to very many others. " : ""}
        {evaluation.tag_fit && evaluation.by !== "genre" ? "The figures above are too good, as Segue has learned from these tags; those of albums held out are at the top of this page. " : ""}
        Searches find {percent(evaluation.index_recall)} of the most similar tracks, in {(evaluation.query_us / 1000).toFixed(2)} ms each.
      </p>
    </>
  );
}
