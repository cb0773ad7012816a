/** One audio element with a level of its own, so that two can play into each other. */
import { soundOf } from "./api";

export interface DeckEvents {
  state: (deck: Deck) => void; // it plays, pauses or waits
  progress: (deck: Deck) => void;
  ended: (deck: Deck) => void;
  failed: (deck: Deck) => void;
}

const STEP_MS = 40;

export class Deck {
  readonly audio = new Audio();
  id: string | null = null;
  waiting = false;
  private level = 1; // makes tracks equally loud
  private fade = 1;
  private volume = 1;
  private timer = 0;
  private over = false; // its end has been told, or it was paused there

  constructor(events: DeckEvents) {
    const { audio } = this;
    audio.preload = "auto";
    const state = (waiting?: boolean) => () => {
      if (waiting !== undefined) this.waiting = waiting;
      events.state(this);
    };
    audio.addEventListener("play", state());
    audio.addEventListener("pause", state());
    audio.addEventListener("waiting", state(true));
    audio.addEventListener("playing", state(false));
    audio.addEventListener("canplay", state(false));
    audio.addEventListener("durationchange", () => events.progress(this));
    audio.addEventListener("timeupdate", () => !audio.seeking && events.progress(this));
    audio.addEventListener("play", () => (this.over = false));
    audio.addEventListener("ended", () => ((this.over = true), events.ended(this)));
    audio.addEventListener("error", () => this.id && events.failed(this));
  }

  /** Also at the end of a track, where the element pauses before it says that it has ended. */
  get playing(): boolean {
    return this.id !== null && (!this.audio.paused || (this.audio.ended && !this.over));
  }

  get time(): number {
    return this.audio.currentTime;
  }

  get length(): number {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : 0;
  }

  load(id: string, from: number): void {
    this.setFade(1);
    if (this.id !== id || this.audio.error) {
      this.id = id;
      this.level = 1;
      this.apply();
      this.audio.src = soundOf(id);
    }
    if (this.audio.currentTime !== from) this.audio.currentTime = from;
  }

  pause(): void {
    this.over = true;
    this.audio.pause();
  }

  unload(): void {
    this.setFade(1);
    this.audio.pause();
    this.id = null;
    this.audio.removeAttribute("src");
    this.audio.load();
  }

  /** False where the browser wants a gesture first. */
  async play(): Promise<boolean> {
    try {
      await this.audio.play();
    } catch (error) {
      return (error as DOMException).name !== "NotAllowedError";
    }
    return true;
  }

  setVolume(volume: number, muted: boolean): void {
    this.volume = volume;
    this.audio.muted = muted;
    this.apply();
  }

  setLevel(level: number): void {
    this.level = level;
    this.apply();
  }

  /** Follow ``curve``, from 0 to 1 of ``seconds``. */
  fadeBy(curve: (share: number) => number, seconds: number, done: () => void = () => {}): void {
    window.clearInterval(this.timer);
    const since = performance.now();
    const step = () => {
      const share = seconds ? Math.min(1, (performance.now() - since) / 1000 / seconds) : 1;
      this.fade = curve(share);
      this.apply();
      if (share < 1) return;
      window.clearInterval(this.timer);
      done();
    };
    this.timer = window.setInterval(step, STEP_MS);
    step();
  }

  /** Play on to this second or to the end, however slowly the machine plays. */
  playTo(second: number, done: () => void): void {
    window.clearInterval(this.timer);
    this.timer = window.setInterval(() => {
      if (this.playing && this.time < second) return;
      window.clearInterval(this.timer);
      done();
    }, STEP_MS);
  }

  setFade(fade: number): void {
    window.clearInterval(this.timer);
    this.fade = fade;
    this.apply();
  }

  private apply(): void {
    this.audio.volume = Math.min(1, Math.max(0, this.volume * this.level * this.fade));
  }
}
