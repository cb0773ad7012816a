import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { Cover, EmptyState, LoadError, PageHeader, LoadingRows } from "../components/common";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { MapTabs } from "../components/tabs";
import { count, labelName, percent } from "../format";
import { useLoad } from "../hooks";
import { startJob, libraryChanges, jobs, isRunning } from "../jobs";
import { mayManage } from "../person";
import * as player from "../player";
import { attempt } from "../toast";
import type { Cluster } from "../types";

export function GroupsPage() {
  const { data, error, retry } = useLoad(api.clusters, [libraryChanges.value]);
  const { data: facts } = useLoad(api.library, [libraryChanges.value]);
  const work = jobs.value.find((job) => job.kind === "clusters" && isRunning(job));
  const make = () => void attempt(startJob(api.makeClusters(null)));
  const remake = <button type="button" class="button" disabled={Boolean(work) || !mayManage.value} onClick={make}><Icon name="groups" size={18} />Regroup</button>;
  return (
    <>
      <PageHeader title="Groups" lead="Tracks that sound alike. Segue groups them by sound alone, not by tags, and names each group after its sound.">
        {data && data.clusters.length > 0 && remake}
      </PageHeader>
      <MapTabs />
      {work && <JobLine job={work} />}
      {data && (data.stale || data.new > 0) && !work && data.clusters.length > 0 && (
        <p class="note quiet">{data.new > 0 ? `${count(data.new, "track")} added since the last grouping.` : "The library has changed since the last grouping."}</p>
      )}
      {error && !data ? <LoadError error={error} retry={retry} /> : !data ? <LoadingRows n={5} label="Loading groups" /> : facts?.tracks === 0 ? (
        <EmptyState icon="groups" title="Nothing to group yet"><p>The library is empty. <a href="/">Add your music</a></p></EmptyState>
      ) : !data.clusters.length ? (
        <EmptyState icon="groups" title="No groups yet">
          <p>Segue puts tracks that sound alike into groups. Each group gets a name and a color on the map.</p>
          <button type="button" class="button main" disabled={Boolean(work) || !mayManage.value} onClick={make}>Find groups</button>
        </EmptyState>
      ) : <ul class="groups">{data.clusters.map((group) => <li key={group.number}><Group group={group} /></li>)}</ul>}
    </>
  );
}

function Group({ group }: { group: Cluster }) {
  const card = useRef<HTMLElement>(null);
  useEffect(() => card.current?.style.setProperty("--wash", group.color), [group.color]);
  return (
    <article ref={card} class="group">
      <div class="group-head">
        <h2><a href={`/tracks?cluster=${group.number}`}>{group.name}</a></h2>
        <span class="quiet num">{count(group.size, "track")}</span>
      </div>
      <p class="quiet group-words">{[...new Set([...group.labels.slice(0, 4).map(labelName), ...group.words.slice(0, 2).map(([word]) => word)])].join(", ")}</p>
      <ul class="group-central">
        {group.central.slice(0, 4).map((track, i) => (
          <li key={track.id}>
            <button type="button" onClick={() => player.playTracks(group.central, i)}>
              <span class="hidden-text">Play </span>
              <Cover id={track.id} size={48} /><span class="row-name"><span class="clip">{track.title}</span><span class="clip quiet">{track.artist}</span></span>
            </button>
          </li>
        ))}
      </ul>
      {group.genres.length > 0 && (
        <p class="quiet group-genres">Genre tags: {group.genres.slice(0, 3).map(([name, share]) => `${name} ${percent(share)}`).join(", ")}</p>
      )}
    </article>
  );
}
