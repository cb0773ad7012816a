import * as api from "../api";
import { useLoad } from "../hooks";
import { useKept } from "../entries";
import * as player from "../player";
import { rowsOf } from "../selection";
import type { JourneyStop, Match, SimilarRequest, Track } from "../types";
import { IconButton, ScoreBar } from "./common";
import type { Choice } from "./menu";
import { TrackRow } from "./trackrow";
import { WhyStrip } from "./why";

interface MatchesProps {
  matches: readonly (Match | JourneyStop)[];
  seed?: Track | undefined; // what "Why?" compares with
  asked?: Pick<SimilarRequest, "seeds" | "minus" | "agree"> | undefined; // all that they were found by, where that is not the seed alone
  label: string;
  more?: (track: Track) => Choice[]; // in the menu of a track
}

/** Recommended tracks with their scores, and why on demand; stops of a journey are compared with the one before. */
export function Matches({ matches, seed: first, asked, label, more }: MatchesProps) {
  const [open, setOpen] = useKept<string | null>(`why ${label}`, null);
  const question = asked ?? (first && { seeds: [first.id] });
  const scored = matches.some((match) => !("step" in match));
  const { data: quantiles } = useLoad(async (stop) => (question && scored ? api.scoreQuantiles(question, stop) : undefined), [JSON.stringify(question), scored]);
  const tracks = matches.map((match) => match.track);
  const at = rowsOf(label, tracks);
  return (
    <ol class="matches" aria-label={label}>
      {matches.map(({ track, score, bias, ...match }, i) => {
        const step = "step" in match ? match.step : undefined;
        const seed = step === undefined ? first : matches[i - 1]?.track;
        return <li key={track.id} class={open === track.id ? "open" : ""}>
          <TrackRow track={track} at={at(i)} scored versions={match.versions} compact onPlay={() => player.playTracks(tracks, i)} seed={seed} moved={bias} more={more?.(track) ?? []}
            extra={<>
              {step === undefined ? <ScoreBar score={score} quantiles={quantiles} /> : step !== null && <ScoreBar score={step} title="Similarity to the track before" />}
              {seed && seed.id === track.id && <span class="why-gap" />}
              {seed && seed.id !== track.id && (
                <IconButton icon="chevronDown" label={`Why is ${track.title} similar?`} pressed={open === track.id} small extraClass="why-button"
                  onClick={() => setOpen(open === track.id ? null : track.id)} />
              )}
            </>} />
          {open === track.id && seed && <WhyStrip a={seed} b={track} />}
        </li>;
      })}
    </ol>
  );
}
