// One destination's tree under hysteresis: which nodes leave their present link for the best one, and why.
//
// Nodes that move take the nodes of their best way along, so what moves is closed under the best next link; the others keep
// links that made a tree. A packet thus follows old links until it meets a moved node, and then the best way to its end.
import type { Reason } from "./decision.ts";
import { quantised } from "./cells.ts";
import type { Patience } from "./defaults.ts";
import type { Graph, LinkCosts } from "./graph.ts";

/** Immutable. */
export interface Followed {
  /** By node the present link, -1 for none. */
  readonly tree: Int32Array;
  /** By node since when there is a gain, ms; NaN: none. */
  readonly since: Float64Array;
  /** By node when it last moved, ms; -Infinity: never. */
  readonly moved: Float64Array;
  /** Until then nothing is decided unless something changes, ms. */
  readonly wakeMs: number;
  /** Whether nothing known leads here from some node, so that links that come and go matter wherever they are. */
  readonly isLost: boolean;
}

export interface Scene {
  readonly graph: Graph;
  readonly costs: LinkCosts;
  readonly closed: Uint8Array;
  readonly hopMs: number;
  readonly patience: Patience;
  readonly nowMs: number;
}

interface Best {
  readonly distance: Float64Array;
  readonly next: Int32Array;
  /** The way where nothing known leads. */
  readonly fewestHops: () => Int32Array;
}

/** Trees that nobody has moved in yet. */
export function settled(trees: readonly Int32Array[]): Followed[] {
  // Shared until one is written to: steps copy.
  const since = new Float64Array(trees.length).fill(NaN);
  const moved = new Float64Array(trees.length).fill(-Infinity);
  return trees.map((tree) => ({ tree, since, moved, wakeMs: -Infinity, isLost: false }));
}

/** Follows the trees of many destinations at one moment. */
export class Follower {
  readonly #scene: Scene;
  /** By node: 0 not known yet, 1 all its links are down, 2 some live. */
  readonly #alone: Uint8Array;
  // Of the destination at hand.
  readonly #present: Float64Array;
  readonly #known: Uint8Array;
  readonly #way: Int32Array;
  readonly #since: Float64Array;

  constructor(scene: Scene) {
    const { nodes } = scene.graph;
    this.#scene = scene;
    this.#alone = new Uint8Array(nodes);
    this.#present = new Float64Array(nodes);
    this.#known = new Uint8Array(nodes);
    this.#way = new Int32Array(nodes);
    this.#since = new Float64Array(nodes);
  }

  /** One step; `movers` are the nodes whose own link is another one now. */
  step(
    to: number,
    before: Followed,
    best: Best,
  ): { readonly followed: Followed; readonly movers: ReadonlyMap<number, Reason> } {
    const { graph, nowMs, patience, hopMs } = this.#scene;
    const present = this.#presentMs(to, before.tree, best);
    const target = this.#targets(best);
    const moving = new Map<number, Reason>();
    const since = this.#since;
    since.set(before.since);
    let isLost = false;
    for (let node = 0; node < graph.nodes; node++) {
      if (node !== to && best.next[node] === -1) isLost = true;
      if (present[node] === Infinity) {
        since[node] = NaN;
        if (before.tree[node] === -1 && target[node] === -1) continue;
        close(graph, to, node, target, moving, this.#brokenBy(to, node, before.tree));
        continue;
      }
      const gains = present[node]! - best.distance[node]! >= patience.gainMs && hopMs <= patience.gainMs;
      if (!gains) since[node] = NaN;
      else if (Number.isNaN(since[node]!)) since[node] = nowMs;
    }
    const wakeMs = this.#gain(to, before, target, moving);
    for (const node of moving.keys()) if (before.tree[node] === target[node]) moving.delete(node);
    let { tree, moved } = before;
    if (moving.size > 0) {
      tree = tree.slice();
      moved = moved.slice();
      for (const node of moving.keys()) {
        tree[node] = target[node]!;
        moved[node] = nowMs;
        since[node] = NaN;
      }
    }
    const followed = {
      tree,
      since: isSame(since, before.since) ? before.since : since.slice(),
      moved,
      // Who has stayed may see another gain after the others' moves.
      wakeMs: moving.size > 0 ? -Infinity : wakeMs,
      isLost,
    };
    return { followed, movers: moving };
  }

  /** Adds to `moving` who has had a gain for long enough; when the next one may have, ms. */
  #gain(to: number, { tree, moved }: Followed, target: Int32Array, moving: Map<number, Reason>): number {
    const { graph, nowMs, patience } = this.#scene;
    let wakeMs = Infinity;
    for (let node = 0; node < graph.nodes; node++) {
      const since = this.#since[node]!;
      if (Number.isNaN(since)) continue;
      if (!(nowMs - since >= patience.sustainMs)) {
        wakeMs = Math.min(wakeMs, since + patience.sustainMs - EARLY_MS);
        continue;
      }
      const known = moving.get(node);
      if (known !== undefined) {
        if (known === "along" && nowMs - moved[node]! >= patience.dwellMs) moving.set(node, "gain");
        continue;
      }
      const stays = this.#firstInDwell(to, node, tree, moved, target, moving);
      if (stays === -1) close(graph, to, node, target, moving, "gain");
      else wakeMs = Math.min(wakeMs, moved[stays]! + patience.dwellMs - EARLY_MS);
    }
    return wakeMs;
  }

