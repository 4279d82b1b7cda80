// The last minute of one incoming link: what was heard, and the figures that its reports are made of.
import { MOST_DRIFT } from "../measure/flights.ts";
import { highQuantile, quantile, typical } from "../measure/statistics.ts";

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
  /** More than `offset(receiver) - offset(sender)` now, whatever the clocks' drift: no packet arrived before it was sent. */
  readonly boundMs: number;
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
/** Among so many packets the first that was sent is sought: reordering is local. */
const REORDERED = 32;

/** A ring of what was heard; a packet of another life begins it anew. */
export class Window {
  readonly #intervalMs: number;
  readonly #capacity: number;
  readonly #sequences: Float64Array;
  readonly #raws: Float64Array;
  readonly #times: Float64Array;
  /** How much later than an interval after its forerunner it came; NaN: that did not come just before. */
  readonly #late: Float64Array;
  /** By window: the first packet in it, as it was when last asked for. */
  readonly #starts = new Map<number, number>();
  #life = -1;
  #count = 0;
  /** Of the newest packet, without the modulus. */
  #newest = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
    this.#capacity = Math.ceil((LOSS_WINDOWS_MS[2] / intervalMs) * 1.1);
    this.#sequences = new Float64Array(this.#capacity);
    this.#raws = new Float64Array(this.#capacity);
    this.#times = new Float64Array(this.#capacity);
    this.#late = new Float64Array(this.#capacity);
  }

  /** False: it came twice, or from a life that is over. */
  hear({ life, sequence, sentMs, heardMs }: HeardPacket): boolean {
    if (life !== this.#life) this.#begin(life, sequence);
    const whole = this.#unwrap(sequence);
    if (whole < this.#newest - FARTHEST_BEHIND || this.#holds(whole)) return false;
    this.#newest = Math.max(this.#newest, whole);
    const before = (this.#count + this.#capacity - 1) % this.#capacity;
    const at = this.#count % this.#capacity;
    const follows = this.#count > 0 && this.#sequences[before] === whole - 1;
    this.#late[at] = follows ? heardMs - this.#times[before]! - this.#intervalMs : NaN;
    this.#count++;
    this.#sequences[at] = whole;
    this.#raws[at] = heardMs - sentMs;
    this.#times[at] = heardMs;
    return true;
  }

  /** What was heard so far says nothing of what comes. */
  clear(): void {
    this.#life = -1;
    this.#count = 0;
    this.#starts.clear();
  }

  /** Absent: too little was heard of late. */
  figures(nowMs: number): WindowFigures | undefined {
    const raws = this.#lastOf(this.#raws, DELAY_WINDOW_MS, nowMs);
    if (raws.length < FEWEST) return undefined;
    const ascending = raws.sort();
    let boundMs = Infinity;
    for (let index = this.#start(DELAY_WINDOW_MS, nowMs); index < this.#count; index++) {
      const place = index % this.#capacity;
      const driftMs = 2 * MOST_DRIFT * (nowMs - this.#times[place]!);
      boundMs = Math.min(boundMs, this.#raws[place]! + driftMs);
    }
    return {
      life: this.#life,
      samples: raws.length,
      rawMs: typical(ascending),
      boundMs,
      jitterMs: quantile(ascending, 0.95) - quantile(ascending, 0.5),
      losses: LOSS_WINDOWS_MS.map((windowMs) => ({ windowMs, ...this.#losses(windowMs, nowMs) })),
    };
  }

  /** Share of packets that got lost before the newest, 0 to 1, over 10 s; one that is still missing counts half. */
  loss(nowMs: number): number {
    const { sent, lost } = this.#losses(LOSS_WINDOWS_MS[1], nowMs);
    return (lost + 0.5) / (sent + 1);
  }

  /** The p99 of how much later than an interval after its forerunner a packet came in the last minute, ms. */
  lateness(nowMs: number): number {
    const late = this.#lastOf(this.#late, LOSS_WINDOWS_MS[2], nowMs);
    let count = 0;
    for (let index = 0; index < late.length; index++)
      if (!Number.isNaN(late[index]!)) late[count++] = late[index]!;
    return count === 0 ? 0 : highQuantile(late.subarray(0, count), 0.99);
  }

  #begin(life: number, sequence: number): void {
    this.clear();
    this.#life = life;
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
    const start = this.#start(windowMs, nowMs);
    const heard = this.#count - start;
    if (heard === 0) return { sent: 0, lost: 0 };
    let first = Infinity;
    for (let index = start; index < Math.min(start + REORDERED, this.#count); index++)
      first = Math.min(first, this.#sequences[index % this.#capacity]!);
    const sent = Math.max(heard, this.#newest - first + 1);
    return { sent, lost: sent - heard };
  }

  /** The first packet of the last `windowMs`. It only ever moves on, so it is not sought from the beginning. */
  #start(windowMs: number, nowMs: number): number {
    let index = Math.max(this.#starts.get(windowMs) ?? 0, this.#count - this.#capacity);
    while (index < this.#count && this.#times[index % this.#capacity]! <= nowMs - windowMs) index++;
    this.#starts.set(windowMs, index);
    return index;
  }

  /** A copy, oldest first. */
  #lastOf(ring: Float64Array, windowMs: number, nowMs: number): Float64Array {
    const start = this.#start(windowMs, nowMs);
    const [from, to] = [start % this.#capacity, this.#count % this.#capacity];
    if (start === this.#count) return new Float64Array();
    if (from < to) return ring.slice(from, to);
    const list = new Float64Array(this.#count - start);
    list.set(ring.subarray(from));
    list.set(ring.subarray(0, to), this.#capacity - from);
    return list;
  }
}
