// A number for each node that makes raw costs comparable: with it no link's reduced cost is negative.
//
// Johnson's potentials (D. B. Johnson, "Efficient Algorithms for Shortest Paths in Sparse Networks", 1977): with
// `h(to) <= h(from) + cost` on every link, `cost + h(from) - h(to)` is not negative and orders the paths between two ends
// as raw costs do. Clock offsets are such numbers; nobody has to know them.
import { QUANTUM_MS, type Cells } from "./cells.ts";

export interface Potentials {
  /** By node, ms. */
  readonly ms: Float64Array;
  /**
   * What every link costs on top, ms. One quantum, so that of equal paths the one with fewer hops is best and no circle
   * is free; more when noise makes circles negative, which packets cannot be: then as much as makes all of them positive.
   */
  readonly hopMs: number;
}

/** The smallest that a hop costs when figures contradict each other; it doubles until they do not. */
const FIRST_LOOSENING_MS = 1 / 8;

/** Potentials for these costs, from others that need not fit: the nearer they are, the fewer rounds. */
export function potentials(cells: Cells, start: Float64Array): Potentials {
  for (let hopMs = QUANTUM_MS; ; hopMs = Math.max(FIRST_LOOSENING_MS, 2 * hopMs)) {
    const ms = relaxed(cells, start, hopMs);
    if (ms !== undefined) return { ms, hopMs };
  }
}

/** Bellman and Ford's rounds; undefined when a circle is negative: its nodes are then each other's predecessors. */
function relaxed({ costs }: Cells, start: Float64Array, hopMs: number): Float64Array | undefined {
  const ms = start.slice();
  const before = new Int32Array(ms.length).fill(-1);
  for (let moved = true; moved;) {
    moved = false;
    for (let node = 0; node < ms.length; node++) {
      const row = costs[node]!;
      let least = ms[node]! - hopMs;
      let from = -1;
      for (let sender = 0; sender < ms.length; sender++) {
        const there = ms[sender]! + row[sender]!;
        if (there < least) [least, from] = [there, sender];
      }
      if (from === -1) continue;
      ms[node] = least + hopMs;
      before[node] = from;
      moved = true;
    }
    if (moved && hasCircle(before)) return undefined;
  }
  return ms;
}

function hasCircle(before: Int32Array): boolean {
  const seenFrom = new Int32Array(before.length).fill(-1);
  for (let start = 0; start < before.length; start++) {
    let at = start;
    while (at !== -1 && seenFrom[at] === -1) {
      seenFrom[at] = start;
      at = before[at]!;
    }
    if (at !== -1 && seenFrom[at] === start) return true;
  }
  return false;
}
