import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { Cover, Empty, Failure, Head, Rows } from "../components/bits";
import { Icon } from "../components/icons";
import { JobLine } from "../components/jobline";
import { count, humane } from "../format";
import { useLoad } from "../hooks";
import { begin, ends, jobs, running } from "../jobs";
import * as player from "../player";
import { attempt } from "../toast";
import type { Cluster } from "../types";

export function GroupsPage() {
  const { data, error, again } = useLoad(api.clusters, [ends.value]);
  const work = jobs.value.find((job) => job.kind === "clusters" && running(job));
  const make = () => void attempt(begin(api.makeClusters(null)));
  const remake = <button type="button" class="button" disabled={Boolean(work)} onClick={make}><Icon name="groups" size={18} />Find them anew</button>;
  return (
    <>
      <Head title="Groups" lead="Tracks that sound alike, found without looking at a single tag, named by what is heard in them.">
        {data && data.clusters.length > 0 && remake}
      </Head>
      {work && <JobLine job={work} />}
      {data && (data.stale || data.new > 0) && !work && data.clusters.length > 0 && (
        <p class="note quiet">{data.new > 0 ? `${count(data.new, "track")} came since these were found.` : "The library has changed since these were found."}</p>
      )}
      {error && !data ? <Failure error={error} again={again} /> : !data ? <Rows n={5} what="Opening the groups" /> : !data.clusters.length ? (
        <Empty icon="groups" title="Not grouped yet">
          <p>Segue listens for what belongs together and gives each group a name and a colour on the map.</p>
          <button type="button" class="button main" disabled={Boolean(work)} onClick={make}>Find groups</button>
        </Empty>
      ) : <ul class="groups">{data.clusters.map((group) => <li key={group.number}><Group group={group} /></li>)}</ul>}
    </>
  );
}

function Group({ group }: { group: Cluster }) {
  const card = useRef<HTMLElement>(null);
  useEffect(() => card.current?.style.setProperty("--tint", group.colour), [group.colour]);
  return (
    <article ref={card} class="group">
      <div class="group-head">
        <h2><a href={`/?cluster=${group.number}`}>{humane(group.name)}</a></h2>
        <span class="quiet num">{count(group.size, "track")}</span>
      </div>
      <p class="quiet">{[...new Set([...group.labels.slice(0, 4), ...group.words.slice(0, 2).map(([word]) => word)])].join(", ")}</p>
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
        <p class="quiet group-genres">Tagged {group.genres.slice(0, 3).map(([name, share]) => `${name} ${Math.round(share * 100)} %`).join(", ")}</p>
      )}
    </article>
  );
}
