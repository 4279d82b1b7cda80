// The best ways between all nodes from nothing: Dijkstra's algorithm towards each destination.
//
// What makes a full mesh of a thousand nodes bearable: links that cannot be part of a best way are sieved out first; the
// rest are looked at from the cheapest on, and no further than the farthest node that is still open; and nodes wait in
// buckets by distance instead of in a heap. None of it changes what is found.
import type { Cells } from "./cells.ts";
import { evened } from "./landmarks.ts";
import type { Potentials } from "./potentials.ts";
import { sieve, type Sieved } from "./sieve.ts";

export interface Trees {
  /** By destination, then by node: raw ms, `hopMs` a hop included; Infinity where nothing known leads. */
  readonly distances: readonly Float64Array[];
  /** The same: the next link, -1 for none. */
  readonly next: readonly Int32Array[];
}

export function allTrees(cells: Cells, { ms: potential, hopMs }: Potentials, closed: Uint8Array): Trees {
  const nodes = closed.length;
  const reduced = new Float64Array(nodes * nodes);
  for (let to = 0; to < nodes; to++) {
    const row = cells.costs[to]!;
    // In this order sums are exact, however far clocks are apart.
    for (let from = 0; from < nodes; from++)
      reduced[to * nodes + from] = row[from]! + (potential[from]! - potential[to]!) + hopMs;
  }
  const more = evened(reduced, nodes);
  for (let to = 0; to < nodes; to++)
    for (let from = 0; from < nodes; from++) reduced[to * nodes + from]! += more[from]! - more[to]!;
  const search = new Search(reduced, cells.links, closed);
  const distances: Float64Array[] = [];
  const next: Int32Array[] = [];
  for (let to = 0; to < nodes; to++) {
    const distance = new Float64Array(nodes);
    const first = new Int32Array(nodes);
    search.settle(to, distance, first);
    for (let from = 0; from < nodes; from++)
      distance[from] = distance[from]! - more[from]! + more[to]! + (potential[to]! - potential[from]!);
    distances.push(distance);
    next.push(first);
  }
  return { distances, next };
}

const BUCKETS = 1024;
/** In no bucket: not reached yet, or settled. */
const NONE = -1;
/** How many nodes are settled before the farthest of the rest is looked up again. */
const PAUSE = 32;

class Search {
  readonly #reduced: Float64Array;
  readonly #closed: Uint8Array;
  readonly #links: Sieved;
  /** The first node of each bucket; the others of it are chained both ways. */
  readonly #heads = new Int32Array(BUCKETS);
  readonly #after: Int32Array;
  readonly #before: Int32Array;
  readonly #bucket: Int32Array;

  constructor(reduced: Float64Array, every: Cells["links"], closed: Uint8Array) {
    this.#reduced = reduced;
    this.#closed = closed;
    this.#links = sieve(reduced, every, closed);
    this.#after = new Int32Array(closed.length);
    this.#before = new Int32Array(closed.length);
    this.#bucket = new Int32Array(closed.length);
  }

  /** Fills in reduced distances to a node, and the next link from each; -1 for none. */
  settle(to: number, distance: Float64Array, next: Int32Array): void {
    const { starts, ends, senders, costs, links } = this.#links;
    const [heads, bucket, after, closed] = [this.#heads, this.#bucket, this.#after, this.#closed];
    distance.fill(Infinity);
    next.fill(-1);
    heads.fill(NONE);
    bucket.fill(NONE);
    distance[to] = 0;
    const perMs = this.#bucketsPerMs(to);
    let first = 0;
    let waiting = 0;
    let limit = Infinity;
    let lookUp = 1;
    for (let settled = 0, at = to; ; settled++) {
      const base = distance[at]!;
      if (settled === lookUp) {
        limit = farthest(distance);
        lookUp += PAUSE;
      }
      const end = closed[at] === 1 && at !== to ? 0 : ends[at]!;
      for (let index = starts[at]!; index < end; index++) {
        const there = base + costs[index]!;
        if (there >= limit) break;
        const node = senders[index]!;
        if (there >= distance[node]!) continue;
        distance[node] = there;
        next[node] = links[index]!;
        // Never before the one that is being emptied: nothing that is left is nearer.
        const place = Math.max(first, Math.min(BUCKETS - 1, Math.floor(there * perMs)));
        if (bucket[node] === place) continue;
        if (bucket[node] === NONE) waiting++;
        else this.#take(node);
        this.#put(node, place);
      }
      if (waiting === 0) break;
      while (heads[first] === NONE) first++;
      at = heads[first]!;
      for (let node = after[at]!; node !== NONE; node = after[node]!)
        if (distance[node]! < distance[at]!) at = node;
      this.#take(at);
      bucket[at] = NONE;
      waiting--;
    }
    this.#keepUsed(to, next);
  }

  /** So that the dearest direct link is in the last bucket; what is farther is there, too. */
  #bucketsPerMs(to: number): number {
    const nodes = this.#closed.length;
    let far = 0;
    for (let at = to * nodes; at < (to + 1) * nodes; at++) {
      const cost = this.#reduced[at]!;
      if (cost > far && cost < Infinity) far = cost;
    }
    return far === 0 ? 0 : (BUCKETS - 1) / far;
  }

  #put(node: number, place: number): void {
    const next = this.#heads[place]!;
    this.#after[node] = next;
    this.#before[node] = NONE;
    if (next !== NONE) this.#before[next] = node;
    this.#heads[place] = node;
    this.#bucket[node] = place;
  }

  #take(node: number): void {
    const [next, previous] = [this.#after[node]!, this.#before[node]!];
    if (previous === NONE) this.#heads[this.#bucket[node]!] = next;
    else this.#after[previous] = next;
    if (next !== NONE) this.#before[next] = previous;
  }

  /** A link that is not its sender's best way to its receiver is part of no best way. */
  #keepUsed(to: number, next: Int32Array): void {
    const { starts, ends, senders, costs, links } = this.#links;
    let end = starts[to]!;
    for (let index = end; index < ends[to]!; index++) {
      if (next[senders[index]!] !== links[index]) continue;
      senders[end] = senders[index]!;
      links[end] = links[index]!;
      costs[end++] = costs[index]!;
    }
    ends[to] = end;
  }
}

function farthest(distance: Float64Array): number {
  let far = 0;
  for (let node = 0; node < distance.length; node++) if (distance[node]! > far) far = distance[node]!;
  return far;
}
