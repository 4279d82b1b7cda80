// The best way from every node to every destination: a tree of next links for each, kept up while costs change.
import type { LinkIndex } from "../route.ts";
import { allTrees, type Trees } from "./all-pairs.ts";
import { cellsOf, changeCells, QUANTUM_MS, type CellChange, type Cells } from "./cells.ts";
import { changedLinks } from "./changes.ts";
import type { Graph, LinkCosts } from "./graph.ts";
import { Mender } from "./mend.ts";
import { potentials, type Potentials } from "./potentials.ts";

/** Immutable; what has not changed is shared with the one before. */
export interface Optimum extends Trees {
  readonly costs: LinkCosts;
  /** By node, 1: no transit. */
  readonly closed: Uint8Array;
  readonly cells: Cells;
  readonly potentials: Potentials;
}

/** More changed links than so many a node are not worth looking at for every tree. A node that dies changes two. */
const MANY = 4;

/** Nor is it worth mending more than this share of all ways. */
const MUCH = 1 / 8;

/**
 * The optimum for these costs. With the optimum before it only what changed links and destinations are touched by them
 * is worked out anew; `changed` are the links that cost something else than then. `costs` and `closed` are kept: they must
 * not be written to afterwards.
 */
export function optimise(
  graph: Graph,
  costs: LinkCosts,
  closed: Uint8Array,
  before?: Optimum,
  changed: readonly LinkIndex[] = before === undefined ? [] : changedLinks(before.costs, costs),
): Optimum {
  if (before === undefined) return afresh(graph, costs, closed, new Float64Array(graph.nodes));
  const sameClosed = closed.every((each, node) => each === before.closed[node]);
  if (sameClosed && changed.length === 0) return before;
  if (!sameClosed || changed.length > MANY * graph.nodes)
    return afresh(graph, costs, closed, before.potentials.ms);
  return adapted(graph, costs, before, changed) ?? afresh(graph, costs, closed, before.potentials.ms);
}

function afresh(graph: Graph, costs: LinkCosts, closed: Uint8Array, start: Float64Array): Optimum {
  const cells = cellsOf(graph, costs);
  const found = potentials(cells, start);
  return { costs, closed, cells, potentials: found, ...allTrees(cells, found, closed) };
}

/** Undefined when that is more work than all, or figures contradict each other: then everything may be different. */
function adapted(
  graph: Graph,
  costs: LinkCosts,
  before: Optimum,
  changed: readonly LinkIndex[],
): Optimum | undefined {
  const { closed } = before;
  if (before.potentials.hopMs !== QUANTUM_MS) return undefined;
  const { cells, changes } = changeCells(graph, before.cells, costs, changed);
  const found = fits(before.potentials, changes)
    ? before.potentials
    : potentials(cells, before.potentials.ms);
  if (found.hopMs !== QUANTUM_MS) return undefined;
  const mender = new Mender(graph, cells, found, closed);
  const distances: Float64Array[] = [];
  const next: Int32Array[] = [];
  for (let to = 0; to < graph.nodes; to++) {
    const tree = mender.mend(changes, to, { distance: before.distances[to]!, next: before.next[to]! });
    distances.push(tree.distance);
    next.push(tree.next);
    if (mender.cut > MUCH * graph.nodes ** 2) return undefined;
  }
  return { costs, closed, cells, potentials: found, distances, next };
}

/** Whether no cell that is cheaper now asks for other potentials; what is dearer never does. */
const fits = ({ ms, hopMs }: Potentials, changes: readonly CellChange[]): boolean =>
  changes.every(({ sender, receiver, isMs }) => ms[sender]! + isMs + hopMs >= ms[receiver]!);
