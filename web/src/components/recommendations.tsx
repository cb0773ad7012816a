import { useState } from "preact/hooks";
import * as api from "../api";
import * as player from "../player";
import type { JourneyStop, Match, Track, Verdict } from "../types";
import { attempt, showToast } from "../toast";
import { IconButton, ScoreBar } from "./common";
import type { Choice } from "./menu";
import { TrackRow } from "./trackrow";
import { WhyStrip } from "./why";

interface MatchesProps {
  matches: readonly (Match | JourneyStop)[];
  seed?: Track | undefined; // what "Why?" compares with
  label: string;
}

/** Recommended tracks with their scores, and why on demand; stops of a journey are compared with the one before. */
export function Matches({ matches, seed: first, label }: MatchesProps) {
  const [open, setOpen] = useState<string | null>(null);
  const tracks = matches.map((match) => match.track);
  return (
    <ol class="matches" aria-label={label}>
      {matches.map(({ track, score, ...match }, i) => {
        const step = "step" in match ? match.step : undefined;
        const seed = step === undefined ? first : matches[i - 1]?.track;
        return <li key={track.id} class={open === track.id ? "open" : ""}>
          <TrackRow track={track} compact onPlay={() => player.playTracks(tracks, i)} more={seed ? feedbackChoices(seed, track) : []}
            extra={<>
              {step === undefined ? <ScoreBar score={score} /> : step !== null && <ScoreBar score={step} title="Similarity to the track before" />}
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

function feedbackChoices(seed: Track, track: Track): Choice[] {
  if (api.isClip(seed.id) || api.isNamed(seed.id)) return [];
  const send = (verdict: Verdict) => async () => {
    const given = await attempt(api.feedback(seed.id, track.id, verdict).then(() => true));
    if (given) showToast("Feedback saved");
  };
  return [
    { icon: "like", text: "Good match", run: send("like") },
    { icon: "unlike", text: "Bad match", run: send("dislike") },
  ];
}
