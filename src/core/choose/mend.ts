// A tree of best ways after cells have changed: only the nodes whose way that touches are settled again.
//
// Nodes whose way has become dearer are cut off with all that lead over them, and join again where it is cheapest; nodes
// that a cheaper cell serves better go over it. Both are then passed on as by Dijkstra's algorithm (compare G. Ramalingam
// and T. Reps, "An Incremental Algorithm for a Generalization of the Shortest-Path Problem", 1996).
import type { CellChange, Cells } from "./cells.ts";
import type { Graph } from "./graph.ts";
import type { Potentials } from "./potentials.ts";

/** The ways to one destination, as in `Trees`. */
export interface Tree {
  readonly distance: Float64Array;
  readonly next: Int32Array;
}

export class Mender {
  readonly #graph: Graph;
  readonly #cells: Cells;
  readonly #potentials: Potentials;
  readonly #closed: Uint8Array;
  #cut = 0;

  /** The cells and potentials after the changes. */
  constructor(graph: Graph, cells: Cells, potentials: Potentials, closed: Uint8Array) {
    this.#graph = graph;
    this.#cells = cells;
    this.#potentials = potentials;
    this.#closed = closed;
  }

  /** How many nodes have been cut off so far: what mending costs. */
  get cut(): number {
    return this.#cut;
  }

  /** The same tree when nothing touches it. */
  mend(changes: readonly CellChange[], to: number, tree: Tree): Tree {
    const { receivers } = this.#graph;
    const roots: number[] = [];
    const better: CellChange[] = [];
    for (const change of changes) {
      const { sender, receiver, wasMs, isMs } = change;
      const link = tree.next[sender]!;
      if (isMs >= wasMs) {
        if (link !== -1 && receivers[link] === receiver) roots.push(sender);
      } else if (this.#viaMs(change, to, tree) < tree.distance[sender]!) better.push(change);
    }
    if (roots.length === 0 && better.length === 0) return tree;
    const mended = { distance: tree.distance.slice(), next: tree.next.slice() };
    const cut = roots.length === 0 ? [] : this.#above(roots, to, tree.next);
    const open = this.#reconnect(cut, to, mended);
    for (const change of better) {
      const { sender, receiver } = change;
      const ms = this.#viaMs(change, to, mended);
      if (ms >= mended.distance[sender]!) continue;
      mended.distance[sender] = ms;
      mended.next[sender] = this.#cells.links[receiver]![sender]!;
      open.push(sender);
    }
    this.#settle(open, to, mended);
    return mended;
  }

  /**
   * Ways to a destination that do not pass a node, from all others, when this is what `closed` says more than what the
   * given ones were found with.
   */
  around(node: number, to: number, tree: Tree): Tree {
    const cut = this.#above([node], to, tree.next).filter((each) => each !== node);
    if (cut.length === 0) return tree;
    const mended = { distance: tree.distance.slice(), next: tree.next.slice() };
    this.#settle(this.#reconnect(cut, to, mended), to, mended);
    return mended;
  }

  /** What a cell's sender would pay over it. */
  #viaMs({ sender, receiver }: CellChange, to: number, { distance }: Tree): number {
    if (sender === to || (this.#closed[receiver] === 1 && receiver !== to)) return Infinity;
    return distance[receiver]! + this.#potentials.hopMs + this.#cells.costs[receiver]![sender]!;
  }

  /** Some nodes, and all whose way leads over one of them. */
  #above(roots: readonly number[], to: number, next: Int32Array): number[] {
    const { receivers } = this.#graph;
    // 0: not known yet, 1: over a root, 2: not.
    const known = new Uint8Array(next.length);
    known[to] = 2;
    for (const root of roots) known[root] = 1;
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

  /** Gives nodes that were cut off the best way over those that were not; who has one. */
  #reconnect(cut: readonly number[], to: number, { distance, next }: Tree): number[] {
    const { bySender, links } = this.#cells;
    const { hopMs } = this.#potentials;
    this.#cut += cut.length;
    for (const node of cut) distance[node] = Infinity;
    const ways = cut.map((node) => {
      const row = bySender[node]!;
      let leastMs = Infinity;
      let over = -1;
      for (let other = 0; other < row.length; other++) {
        const there = distance[other]! + row[other]!;
        if (there >= leastMs || (this.#closed[other] === 1 && other !== to)) continue;
        leastMs = there;
        over = other;
      }
      return { node, ms: leastMs + hopMs, over };
    });
    for (const { node, ms, over } of ways) {
      distance[node] = ms;
      next[node] = over === -1 ? -1 : links[over]![node]!;
    }
    return cut.filter((node) => distance[node]! < Infinity);
  }

  /** Dijkstra's algorithm from some nodes whose distance is new. */
  #settle(open: number[], to: number, { distance, next }: Tree): void {
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
