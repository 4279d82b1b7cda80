// What a node carries for others, from counters that may begin anew at any time: how fast, and how much this month.

/** What one life of the agent leaves for the next. */
export interface MeterState {
  /** As in `2026-11`. */
  readonly month: string;
  readonly monthBytes: number;
  /** The counters as they were read last, octets. */
  readonly counters: ReadonlyMap<string, number>;
}

export interface Carried {
  /** Mean of the last ten seconds or so, bits a second. */
  readonly bps: number;
  /** Octets since this month began, or since the node was first asked. */
  readonly monthBytes: number;
}

const WINDOW_MS = 10_000;

/** UTC, so that a network has one. */
export const monthOf = (date: Date): string => date.toISOString().slice(0, 7);

export class Meter {
  #state: MeterState | undefined;
  #octets = 0;
  #grown: ReadonlyMap<string, number> = new Map();
  #samples: { readonly atMs: number; readonly octets: number }[] = [];

  constructor(before?: MeterState) {
    this.#state = before;
  }

  get state(): MeterState | undefined {
    return this.#state;
  }

  /** What each counter that grew did so by in the last read, octets; of the first of a life none: it may have been long. */
  get grown(): ReadonlyMap<string, number> {
    return this.#grown;
  }

  /** `nowMs` is of a clock that does not step; `month` of the date. The first counters ever count from here on. */
  read(counters: ReadonlyMap<string, number>, nowMs: number, month: string): Carried {
    const before = this.#state;
    const isFirst = this.#samples.length === 0;
    const grown = new Map<string, number>();
    if (before !== undefined)
      for (const [name, now] of counters) {
        const was = before.counters.get(name) ?? 0;
        // A counter that went down was made anew, and has counted all of it since.
        if (now !== was) grown.set(name, now > was ? now - was : now);
      }
    const octets = [...grown.values()].reduce((sum, each) => sum + each, 0);
    this.#grown = isFirst ? new Map() : grown;
    const monthBytes = (before?.month === month ? before.monthBytes : 0) + octets;
    this.#state = { month, monthBytes, counters };
    this.#octets += octets;
    this.#samples.push({ atMs: nowMs, octets: this.#octets });
    const start = this.#samples.findLastIndex(({ atMs }) => nowMs - atMs >= WINDOW_MS);
    if (start > 0) this.#samples.splice(0, start);
    const [first] = this.#samples;
    // Of less than a whole window nothing is said: one burst is no rate.
    const ms = nowMs - first!.atMs;
    const bps = ms < WINDOW_MS ? 0 : ((this.#octets - first!.octets) * 8000) / ms;
    return { bps, monthBytes };
  }
}
