// Simulated time: what shall happen, in the order of when.

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A binary heap; what is due at the same time runs in the order in which it was said. */
export class Timeline {
  nowMs = 0;
  #order = 0;
  readonly #heap: Event[] = [];

  /** Runs after so many ms; at once, behind all that is due now, when it is less than none. */
  after(ms: number, run: () => void): void {
    this.#push({ atMs: this.nowMs + Math.max(0, ms), order: this.#order++, run });
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
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= endMs; first = this.#heap[0]) {
      this.#pop();
      this.nowMs = first.atMs;
      first.run();
    }
    this.nowMs = endMs;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = heap[(at - 1) >> 1]!;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
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
