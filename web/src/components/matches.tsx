import { useState } from "preact/hooks";
import * as api from "../api";
import * as player from "../player";
import type { Match, Track, Verdict } from "../types";
import { attempt, say } from "../toast";
import { IconButton, ScoreBar } from "./bits";
import type { Choice } from "./menu";
import { TrackRow } from "./trackrow";
import { WhyStrip } from "./why";

interface MatchesProps {
  matches: readonly Match[];
  seed?: Track | undefined; // what "why" compares with
  label: string;
}

/** Recommendations: tracks with their scores, and why on demand. */
export function Matches({ matches, seed, label }: MatchesProps) {
  const [open, setOpen] = useState<string | null>(null);
  const tracks = matches.map((match) => match.track);
  return (
    <ol class="matches" aria-label={label}>
      {matches.map(({ track, score }, i) => (
        <li key={track.id} class={open === track.id ? "open" : ""}>
          <TrackRow track={track} plain onPlay={() => player.playTracks(tracks, i)} more={seed ? verdicts(seed, track) : []}
            extra={<>
              <ScoreBar score={score} />
              {seed && seed.id === track.id && <span class="why-gap" />}
              {seed && seed.id !== track.id && (
                <IconButton icon="down" label={`Why ${track.title}?`} pressed={open === track.id} small kind="why-button"
                  onClick={() => setOpen(open === track.id ? null : track.id)} />
              )}
            </>} />
          {open === track.id && seed && <WhyStrip a={seed} b={track} />}
        </li>
      ))}
    </ol>
  );
}

function verdicts(seed: Track, track: Track): Choice[] {
  if (api.isClip(seed.id)) return [];
  const give = (verdict: Verdict) => async () => {
    const given = await attempt(api.feedback(seed.id, track.id, verdict).then(() => true));
    if (given) say(verdict === "like" ? "Noted: that fits" : "Noted: that does not fit");
  };
  return [
    { icon: "like", text: "That fits", run: give("like") },
    { icon: "unlike", text: "That does not fit", run: give("dislike") },
  ];
}
