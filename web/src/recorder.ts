/** Records the microphone to a file. */

export interface Recording {
  level: () => number; // current level, 0..1
  finish: () => Promise<File>;
  cancel: () => void;
}

export async function record(): Promise<Recording> {
  if (!navigator.mediaDevices) throw new Error("This browser allows the microphone only on localhost and https pages.");
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }, // they are made for speech and spoil music
  });
  const recorder = new MediaRecorder(stream);
  const parts: Blob[] = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const wave = new Float32Array(analyser.fftSize);
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    stream.getTracks().forEach((track) => track.stop());
    void context.close();
  };
  recorder.start();
  return {
    level: () => {
      analyser.getFloatTimeDomainData(wave);
      return Math.min(1, 2 * Math.max(...wave.map(Math.abs)));
    },
    finish: () => new Promise((resolve) => {
      const done = () => {
        close();
        const type = recorder.mimeType.split(";")[0] ?? "audio/webm";
        resolve(new File(parts, `Recording.${type.split("/")[1]}`, { type }));
      };
      if (recorder.state === "inactive") return done(); // the microphone was unplugged
      recorder.onstop = done;
      recorder.stop();
    }),
    cancel: close,
  };
}
