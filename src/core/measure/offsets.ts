// How far apart the nodes' clocks can be, given that no packet arrives before it is sent.
//
// `offset(to) - offset(from) <= bound` for every link is a system of difference constraints: its tightest consequences are
// the shortest paths over the bounds (Cormen et al., "Introduction to Algorithms", 22.4), so a relay tightens what is known
// of two nodes. Negative bounds are normal; a negative cycle would say that a packet went round before it left.

/** A link by the indices of its nodes. */
export interface Bound {
  readonly from: number;
  readonly to: number;
  readonly boundMs: number;
  /** How far the two nodes are from each other. */
  readonly roundTripMs: number;
}

export interface Offsets {
  /** The largest that `offset(to) - offset(from)` can be; Infinity where no links lead. */
  readonly mostMs: (from: number, to: number) => number;
  /** One choice of all offsets that the bounds allow: halfway for the nearest two nodes, then for the next. */
  readonly guessMs: Float64Array;
  /** By how much every bound had to be loosened until they agreed: above 0 a clock did not run evenly. */
  readonly loosenedMs: number;
}

/** The smallest loosening that is tried; it doubles until the bounds agree. */
const FIRST_LOOSENING_MS = 0.1;

export function boundOffsets(size: number, bounds: readonly Bound[]): Offsets {
  let loosenedMs = 0;
  let most = closure(size, bounds, loosenedMs);
  while (most === undefined) {
    loosenedMs = Math.max(FIRST_LOOSENING_MS, 2 * loosenedMs);
    most = closure(size, bounds, loosenedMs);
  }
  const tightest = most;
  return {
    mostMs: (from, to) => tightest[from * size + to]!,
    guessMs: guess(size, bounds, Float64Array.from(tightest)),
    loosenedMs,
  };
}

/** All shortest paths over the bounds (Floyd and Warshall); undefined when there is a negative cycle. */
function closure(size: number, bounds: readonly Bound[], loosenedMs: number): Float64Array | undefined {
  const most = new Float64Array(size * size).fill(Infinity);
  for (let node = 0; node < size; node++) most[node * size + node] = 0;
  for (const { from, to, boundMs } of bounds) {
    const at = from * size + to;
    most[at] = Math.min(most[at]!, boundMs + loosenedMs);
  }
  for (let via = 0; via < size; via++) relax(most, size, via, via, 0);
  for (let node = 0; node < size; node++) if (most[node * size + node]! < -ROUNDING_MS) return undefined;
  return most;
}

/** Sums of doubles in another order. */
const ROUNDING_MS = 1e-6;

/** Takes into account that one may go `near` -> `far` at this length. */
function relax(most: Float64Array, size: number, near: number, far: number, lengthMs: number): void {
  for (let from = 0; from < size; from++) {
    const there = most[from * size + near]! + lengthMs;
    if (there === Infinity) continue;
    for (let to = 0; to < size; to++) {
      const whole = there + most[far * size + to]!;
      if (whole < most[from * size + to]!) most[from * size + to] = whole;
    }
  }
}

/**
 * Two near nodes leave little room for their offset; halfway, as if both directions took equally long, is at most half of
 * it off. Each choice narrows the others, so the whole is one that the bounds allow.
 */
function guess(size: number, bounds: readonly Bound[], most: Float64Array): Float64Array {
  for (const { from, to } of bounds.toSorted((x, y) => x.roundTripMs - y.roundTripMs)) {
    const [there, back] = [most[from * size + to]!, most[to * size + from]!];
    if (there + back <= ROUNDING_MS) continue;
    const halfwayMs = (there - back) / 2;
    relax(most, size, from, to, halfwayMs);
    relax(most, size, to, from, -halfwayMs);
  }
  const guessed = new Float64Array(size).fill(NaN);
  for (let root = 0; root < size; root++) {
    if (!Number.isNaN(guessed[root]!)) continue;
    for (let node = 0; node < size; node++) {
      const fromRoot = most[root * size + node]!;
      if (fromRoot < Infinity) guessed[node] = fromRoot;
    }
  }
  return guessed;
}
