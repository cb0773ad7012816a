/** Two decks: one plays, the other has the next track ready and takes over. */
import { Deck } from "./deck";
import type { Transition } from "./types";

export interface EngineEvents {
  state: () => void;
  progress: () => void;
  ended: () => void;
  failed: () => void;
  taken: (id: string) => void; // the next track has begun by itself
}

const EARLY_S = 0.06; // that an element takes to start, about
const NEAR_S = 0.6; // before the transition, from which a timer takes over from the element's own clock

/** How the next track takes over: where the one that plays is left, where the next begins, how long both play. */
export type Handover = Transition;

export class Engine {
  private decks: [Deck, Deck];
  private active = 0;
  private handover: Handover | null = null;
  private timer = 0;

  constructor(private events: EngineEvents) {
    const deck = () =>
      new Deck({
        state: (from) => from === this.current && events.state(),
        progress: (from) => from === this.current && (events.progress(), this.watch()),
        ended: (from) => from === this.current && events.ended(),
        failed: (from) => (from === this.current ? events.failed() : this.drop(from)),
      });
    this.decks = [deck(), deck()];
  }

  get current(): Deck {
    return this.decks[this.active] as Deck;
  }

  private get other(): Deck {
    return this.decks[1 - this.active] as Deck;
  }

  /** Whether the track before is still heard. */
  get fading(): boolean {
    return this.other.playing;
  }

  /** Play this one now, from the deck that has it already if one has. */
  load(id: string, from: number): void {
    this.cancel();
    if (this.other.id === id && this.current.id !== id) {
      this.current.unload();
      this.active = 1 - this.active;
    } else this.other.unload();
    this.current.load(id, from);
  }

  /** Have the next one ready to take over at the transition. */
  prepare(id: string, handover: Handover): void {
    if (this.fading) return;
    if (this.other.id !== id || Math.abs(this.other.time - handover.in_s) > 0.02) this.other.load(id, handover.in_s);
    this.handover = handover;
    this.watch();
  }

  /** Nothing takes over any more; what fades out goes on to do so. */
  forget(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.handover = null;
  }

  /** Nothing takes over any more, and what fades out ends. */
  private cancel(): void {
    this.forget();
    if (this.other.playing) this.other.unload();
    this.current.setFade(1);
  }

  private drop(deck: Deck): void {
    this.handover = null;
    deck.unload();
  }

  unload(): void {
    this.cancel();
    for (const deck of this.decks) deck.unload();
  }

  pause(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    if (this.other.playing) this.other.unload();
    this.current.setFade(1);
    this.current.pause();
  }

  setVolume(volume: number, muted: boolean): void {
    for (const deck of this.decks) deck.setVolume(volume, muted);
  }

  setLevel(id: string, level: number): void {
    for (const deck of this.decks) if (deck.id === id) deck.setLevel(level);
  }

  private watch(): void {
    if (!this.handover || this.timer || !this.current.playing) return;
    const wait = this.handover.out_s - this.handover.overlap_s - this.current.time - EARLY_S;
    if (wait > NEAR_S || wait < -NEAR_S) return; // not yet, or somebody has sought past it
    const { playbackRate } = this.current.audio; // of a browser's extension, or of a test
    this.timer = window.setTimeout(() => this.takeOver(), Math.max(0, (wait * 1000) / playbackRate));
  }

  /** Let what is ready take over; whether anything is. */
  takeOver(): boolean {
    const { handover } = this;
    this.timer = 0;
    if (!handover || !this.other.id) return false;
    this.handover = null;
    const leaving = this.current;
    this.active = 1 - this.active;
    fade(leaving, this.current, handover);
    void this.current.play();
    this.events.taken(this.current.id as string);
    return true;
  }
}

/** Both play for the overlap: a track that fades by itself rides out, one that goes on is faded, a cold end is left alone. */
function fade(leaving: Deck, coming: Deck, { kind, out_s, overlap_s }: Handover): void {
  const end = () => leaving.unload();
  if (kind === "crossfade") {
    leaving.fadeBy((share) => Math.cos((share * Math.PI) / 2), overlap_s, end);
    coming.fadeBy((share) => Math.sin((share * Math.PI) / 2), overlap_s);
  } else if (kind === "fade") leaving.fadeBy((share) => Math.min(1, 4 * (1 - share)), overlap_s, end);
  else leaving.playTo(out_s + 0.5, end); // to its last sample
}
