// The best way from every node to every destination: a tree of next links for each, kept up while costs change.
import type { LinkIndex } from "../route.ts";
import { allTrees, type Trees } from "./all-pairs.ts";
import { cellsOf, changeCell, QUANTUM_MS, type Cells } from "./cells.ts";
import { changedLinks } from "./changes.ts";
import type { Graph, LinkCosts } from "./graph.ts";
import { Mender } from "./mend.ts";
import { lowered, potentials, type Potentials } from "./potentials.ts";

/** Immutable; what has not changed is shared with the one before. */
export interface Optimum extends Trees {
  readonly costs: LinkCosts;
  /** By node, 1: no transit. */
  readonly closed: Uint8Array;
  readonly cells: Cells;
  readonly potentials: Potentials;
}

/** More changed links than this are not worth doing one by one. */
const MANY = 32;

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
  if (!sameClosed || changed.length > MANY) return afresh(graph, costs, closed, before.potentials.ms);
  return adapted(graph, costs, before, changed) ?? afresh(graph, costs, closed, before.potentials.ms);
}

function afresh(graph: Graph, costs: LinkCosts, closed: Uint8Array, start: Float64Array): Optimum {
  const cells = cellsOf(graph, costs);
  const found = potentials(cells, start);
  return { costs, closed, cells, potentials: found, ...allTrees(cells, found, closed) };
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
