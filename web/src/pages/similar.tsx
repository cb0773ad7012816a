import { useEffect } from "preact/hooks";
import * as api from "../api";
import { EmptyState, LoadError, PageHeader, LoadingRows, SegmentedControl } from "../components/common";
import { Icon } from "../components/icons";
import { Filters } from "../components/filters";
import { ClipInput } from "../components/clipinput";
import { Matches } from "../components/recommendations";
import { TrackPicker } from "../components/trackpicker";
import { SeedChips } from "../components/seedchips";
import { TracksBar } from "../components/tracksbar";
import { ApiError } from "../connection";
import { useKept } from "../entries";
import { percent } from "../format";
import { useLoad, useDebounced } from "../hooks";
import { libraryChanges } from "../jobs";
import { opinions, opinionsChanged } from "../opinions";
import { persisted } from "../preferences";
import { startRadio } from "../radio";
import { trackFromSeed, seedFromSuggestion, seedFromTrack, addSeed, dropExpired, seeds } from "../seeds";
import type { Conditions, PlaylistRequest, SimilarRequest } from "../types";

type Mode = "near" | "list";
const mode = persisted<Mode>("similar.mode", "near");
const variety = persisted("similar.variety", 0.1);
const perArtist = persisted<number | null>("similar.perartist", null);
const perAlbum = persisted<number | null>("similar.peralbum", null);
const everything = persisted("similar.everything", false);
const size = persisted("similar.size", 20);
const feedback = persisted("similar.feedback", true);
const agree = persisted("similar.agree", false);