  /** The best next links, and where nothing known leads, but a way is needed, those of the fewest hops. */
  #targets({ distance, next, fewestHops }: Best): Int32Array {
    const present = this.#present;
    let isNeeded = false;
    for (let node = 0; node < next.length && !isNeeded; node++)
      isNeeded = distance[node] === Infinity && present[node] === Infinity && !this.#isAlone(node);
    if (!isNeeded) return next;
    const hops = fewestHops();
    return next.map((link, node) => (distance[node] === Infinity ? hops[node]! : link));
  }

  /** Whether all links of a node are down: there is no need to look for hops then. */
  #isAlone(node: number): boolean {
    const { graph, costs } = this.#scene;
    if (this.#alone[node] === 0) {
      let at = graph.leavingAt[node]!;
      while (at < graph.leavingAt[node + 1]! && costs[graph.leaving[at]!] === Infinity) at++;
      this.#alone[node] = at === graph.leavingAt[node + 1]! ? 1 : 2;
    }
    return this.#alone[node] === 1;
  }

  /** What the present ways cost: NaN when a link is unknown, Infinity when one is down, or there is no way. */
  #presentMs(to: number, tree: Int32Array, { distance, next }: Best): Float64Array {
    const { graph, costs, closed, hopMs } = this.#scene;
    const [ms, known, way] = [this.#present, this.#known, this.#way];
    known.fill(0);
    known[to] = 1;
    ms[to] = 0;
    for (let start = 0; start < known.length; start++) {
      let length = 0;
      let at = start;
      for (; known[at] === 0 && tree[at] !== -1; at = graph.receivers[tree[at]!]!) way[length++] = at;
      if (known[at] === 0) ms[at] = Infinity;
      known[at] = 1;
      let afterMs = ms[at]!;
      for (let after = at; length > 0; known[after] = 1) {
        const node = way[--length]!;
        const link = tree[node]!;
        // Most are on the best way, and to look costs up, all over the memory, is what takes time.
        if (link === next[node] && afterMs === distance[after]) afterMs = distance[node]!;
        else if (costs[link] === Infinity || (closed[after] === 1 && after !== to)) afterMs = Infinity;
        else if (afterMs !== Infinity) afterMs += quantised(costs[link]!) + hopMs;
        ms[node] = afterMs;
        after = node;
      }
    }
    return ms;
  }

  #brokenBy(to: number, node: number, tree: Int32Array): Reason {
    const { graph, costs } = this.#scene;
    if (tree[node] === -1) return "recovered";
    let at = node;
    for (; at !== to && tree[at] !== -1; at = graph.receivers[tree[at]!]!)
      if (costs[tree[at]!] === Infinity) return "failed";
    return at === to ? "limit" : "failed";
  }

  /** Nobody who would have to move along may be in its dwell; who moves anyway does not count. -1: nobody is. */
  #firstInDwell(
    to: number,
    node: number,
    tree: Int32Array,
    moved: Float64Array,
    target: Int32Array,
    moving: ReadonlyMap<number, Reason>,
  ): number {
    const { graph, nowMs, patience } = this.#scene;
    for (let at = node; at !== to; at = graph.receivers[target[at]!]!) {
      if (moving.has(at)) return -1;
      if (tree[at] !== target[at] && nowMs - moved[at]! < patience.dwellMs) return at;
    }
    return -1;
  }
}

/** Looking once too often costs little, and no sum may be rounded to just after the moment. */
const EARLY_MS = 1;

/** Moves a node and the nodes of its best way; those that have a reason of their own keep it. */
function close(
  graph: Graph,
  to: number,
  node: number,
  target: Int32Array,
  moving: Map<number, Reason>,
  reason: Reason,
): void {
  for (let at = node; at !== to && at !== -1; at = target[at] === -1 ? -1 : graph.receivers[target[at]!]!)
    moving.set(at, at === node ? reason : (moving.get(at) ?? "along"));
}

/** NaN is the same as NaN. */
function isSame(one: Float64Array, other: Float64Array): boolean {
  for (let at = 0; at < one.length; at++) if (!Object.is(one[at], other[at])) return false;
  return true;
}
