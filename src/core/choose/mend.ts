// A tree of best ways after one cell has changed: only the nodes whose way it touches are settled again.
import type { CellChange, Cells } from "./cells.ts";
import type { Graph } from "./graph.ts";
import type { Potentials } from "./potentials.ts";

/** Nothing; a better link for the sender; or the sender's way, and all that lead over it, to be found anew. */
type Touch = "not" | "better" | "cut";

/** The ways to one destination. */
export interface Tree {
  readonly distance: Float64Array;
  readonly next: Int32Array;
}

export class Mender {
  readonly #graph: Graph;
  readonly #cells: Cells;
  readonly #potentials: Potentials;
  readonly #closed: Uint8Array;

  /** The cells and potentials after the change. */
  constructor(graph: Graph, cells: Cells, potentials: Potentials, closed: Uint8Array) {
    this.#graph = graph;
    this.#cells = cells;
    this.#potentials = potentials;
    this.#closed = closed;
  }

  touches(
    { sender, receiver, wasMs, isMs }: CellChange,
    to: number,
    distance: Float64Array,
    next: Int32Array,
  ): Touch {
    const link = next[sender]!;
    if (link !== -1 && this.#graph.receivers[link] === receiver && isMs >= wasMs) return "cut";
    if (sender === to || (this.#closed[receiver] === 1 && receiver !== to)) return "not";
    return distance[receiver]! + this.#potentials.hopMs + isMs < distance[sender]! ? "better" : "not";
  }

  /** Writes to `distance` and `next`. */
  mend(
    touch: "better" | "cut",
    sender: number,
    receiver: number,
    to: number,
    distance: Float64Array,
    next: Int32Array,
  ): void {
    if (touch === "cut") {
      this.#reconnectAll(this.#above(sender, to, next), to, distance, next);
      return;
    }
    distance[sender] = distance[receiver]! + this.#potentials.hopMs + this.#cells.costs[receiver]![sender]!;
    next[sender] = this.#cells.links[receiver]![sender]!;
    this.#settle([sender], to, distance, next);
  }

  /**
   * Ways to a destination that do not pass a node, from all others, when this is what `closed` says more than what the
   * given ones were found with; they are shared where nothing is different.
   */
  around(node: number, to: number, trees: Tree): Tree {
    const cut = this.#above(node, to, trees.next).filter((each) => each !== node);
    if (cut.length === 0) return trees;
    const [distance, next] = [trees.distance.slice(), trees.next.slice()];
    this.#reconnectAll(cut, to, distance, next);
    return { distance, next };
  }

  #reconnectAll(cut: readonly number[], to: number, distance: Float64Array, next: Int32Array): void {
    for (const node of cut) distance[node] = Infinity;
    for (const node of cut) this.#reconnect(node, to, distance, next);
    const open = cut.filter((node) => distance[node]! < Infinity);
    this.#settle(open, to, distance, next);
  }

  /** A node, and all whose way leads over it. */
  #above(root: number, to: number, next: Int32Array): number[] {
    const { receivers } = this.#graph;
    // 0: not known yet, 1: over the root, 2: not.
    const known = new Uint8Array(next.length);
    known[root] = 1;
    known[to] = 2;
    const nodes: number[] = [];
    for (let start = 0; start < next.length; start++) {
      let end = start;
      while (known[end] === 0 && next[end] !== -1) end = receivers[next[end]!]!;
      const verdict = known[end] === 1 ? 1 : 2;
      for (let at = start; at !== end && known[at] === 0; at = receivers[next[at]!]!) known[at] = verdict;
      if (known[start] === 1) nodes.push(start);
    }
    return nodes;
  }

  /** The best way of a node over those whose distance is known. */
  #reconnect(node: number, to: number, distance: Float64Array, next: Int32Array): void {
    const { costs, links } = this.#cells;
    let [least, over] = [Infinity, -1];
    for (let other = 0; other < distance.length; other++) {
      if (distance[other] === Infinity || (this.#closed[other] === 1 && other !== to)) continue;
      const there = distance[other]! + this.#potentials.hopMs + costs[other]![node]!;
      if (there < least) [least, over] = [there, other];
    }
    distance[node] = least;
    next[node] = over === -1 ? -1 : links[over]![node]!;
  }

  /** Dijkstra's algorithm from some nodes whose distance is new. */
  #settle(open: number[], to: number, distance: Float64Array, next: Int32Array): void {
    const { costs, links } = this.#cells;
    const { ms: potential, hopMs } = this.#potentials;
    const waiting = new Uint8Array(distance.length);
    for (const node of open) waiting[node] = 1;
    while (open.length > 0) {
      let place = 0;
      const key = (node: number): number => distance[node]! + potential[node]!;
      for (let index = 1; index < open.length; index++)
        if (key(open[index]!) < key(open[place]!)) place = index;
      const at = open[place]!;
      open[place] = open.at(-1)!;
      open.pop();
      waiting[at] = 0;
      if (this.#closed[at] === 1 && at !== to) continue;
      const base = distance[at]! + hopMs;
      const row = costs[at]!;
      for (let node = 0; node < distance.length; node++) {
        if (base + row[node]! >= distance[node]!) continue;
        distance[node] = base + row[node]!;
        next[node] = links[at]![node]!;
        if (waiting[node] === 0) open.push(node);
        waiting[node] = 1;
      }
    }
  }
}