export function SimilarPage() {
  const [where, setWhere] = useKept<Conditions>("where", {});
  const [otherArtists, setOtherArtists] = useKept("otherartists", false);
  const plusSeeds = seeds.value.filter((seed) => !seed.minus);
  const agreed = agree.value && plusSeeds.length > 1;
  const request: SimilarRequest = {
    seeds: plusSeeds.map((seed) => seed.id),
    minus: seeds.value.filter((seed) => seed.minus).map((seed) => seed.id),
    k: size.value, where, same_artist: !otherArtists, feedback: feedback.value, everything: everything.value,
  };
  const more = mode.value === "list" ? { variety: variety.value, per_artist: perArtist.value, per_album: perAlbum.value } : agreed ? { agree: true } : {};
  const question = useDebounced(JSON.stringify([mode.value, { ...request, ...more }]), 150);
  const { data, error, retry, loading } = useLoad(async (stop) => {
    const [kind, wish] = JSON.parse(question) as [Mode, SimilarRequest & PlaylistRequest];
    if (!wish.seeds.length) return null;
    return kind === "near" ? api.similar(wish, stop) : api.suggestPlaylist(wish, stop);
  }, [question, opinionsChanged.value, libraryChanges.value]);
  useEffect(() => {
    if (error instanceof ApiError && error.code === "clip_not_found") void dropExpired();
  }, [error]);
  const firstSeed = plusSeeds[0];
  return (
    <>
      <PageHeader title="Similar" lead="Add tracks, artists, albums, playlists or your own audio. Segue finds music that sounds like all of it. To find less like a track, switch its plus to a minus." />
      <div class="similar-inputs">
        <TrackPicker label="Add a track" placeholder="Add a track, artist, album or playlist" onPick={(track) => addSeed(seedFromTrack(track))}
          onPickNamed={(suggestion) => addSeed(seedFromSuggestion(suggestion))} />
        <ClipInput />
      </div>
      {seeds.value.length > 0 && <SeedChips seeds={seeds.value} />}
      {seeds.value.length > 0 && (
        <div class="similar-options">
          <SegmentedControl label="Kind of result" value={mode.value} options={[["near", "Most similar"], ["list", "Varied playlist"]]} onPick={(m) => (mode.value = m)} />
          <label class="labelled short"><span>Length <b class="num">{size.value}</b></span>
            <input class="range" type="range" min={5} max={100} step={5} value={size.value}
              onInput={(event) => (size.value = event.currentTarget.valueAsNumber)} /></label>
          {mode.value === "list" && (
            <label class="labelled short"><span>Variety <b class="num">{percent(variety.value)}</b></span>
              <input class="range" type="range" min={0} max={1} step={0.05} value={variety.value}
                onInput={(event) => (variety.value = event.currentTarget.valueAsNumber)} /></label>
          )}
          {mode.value === "list" && <>
            <Most label="Per artist" value={perArtist.value} onPick={(most) => (perArtist.value = most)} />
            <Most label="Per album" value={perAlbum.value} onPick={(most) => (perAlbum.value = most)} />
          </>}
          <label class="check">
            <input type="checkbox" checked={otherArtists} onChange={(event) => setOtherArtists(event.currentTarget.checked)} />Other artists only
          </label>
          {mode.value === "near" && plusSeeds.length > 1 && (
            <label class="check">
              <input type="checkbox" checked={agree.value} onChange={(event) => (agree.value = event.currentTarget.checked)} />Near to each of them
            </label>
          )}
          {everything.value && (
            <label class="check">
              <input type="checkbox" checked onChange={() => (everything.value = false)} />Everything: speech, very short and very long tracks too
            </label>
          )}
          {opinions.value.size > 0 && (
            <label class="check">
              <input type="checkbox" checked={feedback.value} onChange={(event) => (feedback.value = event.currentTarget.checked)} />Use likes and dislikes
            </label>
          )}
          <Filters where={where} onChange={setWhere} />
        </div>
      )}
      {error ? <LoadError error={error} retry={retry} /> : !firstSeed ? <Start minus={seeds.value.length > 0} /> : !data ? <LoadingRows n={8} label="Finding similar tracks" /> : (
        <section class={`results ${loading ? "stale" : ""}`} aria-label="Recommendations" aria-busy={loading}>
          <p class="hidden-text" role="status">{data.matches.length} recommendations</p>
          {data.matches.length > 0 && <TracksBar tracks={data.matches.map((match) => match.track)} name={`Like ${firstSeed.title}`}>
            <button type="button" class="button" onClick={() => void startRadio(stationOf(request, firstSeed.title, plusSeeds.length))}><Icon name="sound" size={18} />Radio</button>
          </TracksBar>}
          <Matches matches={data.matches} seed={trackFromSeed(firstSeed)} asked={{ seeds: request.seeds, minus: request.minus ?? [], agree: agreed && mode.value === "near" }} label="Recommendations" />
          {data.left_out.length > 0 && (
            <p class="quiet note" role="status">
              Left out: {data.left_out.map((one) => one.text).join(", ")}.{" "}
              <button type="button" class="button small" onClick={() => (everything.value = true)}>Show everything</button>
            </p>
          )}
          {data.shortfall && <p class="quiet note">{data.shortfall}</p>}
        </section>
      )}
    </>
  );
}

/** How many tracks of one artist or album a playlist has at the most. */
function Most({ label, value, onPick }: { label: string; value: number | null; onPick: (most: number | null) => void }) {
  return (
    <label class="labelled short"><span>{label}</span>
      <select class="select" value={value ?? "auto"} onChange={(event) => onPick(event.currentTarget.value === "auto" ? null : Number(event.currentTarget.value))}>
        <option value="auto">Auto</option>
        {[1, 2, 3, 5, 10].map((n) => <option key={n} value={n}>{n}</option>)}
        <option value="0">Any</option>
      </select></label>
  );
}

/** A radio near the same seeds. */
const stationOf = ({ seeds, minus = [] }: SimilarRequest, title: string, n: number) => (
  { seeds, minus, name: `like “${title}”${n > 1 ? ` and ${n - 1} more` : ""}`, steer: [], reach: 0.5 }
);

function Start({ minus }: { minus: boolean }) {
  return (
    <EmptyState icon="similar" title={minus ? "Add something you like" : "Start with a sound"}>
      <p>{minus ? "Every track here is set to “less like this”. Add another track, or switch one back to a plus." :
        `Search for a track, ${matchMedia("(hover: none)").matches ? "choose" : "drop"} an audio file, or record with the microphone. Segue deletes your audio after an hour.`}</p>
    </EmptyState>
  );
}
