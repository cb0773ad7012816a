import { useState } from "preact/hooks";
import * as api from "../api";
import { Empty, Failure, Head, Rows, Segments } from "../components/bits";
import { Filters } from "../components/filters";
import { Listen } from "../components/listen";
import { Matches } from "../components/matches";
import { Picker } from "../components/picker";
import { SeedChips } from "../components/seedchips";
import { TracksBar } from "../components/tracksbar";
import { useLoad, useSettled } from "../hooks";
import { kept } from "../prefs";
import { asTrack, ofTrack, put, seeds } from "../seeds";
import type { Conditions, Wish } from "../types";

type Mode = "near" | "list";
const mode = kept<Mode>("blend.mode", "near");
const variety = kept("blend.variety", 0.3);
const size = kept("blend.size", 20);

export function BlendPage() {
  const [where, setWhere] = useState<Conditions>({});
  const [others, setOthers] = useState(false);
  const towards = seeds.value.filter((seed) => !seed.minus);
  const wish: Wish = {
    seeds: towards.map((seed) => seed.id),
    minus: seeds.value.filter((seed) => seed.minus).map((seed) => seed.id),
    k: size.value, where, same_artist: !others,
    ...(mode.value === "list" ? { variety: variety.value } : {}),
  };
  const asked = useSettled(JSON.stringify([mode.value, wish]), 150);
  const { data, error, again, loading } = useLoad(async (stop) => {
    const [how, what] = JSON.parse(asked) as [Mode, Wish];
    if (!what.seeds.length) return null;
    return how === "near" ? api.similar(what, stop) : api.makePlaylist(what, stop);
  }, [asked]);
  const lead = towards[0];
  return (
    <>
      <Head title="Sounds like" lead="Give it sounds; it finds what is near all of them, and far from those you turn around." />
      <div class="blend-in">
        <Picker label="Add a track as a seed" placeholder="Add a track" onPick={(track) => put(ofTrack(track))} />
        <Listen />
      </div>
      {seeds.value.length > 0 && <SeedChips seeds={seeds.value} />}
      {seeds.value.length > 0 && (
        <div class="blend-how">
          <Segments label="What to make" value={mode.value} options={[["near", "Nearest"], ["list", "A varied playlist"]]} onPick={(m) => (mode.value = m)} />
          <label class="labelled short"><span>Tracks <b class="num">{size.value}</b></span>
            <input class="range" type="range" min={5} max={100} step={5} value={size.value}
              onInput={(event) => (size.value = event.currentTarget.valueAsNumber)} /></label>
          {mode.value === "list" && (
            <label class="labelled short"><span>Variety <b class="num">{Math.round(variety.value * 100)} %</b></span>
              <input class="range" type="range" min={0} max={1} step={0.05} value={variety.value}
                onInput={(event) => (variety.value = event.currentTarget.valueAsNumber)} /></label>
          )}
          <label class="check">
            <input type="checkbox" checked={others} onChange={(event) => setOthers(event.currentTarget.checked)} />Other artists only
          </label>
          <Filters where={where} onChange={setWhere} />
        </div>
      )}
      {error ? <Failure error={error} again={again} /> : !lead ? <Begin minus={seeds.value.length > 0} /> : !data ? <Rows n={8} what="Listening" /> : (
        <section class={`results ${loading ? "stale" : ""}`} aria-label="Recommendations" aria-busy={loading}>
          <p class="hidden-text" role="status">{data.matches.length} recommendations</p>
          {data.matches.length > 0 && <TracksBar tracks={data.matches.map((match) => match.track)} name={`Like ${lead.title}`} />}
          <Matches matches={data.matches} seed={asTrack(lead)} label="Recommendations" />
          {data.shortfall && <p class="quiet note">{data.shortfall}</p>}
        </section>
      )}
    </>
  );
}

function Begin({ minus }: { minus: boolean }) {
  return (
    <Empty icon="blend" title={minus ? "Towards what?" : "Begin with a sound"}>
      <p>{minus ? "All seeds are turned away. Add one to move towards, or turn one around." :
        "Search for a track, drop a file, or hold the microphone to a loudspeaker. Nothing that you drop is kept longer than an hour."}</p>
    </Empty>
  );
}
