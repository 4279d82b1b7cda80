// Simulated time: what shall happen, in the order of when.

/** Whoever has many makes one and puts it there again; it stays as it is until it has run. */
export interface Event {
  /** The timeline's. */
  atMs: number;
  order: number;
  readonly run: () => void;
}

/** How many ms ahead events wait unsorted, each ms by itself. */
const AHEAD_MS = 1024;

/**
 * What is due at the same time runs in the order in which it was said. A calendar queue (R. Brown, "Calendar Queues", 1988): a million
 * packets are under way where a network parts, and only those of the present ms need an order.
 */
export class Timeline {
  nowMs = 0;
  #order = 0;
  /** The present ms, whole. */
  #ms = 0;
  /** Due in it. */
  readonly #due = new Heap();
  /** In the ones after it, by ms modulo their number. */
  readonly #ahead: readonly Event[][] = Array.from({ length: AHEAD_MS }, () => []);
  readonly #later = new Heap();

  /** Runs after so many ms; at once, behind all that is due now, when it is less than none. */
  after(ms: number, run: () => void): void {
    this.put({ atMs: 0, order: 0, run }, ms);
  }

  /** The same of an event that is nowhere in it. */
  put(event: Event, ms: number): void {
    event.atMs = this.nowMs + Math.max(0, ms);
    event.order = this.#order++;
    this.#put(event);
  }

  /** The first time is now. */
  every(periodMs: number, run: () => void): void {
    const again = (): void => {
      run();
      this.after(periodMs, again);
    };
    this.after(0, again);
  }

  /** Everything that is due until then. */
  runUntil(endMs: number): void {
    for (;;) {
      for (let first = this.#due.first; first !== undefined && first.atMs <= endMs; first = this.#due.first) {
        this.#due.pop();
        this.nowMs = first.atMs;
        first.run();
      }
      if (this.#ms + 1 > endMs) break;
      this.#turn();
    }
    this.nowMs = endMs;
  }

  /** To the next ms. */
  #turn(): void {
    this.#ms++;
    const due = this.#ahead[this.#ms % AHEAD_MS]!;
    for (const event of due) this.#due.push(event);
    due.length = 0;
    for (let first = this.#later.first; first !== undefined; first = this.#later.first) {
      if (first.atMs >= this.#ms + AHEAD_MS) break;
      this.#later.pop();
      this.#put(first);
    }
  }

  #put(event: Event): void {
    const ms = Math.floor(event.atMs);
    if (ms <= this.#ms) this.#due.push(event);
    else if (ms < this.#ms + AHEAD_MS) this.#ahead[ms % AHEAD_MS]!.push(event);
    else this.#later.push(event);
  }
}

/** A binary heap. */
class Heap {
  readonly #events: Event[] = [];

  get first(): Event | undefined {
    return this.#events[0];
  }

  push(event: Event): void {
    const heap = this.#events;
    let at = heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = heap[(at - 1) >> 1]!;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
    }
    heap[at] = event;
  }

  pop(): void {
    const heap = this.#events;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (x: Event, y: Event): boolean => x.atMs < y.atMs || (x.atMs === y.atMs && x.order < y.order);
