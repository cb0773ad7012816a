import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { droppedFiles, draggingFile } from "../filedrop";
import { clock, count } from "../format";
import * as player from "../player";
import { record, type Recording } from "../recorder";
import { seedFromClip, addSeed } from "../seeds";
import { upload, type Upload } from "../upload";
import { Progress } from "./common";
import { Icon } from "./icons";
import { rememberPeaks } from "./wave";

type State =
  | { phase: "ready" }
  | { phase: "sending"; name: string; share: number; upload: Upload }
  | { phase: "recording"; recording: Recording; since: number }
  | { phase: "refused"; refusals: readonly Refusal[] };

interface Refusal {
  name: string;
  reason: string;
}

const MOST = 8; // files at a time

/** Takes audio that is dropped, chosen or recorded, and adds it as a seed. */
export function ClipInput() {
  const [state, setState] = useState<State>({ phase: "ready" });
  const dragging = draggingFile.value;
  const touch = matchMedia("(hover: none)").matches; // nothing can be dropped there
  const input = useRef<HTMLInputElement>(null);
  const gone = useRef(false);
  useLayoutEffect(() => () => void (gone.current = true), []); // now: what is left before its effects began does not end them

  const send = async (file: File): Promise<Refusal[]> => {
    const started = upload(file, (share) => setState((old) => (old.phase === "sending" ? { ...old, share } : old)));
    setState({ phase: "sending", name: file.name, share: 0, upload: started });
    try {
      const clip = await started.done;
      rememberPeaks(clip.id, clip.peaks);
      addSeed(seedFromClip(clip));
    } catch (error) {
      if (!(error instanceof DOMException)) return [{ name: file.name, reason: (error as Error).message }]; // else it was cancelled
    }
    return [];
  };
  const sendAll = async (files: readonly File[]) => {
    const refusals: Refusal[] = [];
    for (const file of files.slice(0, MOST)) refusals.push(...(await send(file)));
    const left = files.length - MOST;
    if (left > 0) refusals.push({ name: count(left, "more file"), reason: `Segue takes ${MOST} files at a time. Add the others again.` });
    setState(refusals.length ? { phase: "refused", refusals } : { phase: "ready" });
  };
  useEffect(() => {
    if (!droppedFiles.value.length) return;
    const files = droppedFiles.value;
    droppedFiles.value = [];
    void sendAll(files);
  }, [droppedFiles.value]);
  const startRecording = async () => {
    player.pause(); // or the microphone would record what Segue plays
    try {
      const recording = await record();
      if (gone.current) recording.cancel(); // the page was left while the browser asked
      else setState({ phase: "recording", recording, since: Date.now() });
    } catch (error) {
      setState({ phase: "refused", refusals: [{ name: "Microphone", reason: explainMicrophoneError(error as Error) }] });
    }
  };
  return (
    <div class={`clip-input ${dragging ? "dragging" : ""}`} role="group" aria-label="Your own audio">
      <input ref={input} type="file" accept="audio/*,video/mp4,.opus,.flac,.m4a,.wma,.mka" multiple hidden id="clip-file"
        onChange={(event) => (void sendAll([...(event.currentTarget.files ?? [])]), (event.currentTarget.value = ""))} />
      {state.phase === "sending" ? <Sending {...state} /> : state.phase === "recording" ? (
        <RecordingNow {...state} onDone={(file) => void sendAll([file])} onCancel={() => setState({ phase: "ready" })} />
      ) : (
        <>
          <p>{dragging ? "Drop to find similar music" : touch ? "Use your own audio" : "Drop an audio file here"}</p>
          <button type="button" class="button small" onClick={() => input.current?.click()}><Icon name="upload" size={18} />Choose a file</button>
          <button type="button" class="button small" onClick={() => void startRecording()}><Icon name="mic" size={18} />Record</button>
          {state.phase === "refused" && (
            <div class="bad clip-input-note" role="alert">{state.refusals.map(({ name, reason }, i) => <p key={i}><b>{name}</b>: {reason}</p>)}</div>
          )}
        </>
      )}
    </div>
  );
}

function explainMicrophoneError(error: Error): string {
  if (error.name === "NotAllowedError") return "access was blocked. Allow it in the address bar, then record again.";
  if (error.name === "NotFoundError") return "none was found on this device.";
  return error.message;
}

function Sending({ name, share, upload }: { name: string; share: number; upload: Upload }) {
  return (
    <div class="sending">
      <p class="clip">{share < 1 ? "Uploading" : "Analyzing"} {name}</p>
      <Progress share={share < 1 ? share : null} label={`Uploading ${name}`} />
      <button type="button" class="button small" onClick={upload.cancel}>Cancel</button>
    </div>
  );
}

interface RecordingProps {
  recording: Recording;
  since: number;
  onDone: (file: File) => void;
  onCancel: () => void;
}

function RecordingNow({ recording, since, onDone, onCancel }: RecordingProps) {
  const [, tick] = useState(0);
  const meter = useRef<HTMLElement>(null);
  useLayoutEffect(() => { // now, as above
    let frame = 0;
    const updateMeter = () => {
      meter.current?.style.setProperty("--share", String(recording.level()));
      frame = requestAnimationFrame(updateMeter);
    };
    updateMeter();
    const timer = window.setInterval(() => tick((n) => n + 1), 500);
    return () => {
      cancelAnimationFrame(frame);
      window.clearInterval(timer);
      recording.cancel(); // no page is left with the microphone on
    };
  }, [recording]);
  return (
    <div class="recording">
      <span class="record-dot" aria-hidden="true" />
      <span class="num" role="timer">{clock((Date.now() - since) / 1000)}</span>
      <span class="score-track meter" aria-hidden="true"><i ref={meter} /></span>
      <button type="button" class="button small main" onClick={() => void recording.finish().then(onDone)}>
        <Icon name="stop" size={18} />Done
      </button>
      <button type="button" class="button small" onClick={() => (recording.cancel(), onCancel())}>Cancel</button>
    </div>
  );
}
