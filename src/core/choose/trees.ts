// The best way from every node to every destination: a tree of next links for each, kept up while costs change.
//
// Dijkstra's algorithm towards a destination, dense: a full mesh has a link for every pair, so a heap would only cost.
// Distances are raw (sums of raw costs); the potentials only tell in which order nodes are settled.
import { cellsOf, changeCell, QUANTUM_MS, type Cells } from "./cells.ts";
import type { Graph, LinkCosts } from "./graph.ts";
import { Mender } from "./mend.ts";
import { lowered, potentials, type Potentials } from "./potentials.ts";

/** Immutable; what has not changed is shared with the one before. */
export interface Optimum {
  readonly costs: LinkCosts;
  /** By node, 1: no transit. */
  readonly closed: Uint8Array;
  readonly cells: Cells;
  readonly potentials: Potentials;
  /** By destination, then by node: raw ms, `hopMs` a hop included; Infinity where nothing known leads. */
  readonly distances: readonly Float64Array[];
  /** The same: the next link, -1 for none. */
  readonly next: readonly Int32Array[];
}

/** More changed links than this are not worth doing one by one. */
const MANY = 32;

/**
 * The optimum for these costs. With the optimum before it only what changed links and destinations are touched by them
 * is worked out anew. `costs` and `closed` are kept: they must not be written to afterwards.
 */
export function optimise(graph: Graph, costs: LinkCosts, closed: Uint8Array, before?: Optimum): Optimum {
  if (before === undefined) return afresh(graph, costs, closed, new Float64Array(graph.nodes));
  const changed = changedLinks(before.costs, costs);
  const sameClosed = closed.every((each, node) => each === before.closed[node]);
  if (sameClosed && changed.length === 0) return before;
  if (!sameClosed || changed.length > MANY) return afresh(graph, costs, closed, before.potentials.ms);
  return adapted(graph, costs, before, changed) ?? afresh(graph, costs, closed, before.potentials.ms);
}

/** Links whose cost is another one; unknown (NaN) is the same as unknown. */
function changedLinks(before: LinkCosts, now: LinkCosts): number[] {
  const changed: number[] = [];
  for (let link = 0; link < now.length; link++) {
    const [was, is] = [before[link]!, now[link]!];
    // oxlint-disable-next-line no-self-compare -- NaN, and a call for each of a million links is too slow
    if (was !== is && (was === was || is === is)) changed.push(link);
  }
  return changed;
}

function afresh(graph: Graph, costs: LinkCosts, closed: Uint8Array, start: Float64Array): Optimum {
  const cells = cellsOf(graph, costs);
  const found = potentials(cells, start);
  const distances: Float64Array[] = [];
  const next: Int32Array[] = [];
  for (let to = 0; to < graph.nodes; to++) {
    const tree = { distance: new Float64Array(graph.nodes), next: new Int32Array(graph.nodes) };
    settleAll(cells, found, closed, to, tree);
    distances.push(tree.distance);
    next.push(tree.next);
  }
  return { costs, closed, cells, potentials: found, distances, next };
}

interface Tree {
  readonly distance: Float64Array;
  readonly next: Int32Array;
}

/** All ways to one destination. */
function settleAll(
  { costs, links }: Cells,
  { ms: potential, hopMs }: Potentials,
  closed: Uint8Array,
  to: number,
  { distance, next }: Tree,
): void {
  const size = distance.length;
  distance.fill(Infinity);
  next.fill(-1);
  // Which node is next, until its link is looked up.
  const towards = next;
  const rest = Int32Array.from({ length: size }, (_, node) => node);
  let left = size;
  rest[to] = rest[--left]!;
  distance[to] = 0;
  for (let at = to; at !== -1;) {
    const row = costs[at]!;
    const base = closed[at] === 1 && at !== to ? Infinity : distance[at]! + hopMs;
    let [nearest, place] = [Infinity, -1];
    for (let index = 0; index < left; index++) {
      const node = rest[index]!;
      let ms = distance[node]!;
      const there = base + row[node]!;
      if (there < ms) {
        distance[node] = ms = there;
        towards[node] = at;
      }
      const key = ms + potential[node]!;
      if (key < nearest) {
        nearest = key;
        place = index;
      }
    }
    at = place === -1 ? -1 : rest[place]!;
    if (place !== -1) rest[place] = rest[--left]!;
  }
  for (let node = 0; node < size; node++)
    if (towards[node] !== -1) next[node] = links[towards[node]!]![node]!;
}

/** Undefined when figures contradict each other, now or before: then everything may be different. */
function adapted(
  graph: Graph,
  costs: LinkCosts,
  before: Optimum,
  changed: readonly number[],
): Optimum | undefined {
  if (before.potentials.hopMs !== QUANTUM_MS) return undefined;
  let { cells, potentials: found }: { cells: Cells; potentials: Potentials | undefined } = before;
  const distances = [...before.distances];
  const next = [...before.next];
  for (const link of changed) {
    const step = changeCell(graph, cells, costs, link);
    if (step === undefined) continue;
    cells = step.cells;
    found = lowered(cells, found, step.change.sender, step.change.receiver);
    if (found === undefined) return undefined;
    const mender = new Mender(graph, cells, found, before.closed);
    for (let to = 0; to < graph.nodes; to++) {
      const kind = mender.touches(step.change, to, distances[to]!, next[to]!);
      if (kind === "not") continue;
      if (distances[to] === before.distances[to]) {
        distances[to] = distances[to]!.slice();
        next[to] = next[to]!.slice();
      }
      mender.mend(kind, step.change.sender, step.change.receiver, to, distances[to]!, next[to]!);
    }
  }
  return { costs, closed: before.closed, cells, potentials: found, distances, next };
}
