import * as api from "../api";
import { ApiError, locked } from "../connection";
import { Failure, Head, Rows, Segments } from "../components/bits";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { count, length, megabytes, spaceName } from "../format";
import { useLoad } from "../hooks";
import { begin, ends, jobs, running } from "../jobs";
import { helpOpen } from "../keys";
import { theme, type Theme } from "../prefs";
import { attempt } from "../toast";
import type { LibraryFacts } from "../types";

export function RoomPage() {
  const { data, error, again } = useLoad(api.library, [ends.value]);
  return (
    <>
      <Head title="House" lead="What the library holds, what is being done, and what could not be." />
      {error && !data ? <Failure error={error} again={again} /> : !data ? <Rows n={4} what="Looking around" /> : <Facts facts={data} />}
      <div class="house">
        <Work writable={data?.writable ?? false} />
        <Colours />
        <Failures n={data?.failures ?? 0} />
        <Models />
        <Quality />
        <About />
      </div>
    </>
  );
}

function Facts({ facts }: { facts: LibraryFacts }) {
  const numbers: [string, string][] = [
    [facts.tracks.toLocaleString("en"), "tracks"],
    [length(facts.duration_s), "of sound"],
    [facts.clusters ? String(facts.clusters) : "–", "groups"],
    [String(facts.missing), "files gone"],
  ];
  return (
    <>
      <dl class="numbers">
        {numbers.map(([value, what]) => <div key={what}><dt>{what}</dt><dd class="num">{value}</dd></div>)}
      </dl>
      <nav class="house-rooms" aria-label="More rooms">
        <a class="chip" href="/journey"><Icon name="journey" size={16} />Journey</a>
        <a class="chip" href="/groups"><Icon name="groups" size={16} />Groups</a>
        <a class="chip" href="/matrix"><Icon name="matrix" size={16} />Likeness</a>
      </nav>
      <section class="panel wide">
        <h2>Ways of listening</h2>
        <ul class="spaces">
          {facts.spaces.map((space) => (
            <li key={space.name}>
              <b>{spaceName(space.name)}</b>
              <span class="quiet num">{space.dim} numbers a track, {count(space.tracks, "track")}</span>
              <span class="quiet">{space.licence}</span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Work({ writable }: { writable: boolean }) {
  const active = jobs.value.filter(running);
  const last = jobs.value.filter((job) => !running(job)).slice(0, 3);
  const scanning = active.some((job) => job.kind === "scan");
  return (
    <section class="panel">
      <div class="section-head">
        <h2>At work</h2>
        <button type="button" class="button small" disabled={scanning || !writable} onClick={() => void attempt(begin(api.scan()))}>
          <Icon name="scan" size={16} />Scan for changes
        </button>
      </div>
      {!writable && <p class="quiet">This library is read-only here.</p>}
      {active.length === 0 && last.length === 0 && <p class="quiet">Nothing is being done. A scan looks for new, changed and lost files.</p>}
      {[...active, ...last].map((job) => <JobLine key={job.id} job={job} />)}
    </section>
  );
}

function Colours() {
  return (
    <section class="panel">
      <h2>Light</h2>
      <Segments<Theme> label="Colours" value={theme.value} onPick={(value) => (theme.value = value)}
        options={[["system", "As the system"], ["light", "Light"], ["dark", "Dark"]]} />
      <p><button type="button" class="button small plain" onClick={() => (helpOpen.value = true)}><Icon name="keys" size={16} />Keyboard shortcuts</button></p>
    </section>
  );
}

function Failures({ n }: { n: number }) {
  const { data, error } = useLoad(api.failures, [n]);
  return (
    <section class="panel">
      <h2>Not understood</h2>
      {error && <p class="bad">{error.message}</p>}
      {data && data.total === 0 && <p class="quiet">Every file that was found could be heard.</p>}
      {data && data.total > 0 && (
        <>
          <p class="quiet">{count(data.total, "file")} could not be used:</p>
          <ul class="failures">
            {data.failures.map((failure) => (
              <li key={failure.path}><span class="path">{failure.path}</span><span class="bad">{failure.reason}</span></li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Models() {
  const { data, error } = useLoad(api.models, []);
  return (
    <section class="panel">
      <h2>Models</h2>
      {error && <p class="bad">{error.message}</p>}
      <ul class="models">
        {data?.models.map((model) => (
          <li key={model.name}>
            <b>{model.title}</b>
            <span class={`tag ${model.state === "ready" ? "good" : ""}`}>{model.state === "missing" ? "not fetched" : model.state}</span>
            <span class="quiet">{model.purpose}. {model.licence}, {megabytes(model.size_bytes)}.</span>
            {model.state === "missing" && <code>segue models pull {model.name}</code>}
          </li>
        ))}
      </ul>
      <p class="quiet">A model that is fetched is used by the next scan.</p>
    </section>
  );
}

const unmeasured = (error: Error) => error instanceof ApiError && error.code === "not_evaluated";

function Quality() {
  const { data, error } = useLoad(api.evaluation, [ends.value]);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const work = jobs.value.some((job) => job.kind.startsWith("evalua") && running(job));
  return (
    <section class="panel">
      <div class="section-head">
        <h2>How well it hears</h2>
        <button type="button" class="button small" disabled={work} onClick={() => void attempt(begin(api.evaluate()))}>Measure</button>
      </div>
      {data ? (
        <>
          <p class="quiet">How often what is near has the same genre tag; by chance it would be {percent(data.chance)}.</p>
          <dl class="numbers">
            {Object.entries(data.precision).map(([k, share]) => (
              <div key={k}><dt>{k === "1" ? "the nearest" : `the ${k} nearest`}</dt><dd class="num">{percent(share)}</dd></div>
            ))}
          </dl>
        </>
      ) : <p class="quiet">{error && !unmeasured(error) ? error.message : "How often what is near has the same genre tag."}</p>}
    </section>
  );
}

function About() {
  const { data } = useLoad(api.health, []);
  const { data: door } = useLoad(api.session, []);
  const leave = () => void attempt(api.logOut().then(() => (locked.value = true)));
  return (
    <section class="panel">
      <h2>Segue {data?.version}</h2>
      <p class="quiet">Music by how it sounds. Everything happens on this machine; this page asks nobody else for anything.</p>
      {door?.needed && <p><button type="button" class="button small" onClick={leave}>Lock this page</button></p>}
      <p><a href="/docs">The interface</a> · <a href="/assets/licences.txt" target="_blank" rel="noopener">Licences of what this page contains</a></p>
    </section>
  );
}
