import { useEffect, useRef, useState } from "preact/hooks";
import { dropped, hovering } from "../drops";
import { clock } from "../format";
import { record, type Recording } from "../recorder";
import { ofClip, put } from "../seeds";
import { upload, type Upload } from "../upload";
import { Progress } from "./bits";
import { Icon } from "./icons";
import { rememberPeaks } from "./wave";

type State =
  | { what: "ready" }
  | { what: "sending"; name: string; share: number; upload: Upload }
  | { what: "recording"; recording: Recording; since: number }
  | { what: "refused"; name: string; reason: string };

/** A place for a clip: dropped, chosen or recorded; it becomes a seed at once. */
export function Listen() {
  const [state, setState] = useState<State>({ what: "ready" });
  const over = hovering.value;
  const input = useRef<HTMLInputElement>(null);

  const send = async (file: File) => {
    const started = upload(file, (share) => setState((old) => (old.what === "sending" ? { ...old, share } : old)));
    setState({ what: "sending", name: file.name, share: 0, upload: started });
    try {
      const clip = await started.done;
      rememberPeaks(clip.id, clip.peaks);
      put(ofClip(clip));
      setState({ what: "ready" });
    } catch (error) {
      const cancelled = error instanceof DOMException;
      setState(cancelled ? { what: "ready" } : { what: "refused", name: file.name, reason: (error as Error).message });
    }
  };
  const sendAll = async (files: readonly File[]) => {
    for (const file of files.slice(0, 8)) await send(file);
  };
  useEffect(() => {
    if (!dropped.value.length) return;
    const files = dropped.value;
    dropped.value = [];
    void sendAll(files);
  }, [dropped.value]);
  const startRecording = async () => {
    try {
      setState({ what: "recording", recording: await record(), since: Date.now() });
    } catch (error) {
      setState({ what: "refused", name: "The microphone", reason: microphone(error as Error) });
    }
  };
  return (
    <div class={`listen ${over ? "over" : ""}`} role="group" aria-label="A clip of your own">
      <input ref={input} type="file" accept="audio/*,video/mp4,.opus,.flac,.m4a,.wma,.mka" multiple hidden id="clip-file"
        onChange={(event) => (void sendAll([...(event.currentTarget.files ?? [])]), (event.currentTarget.value = ""))} />
      {state.what === "sending" ? <Sending {...state} /> : state.what === "recording" ? (
        <RecordingNow {...state} onDone={(file) => void send(file)} onCancel={() => setState({ what: "ready" })} />
      ) : (
        <>
          <p>{over ? "Let go, and it listens" : "Drop a sound here"}</p>
          <button type="button" class="button small" onClick={() => input.current?.click()}><Icon name="upload" size={18} />Choose a file</button>
          <button type="button" class="button small" onClick={() => void startRecording()}><Icon name="mic" size={18} />Record</button>
          {state.what === "refused" && <p class="bad listen-note" role="alert"><b>{state.name}</b>: {state.reason}</p>}
        </>
      )}
    </div>
  );
}

function microphone(error: Error): string {
  if (error.name === "NotAllowedError") return "the browser was not allowed to listen. Allow it in the address bar, then record again.";
  if (error.name === "NotFoundError") return "there is none on this device.";
  return error.message;
}

function Sending({ name, share, upload }: { name: string; share: number; upload: Upload }) {
  return (
    <div class="sending">
      <p class="clip">{share < 1 ? "Sending" : "Listening to"} {name}</p>
      <Progress share={share < 1 ? share : null} label={`Sending ${name}`} />
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
  useEffect(() => {
    let frame = 0;
    const look = () => {
      meter.current?.style.setProperty("--share", String(recording.level()));
      frame = requestAnimationFrame(look);
    };
    look();
    const timer = window.setInterval(() => tick((n) => n + 1), 500);
    return () => (cancelAnimationFrame(frame), window.clearInterval(timer));
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
