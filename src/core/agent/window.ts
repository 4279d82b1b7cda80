// The last minute of one incoming link: what was heard, and the figures that its reports are made of.
import { quantile, sorted, typical } from "../measure/statistics.ts";

/** One test packet, as its receiver has it. */
export interface HeardPacket {
  /** STAMP session id: new with every life of the sender. */
  readonly life: number;
  /** Counts up by 1 with each packet, modulo 2^32. */
  readonly sequence: number;
  /** T1, ms on the sender's clock. */
  readonly sentMs: number;
  /** T2, ms on the receiver's clock. */
  readonly heardMs: number;
}

/** Packets of the last `windowMs`. */
interface LossCount {
  readonly windowMs: number;
  readonly sent: number;
  readonly lost: number;
}

export interface WindowFigures {
  readonly life: number;
  /** Packets that the delays are of. */
  readonly samples: number;
  /** Typical raw delay: of clocks apart. */
  readonly rawMs: number;
  /** Smallest raw delay of the minute. */
  readonly leastMs: number;
  /** p95 - p50. */
  readonly jitterMs: number;
  readonly losses: readonly LossCount[];
}

/** Delays are of the last so many ms: 100 packets at the default rate. */
const DELAY_WINDOW_MS = 5_000;
const LOSS_WINDOWS_MS = [2_000, 10_000, 60_000] as const;
/** Fewer packets tell nothing of a delay. */
const FEWEST = 20;
const SEQUENCES = 2 ** 32;
/** Older packets than the newest by this many are of before a restart that kept its session id. */
const FARTHEST_BEHIND = 10_000;

/** A ring of what was heard; a packet of another life begins it anew. */
export class Window {
  readonly #capacity: number;
  readonly #sequences: Float64Array;
  readonly #raws: Float64Array;
  readonly #times: Float64Array;
  #life = -1;
  #count = 0;
  /** Of the newest packet, without the modulus. */
  #newest = 0;

  constructor(intervalMs: number) {
    this.#capacity = Math.ceil((LOSS_WINDOWS_MS[2] / intervalMs) * 1.1);
    this.#sequences = new Float64Array(this.#capacity);
    this.#raws = new Float64Array(this.#capacity);
    this.#times = new Float64Array(this.#capacity);
  }

  /** False: it came twice, or from a life that is over. */
  hear({ life, sequence, sentMs, heardMs }: HeardPacket): boolean {
    if (life !== this.#life) this.#begin(life, sequence);
    const whole = this.#unwrap(sequence);
    if (whole < this.#newest - FARTHEST_BEHIND || this.#holds(whole)) return false;
    this.#newest = Math.max(this.#newest, whole);
    const at = this.#count++ % this.#capacity;
    this.#sequences[at] = whole;
    this.#raws[at] = heardMs - sentMs;
    this.#times[at] = heardMs;
    return true;
  }

  /** What was heard so far says nothing of what comes. */
  clear(): void {
    this.#life = -1;
    this.#count = 0;
  }

  /** Absent: too little was heard of late. */
  figures(nowMs: number): WindowFigures | undefined {
    const raws: number[] = [];
    let leastMs = Infinity;
    this.#visit(LOSS_WINDOWS_MS[2], nowMs, (at) => {
      const raw = this.#raws[at]!;
      leastMs = Math.min(leastMs, raw);
      if (this.#times[at]! > nowMs - DELAY_WINDOW_MS) raws.push(raw);
    });
    if (raws.length < FEWEST) return undefined;
    const ascending = sorted(raws);
    return {
      life: this.#life,
      samples: raws.length,
      rawMs: typical(ascending),
      leastMs,
      jitterMs: quantile(ascending, 0.95) - quantile(ascending, 0.5),
      losses: LOSS_WINDOWS_MS.map((windowMs) => ({ windowMs, ...this.#losses(windowMs, nowMs) })),
    };
  }

  /** Share of packets that got lost before the newest, 0 to 1, over 10 s; one that is still missing counts half. */
  loss(nowMs: number): number {
    const { sent, lost } = this.#losses(LOSS_WINDOWS_MS[1], nowMs);
    return (lost + 0.5) / (sent + 1);
  }

  /** The p99 of how much later than `intervalMs` after its forerunner a packet came in the last minute, ms. */
  lateness(intervalMs: number, nowMs: number): number {
    const late: number[] = [];
    let [lastSequence, lastMs] = [NaN, NaN];
    this.#visit(LOSS_WINDOWS_MS[2], nowMs, (at) => {
      const [sequence, time] = [this.#sequences[at]!, this.#times[at]!];
      if (sequence === lastSequence + 1) late.push(time - lastMs - intervalMs);
      [lastSequence, lastMs] = [sequence, time];
    });
    return late.length === 0 ? 0 : quantile(sorted(late), 0.99);
  }

  #begin(life: number, sequence: number): void {
    this.#life = life;
    this.#count = 0;
    this.#newest = sequence;
  }

  #unwrap(sequence: number): number {
    const ahead = (((sequence - this.#newest) % SEQUENCES) + SEQUENCES) % SEQUENCES;
    return this.#newest + (ahead < SEQUENCES / 2 ? ahead : ahead - SEQUENCES);
  }

  /** Reordering and copies come close behind one another. */
  #holds(sequence: number): boolean {
    if (this.#count === 0 || sequence > this.#newest) return false;
    const oldest = Math.max(0, this.#count - this.#capacity);
    for (let index = this.#count - 1; index >= oldest; index--) {
      const each = this.#sequences[index % this.#capacity]!;
      if (each === sequence) return true;
      if (each < sequence - FARTHEST_BEHIND) return false;
    }
    return false;
  }

  #losses(windowMs: number, nowMs: number): { sent: number; lost: number } {
    let [heard, first, last] = [0, Infinity, -Infinity];
    this.#visit(windowMs, nowMs, (at) => {
      heard++;
      first = Math.min(first, this.#sequences[at]!);
      last = Math.max(last, this.#sequences[at]!);
    });
    const sent = heard === 0 ? 0 : last - first + 1;
    return { sent, lost: sent - heard };
  }

  /** Oldest first. */
  #visit(windowMs: number, nowMs: number, visit: (at: number) => void): void {
    let index = Math.max(0, this.#count - this.#capacity);
    while (index < this.#count && this.#times[index % this.#capacity]! <= nowMs - windowMs) index++;
    for (; index < this.#count; index++) visit(index % this.#capacity);
  }
}
