// One destination's tree under hysteresis: which nodes leave their present link for the best one, and why.
//
// Nodes that move take the nodes of their best way along, so what moves is closed under the best next link; the others keep
// links that made a tree. A packet thus follows old links until it meets a moved node, and then the best way to its end.
import type { Reason } from "./decision.ts";
import { quantised } from "./cells.ts";
import type { Graph, LinkCosts } from "./graph.ts";

export interface Patience {
  /** A gain below this is not worth a move, ms. */
  readonly gainMs: number;
  /** How long it must have lasted, ms. */
  readonly sustainMs: number;
  /** After a move, how long until the next voluntary one, ms. */
  readonly dwellMs: number;
}

/** Immutable. */
export interface Followed {
  /** By node the present link, -1 for none. */
  readonly tree: Int32Array;
  /** By node since when there is a gain, ms; NaN: none. */
  readonly since: Float64Array;
  /** By node when it last moved, ms; -Infinity: never. */
  readonly moved: Float64Array;
  /** The best next links that the tree was found equal to. */
  readonly calmWith?: Int32Array;
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

export const settled = (tree: Int32Array): Followed => ({
  tree,
  since: new Float64Array(tree.length).fill(NaN),
  moved: new Float64Array(tree.length).fill(-Infinity),
});

/** One step; `movers` are the nodes whose own link is another one now. */
export function follow(
  scene: Scene,
  to: number,
  before: Followed,
  best: Best,
): { readonly followed: Followed; readonly movers: ReadonlyMap<number, Reason> } {
  if (before.calmWith === best.next) return { followed: before, movers: new Map() };
  const { graph, nowMs, patience } = scene;
  const target = targets(to, best);
  const present = presentMs(scene, to, before.tree);
  const since = before.since.slice();
  const moving = new Map<number, Reason>();
  for (let node = 0; node < graph.nodes; node++) {
    if (present[node] === Infinity) {
      since[node] = NaN;
      if (before.tree[node] === target[node] && target[node] === -1) continue;
      close(graph, to, node, target, moving, brokenBy(scene, to, node, before.tree));
      continue;
    }
    const gains = present[node]! - best.distance[node]! >= patience.gainMs && scene.hopMs <= patience.gainMs;
    since[node] = gains ? (Number.isNaN(since[node]!) ? nowMs : since[node]!) : NaN;
  }
  for (let node = 0; node < graph.nodes; node++) {
    if (!(nowMs - since[node]! >= patience.sustainMs)) continue;
    const known = moving.get(node);
    if (known === undefined && mayMove(scene, to, node, before, target, moving))
      close(graph, to, node, target, moving, "gain");
    else if (known === "along" && nowMs - before.moved[node]! >= patience.dwellMs) moving.set(node, "gain");
  }
  const movers = new Map([...moving].filter(([node]) => before.tree[node] !== target[node]));
  const tree = movers.size === 0 ? before.tree : before.tree.slice();
  const moved = movers.size === 0 ? before.moved : before.moved.slice();
  for (const [node] of movers) {
    tree[node] = target[node]!;
    moved[node] = nowMs;
    since[node] = NaN;
  }
  const calm = tree.every((link, node) => node === to || (link !== -1 && link === best.next[node]));
  return { followed: { tree, since, moved, ...(calm && { calmWith: best.next }) }, movers };
}

/** The best next links, and where nothing known leads those of the fewest hops. */
function targets(to: number, { distance, next, fewestHops }: Best): Int32Array {
  if (next.every((link, node) => link !== -1 || node === to)) return next;
  const hops = fewestHops();
  return next.map((link, node) => (distance[node] === Infinity ? hops[node]! : link));
}

/** What the present ways cost: NaN when a link is unknown, Infinity when one is down, or there is no way. */
function presentMs({ graph, costs, closed, hopMs }: Scene, to: number, tree: Int32Array): Float64Array {
  const ms = new Float64Array(graph.nodes);
  const known = new Uint8Array(graph.nodes);
  known[to] = 1;
  for (let start = 0; start < graph.nodes; start++) {
    const way: number[] = [];
    let at = start;
    for (; known[at] === 0 && tree[at] !== -1; at = graph.receivers[tree[at]!]!) way.push(at);
    if (known[at] === 0) ms[at] = Infinity;
    known[at] = 1;
    for (let node = way.pop(); node !== undefined; node = way.pop()) {
      const link = tree[node]!;
      const after = graph.receivers[link]!;
      const broken =
        costs[link] === Infinity || ms[after] === Infinity || (closed[after] === 1 && after !== to);
      ms[node] = broken ? Infinity : ms[after]! + quantised(costs[link]!) + hopMs;
      known[node] = 1;
    }
  }
  return ms;
}

function brokenBy({ graph, costs }: Scene, to: number, node: number, tree: Int32Array): Reason {
  if (tree[node] === -1) return "recovered";
  let at = node;
  for (; at !== to && tree[at] !== -1; at = graph.receivers[tree[at]!]!)
    if (costs[tree[at]!] === Infinity) return "failed";
  return at === to ? "limit" : "failed";
}

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

/** Nobody who would have to move along may be in its dwell; who moves anyway does not count. */
function mayMove(
  { graph, nowMs, patience }: Scene,
  to: number,
  node: number,
  { tree, moved }: Followed,
  target: Int32Array,
  moving: ReadonlyMap<number, Reason>,
): boolean {
  for (let at = node; at !== to; at = graph.receivers[target[at]!]!) {
    if (moving.has(at)) return true;
    if (tree[at] !== target[at] && nowMs - moved[at]! < patience.dwellMs) return false;
  }
  return true;
}
