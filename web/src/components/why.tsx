import { useEffect, useRef } from "preact/hooks";
import * as api from "../api";
import { clock, spaceName } from "../format";
import { opinionsChanged } from "../opinions";
import { useLoad, useSize } from "../hooks";
import * as player from "../player";
import { dark } from "../preferences";
import type { Explanation, Track } from "../types";
import { usePeaks } from "./wave";

interface Pair {
  a: Track;
  b: Track;
}

/** Why two tracks sound similar: a sentence, each model's share, and the best matching moments. */
export function WhyStrip({ a, b }: Pair) {
  const { data, error } = useLoad((stop) => api.why(a.id, b.id, stop), [a.id, b.id, opinionsChanged.value]);
  if (error) return <p class="why bad" role="alert">{error.message}</p>;
  if (!data) return <WhySkeleton />;
  return (
    <div class="why">
      <p class="why-text">{data.text}</p>
      {data.feedback && (
        <p class="quiet">Moved {data.bias < 0 ? "down" : "up"} by your likes and dislikes: {data.feedback}.</p>
      )}
      <div class="why-columns">
        {data.aspects.length > 0 && (
          <div>
            <h3>By aspect</h3>
            <ul class="why-parts">
              {data.aspects.map((aspect) => <Part key={aspect.name} name={aspect.name} value={aspect.score} />)}
            </ul>
          </div>
        )}
        <div>
          <h3>By model</h3>
          <Parts why={data} />
        </div>
        {data.moments.length > 0 && (
          <div class="why-moments">
            <h3>Matching moments</h3>
            <Moments why={data} a={a} b={b} />
          </div>
        )}
        {data.features.length > 0 && (
          <div>
            <h3>In words</h3>
            <ul class="why-words">{data.features.slice(0, 5).map((feature) => <li key={feature.name}>{feature.text}</li>)}</ul>
          </div>
        )}
      </div>
      {data.labels.length > 0 && (
        <div class="chips" aria-label="Both sound like" role="group">
          {data.labels.slice(0, 8).map((label) => <span key={label.name} class="chip">{label.name}</span>)}
        </div>
      )}
    </div>
  );
}

/** Stands where the explanation will, at about its size. */
function WhySkeleton() {
  return (
    <div class="why skeleton why-skeleton" role="status">
      <span class="hidden-text">Comparing both tracks…</span>
      <i /><i />
      <div class="why-columns" aria-hidden="true"><b /><b /><b /></div>
    </div>
  );
}

function Parts({ why }: { why: Explanation }) {
  return (
    <ul class="why-parts">
      {why.parts.map((part) => <Part key={part.space} name={spaceName(part.space)} value={part.score} />)}
    </ul>
  );
}

/** One space's score; there is none where one of the two tracks has no vector in it. */
function Part({ name, value }: { name: string; value: number | null }) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => bar.current?.style.setProperty("--share", String(Math.min(1, Math.max(0, value ?? 0)))), [value]);
  if (value === null) {
    return (
      <li>
        <span>{name}</span>
        <span class="quiet missing-space">only one of the tracks was analyzed by it</span>
      </li>
    );
  }
  return (
    <li>
      <span>{name}</span>
      <span class="score-track" title={`Score ${value.toFixed(2)}; 1 is the same`}><i ref={bar} /></span>
      <span class="hidden-text">{value.toFixed(2)}</span>
    </li>
  );
}

const LANE = 34; // px of one waveform
const GAP = 34;

function Moments({ why, a, b }: Pair & { why: Explanation }) {
  const { ref, width } = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [above, below] = [usePeaks(a.id), usePeaks(b.id)];
  useEffect(() => {
    if (canvas.current && width) weave(canvas.current, width, [above, below], why, [a.duration_s, b.duration_s]);
  }, [width, above, below, why, dark.value]);
  return (
    <>
      <div ref={ref} class="moments"><canvas ref={canvas} aria-hidden="true" /></div>
      <ul class="chips">
        {why.moments.slice(0, 3).map((moment) => (
          <li key={`${moment.a_s}-${moment.b_s}`} class="moment">
            <button type="button" class="chip num" onClick={() => player.playTracks([a], 0, moment.a_s)}
              aria-label={`Play ${a.title} from ${clock(moment.a_s)}`}>{clock(moment.a_s)}</button>
            <span aria-hidden="true">↔</span>
            <button type="button" class="chip num" onClick={() => player.playTracks([b], 0, moment.b_s)}
              aria-label={`Play ${b.title} from ${clock(moment.b_s)}`}>{clock(moment.b_s)}</button>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Both waveforms, one above the other, with ribbons between the windows that match. */
function weave(canvas: HTMLCanvasElement, width: number, peaks: [readonly number[], readonly number[]], why: Explanation, lengths: [number, number]): void {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const ratio = devicePixelRatio || 1;
  const height = 2 * LANE + GAP;
  [canvas.width, canvas.height] = [width * ratio, height * ratio];
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const [rest, accent] = [style.getPropertyValue("--wave"), style.getPropertyValue("--accent-bright")];
  const span = (start: number, length: number) => [(start / length) * width, ((start + why.window_s) / length) * width] as const;
  for (const moment of why.moments.slice(0, 5)) {
    const [a0, a1] = span(moment.a_s, lengths[0]);
    const [b0, b1] = span(moment.b_s, lengths[1]);
    const [top, bottom, middle] = [LANE, LANE + GAP, LANE + GAP / 2];
    pen.beginPath();
    pen.moveTo(a0, top);
    pen.bezierCurveTo(a0, middle, b0, middle, b0, bottom);
    pen.lineTo(b1, bottom);
    pen.bezierCurveTo(b1, middle, a1, middle, a1, top);
    pen.fillStyle = accent;
    pen.globalAlpha = 0.28;
    pen.fill();
  }
  pen.globalAlpha = 1;
  for (const lane of [0, 1] as const) {
    const spans = why.moments.slice(0, 5).map((moment) => span(lane ? moment.b_s : moment.a_s, lengths[lane]));
    for (let x = 0; x < width; x += 3) {
      const tall = Math.max(1.5, (peaks[lane][Math.floor((x / width) * peaks[lane].length)] ?? 0) * (LANE - 2));
      pen.fillStyle = spans.some(([from, to]) => x >= from && x <= to) ? accent : rest;
      pen.fillRect(x, lane ? LANE + GAP : LANE - tall, 2, tall);
    }
  }
}
