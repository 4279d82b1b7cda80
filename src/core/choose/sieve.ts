// The links that may be part of a best way, out of all: most of a full mesh never are.
import { QUANTUM_MS, type Cells } from "./cells.ts";
import { LANDMARKS } from "./landmarks.ts";

/** Those that arrive at `node` are at `starts[node]` up to `ends[node] - 1`, the cheapest first. */
export interface Sieved {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly senders: Int32Array;
  readonly costs: Float64Array;
  readonly links: Int32Array;
}

/** How many ways around are tried for each link. */
const RELAYS = 16;

/** Leaves out links that are dearer than two others over one of the receiver's nearest nodes. Costs and links by receiver, then sender. */
export function sieve(reduced: Float64Array, every: Cells["links"], closed: Uint8Array): Sieved {
  const nodes = closed.length;
  const starts = new Int32Array(nodes);
  const ends = new Int32Array(nodes);
  const senders = new Int32Array(reduced.length);
  const costs = new Float64Array(reduced.length);
  const links = new Int32Array(reduced.length);
  const relays = new Relays(reduced, closed);
  const around = new Float64Array(nodes);
  let end = 0;
  for (let node = 0; node < nodes; node++) {
    const row = node * nodes;
    const start = end;
    around.fill(Infinity);
    for (const relay of relays.near(node)) {
      const after = reduced[row + relay]!;
      const its = relay * nodes;
      for (let sender = 0; sender < nodes; sender++) {
        const there = after + reduced[its + sender]!;
        if (there < around[sender]!) around[sender] = there;
      }
    }
    for (let sender = 0; sender < nodes; sender++) {
      const cost = reduced[row + sender]!;
      if (cost < Infinity && cost <= around[sender]!) senders[end++] = sender;
    }
    order(senders.subarray(start, end), reduced.subarray(row, row + nodes));
    for (let at = start; at < end; at++) {
      costs[at] = reduced[row + senders[at]!]!;
      links[at] = every[node]![senders[at]!]!;
    }
    starts[node] = start;
    ends[node] = end;
  }
  return { starts, ends, senders, costs, links };
}

/** The nodes that are nearest to another by the round trip, which needs no common clock. */
class Relays {
  readonly #reduced: Float64Array;
  readonly #closed: Uint8Array;
  readonly #nodes = new Int32Array(RELAYS);
  readonly #tripMs = new Float64Array(RELAYS);

  constructor(reduced: Float64Array, closed: Uint8Array) {
    this.#reduced = reduced;
    this.#closed = closed;
  }

  /** Valid until the next call. */
  near(node: number): Int32Array {
    const [reduced, closed, found, tripMs] = [this.#reduced, this.#closed, this.#nodes, this.#tripMs];
    const size = closed.length;
    let count = 0;
    for (let other = 0; other < size; other++) {
      const ms = reduced[node * size + other]! + reduced[other * size + node]!;
      if (closed[other] === 1 || !(ms < (count < RELAYS ? Infinity : tripMs[RELAYS - 1]!))) continue;
      let place = count < RELAYS ? count++ : RELAYS - 1;
      for (; place > 0 && tripMs[place - 1]! > ms; place--) {
        tripMs[place] = tripMs[place - 1]!;
        found[place] = found[place - 1]!;
      }
      tripMs[place] = ms;
      found[place] = other;
    }
    return found.subarray(0, count);
  }
}

/** Steps in which reduced costs are whole numbers. */
const STEP_MS = QUANTUM_MS / LANDMARKS;

/** Sorts nodes by their cost: as one number of both, for a sort that has to ask for every two is ten times slower. */
function order(senders: Int32Array, row: Float64Array): void {
  const places = 2 ** Math.ceil(Math.log2(row.length));
  const keys = Float64Array.from(senders, (sender) => (row[sender]! / STEP_MS) * places + sender).sort();
  // Costs of weeks do not fit.
  if (!(Math.abs(keys.at(-1) ?? 0) < Number.MAX_SAFE_INTEGER)) {
    senders.sort((x, y) => row[x]! - row[y]!);
    return;
  }
  for (let at = 0; at < keys.length; at++) senders[at] = keys[at]! % places;
}
