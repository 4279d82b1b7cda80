// The cheapest link from each node to each other, by rows: the dense form of a network's costs.
import type { LinkIndex } from "../route.ts";
import type { Graph, LinkCosts } from "./graph.ts";

/**
 * Costs count in steps of 1/1024 ms, so that sums of doubles are exact, in whatever order and on clocks up to centuries
 * apart: no decision hangs on rounding.
 */
export const QUANTUM_MS = 1 / 1024;

export const quantised = (costMs: number): number => Math.round(costMs / QUANTUM_MS) * QUANTUM_MS;

/** Immutable; a changed row is a new one. */
export interface Cells {
  /** By receiver, then by sender: ms of the cheapest link that is known; Infinity where there is none. */
  readonly costs: readonly Float64Array[];
  /** The same by sender, then by receiver: what is read in a row is read ten times faster. */
  readonly bySender: readonly Float64Array[];
  /** By receiver, then by sender: that link, or -1. */
  readonly links: readonly Int32Array[];
}

export function cellsOf(graph: Graph, costs: LinkCosts): Cells {
  const rows = Array.from({ length: graph.nodes }, () => new Float64Array(graph.nodes).fill(Infinity));
  const bySender = rows.map((row) => row.slice());
  const links = rows.map(() => new Int32Array(graph.nodes).fill(-1));
  for (let link = 0; link < graph.links; link++) {
    const row = graph.receivers[link]!;
    const sender = graph.senders[link]!;
    const cost = quantised(costs[link]!);
    if (!(cost < rows[row]![sender]!)) continue;
    rows[row]![sender] = cost;
    bySender[sender]![row] = cost;
    links[row]![sender] = link;
  }
  return { costs: rows, bySender, links };
}

export interface CellChange {
  readonly sender: number;
  readonly receiver: number;
  readonly wasMs: number;
  readonly isMs: number;
}

/** The cells after some links have new costs, and what changed, a cell with two tunnels perhaps twice. */
export function changeCells(
  graph: Graph,
  before: Cells,
  costs: LinkCosts,
  changed: readonly LinkIndex[],
): { readonly cells: Cells; readonly changes: readonly CellChange[] } {
  const cells = { costs: [...before.costs], bySender: [...before.bySender], links: [...before.links] };
  const changes: CellChange[] = [];
  for (const link of changed) {
    const receiver = graph.receivers[link]!;
    const sender = graph.senders[link]!;
    const wasMs = cells.costs[receiver]![sender]!;
    const was = cells.links[receiver]![sender]!;
    const own = quantised(costs[link]!);
    const ownMs = own < Infinity ? own : Infinity;
    if (was !== link && !(ownMs < wasMs)) continue;
    // What was the cheapest and is dearer now may have a cheaper one beside it.
    const best = was === link && ownMs > wasMs ? cheapest(graph, costs, sender, receiver) : link;
    const isMs = best === -1 ? Infinity : quantised(costs[best]!);
    if (isMs === wasMs && best === was) continue;
    if (cells.costs[receiver] === before.costs[receiver]) {
      cells.costs[receiver] = cells.costs[receiver]!.slice();
      cells.links[receiver] = cells.links[receiver]!.slice();
    }
    if (cells.bySender[sender] === before.bySender[sender])
      cells.bySender[sender] = cells.bySender[sender]!.slice();
    cells.costs[receiver]![sender] = isMs;
    cells.bySender[sender]![receiver] = isMs;
    cells.links[receiver]![sender] = best;
    changes.push({ sender, receiver, wasMs, isMs });
  }
  return { cells, changes };
}

/** The cheapest known link of a cell, -1 for none. */
function cheapest(graph: Graph, costs: LinkCosts, sender: number, receiver: number): LinkIndex {
  let best = -1;
  let leastMs = Infinity;
  for (let at = graph.arrivingAt[receiver]!; at < graph.arrivingAt[receiver + 1]!; at++) {
    const link = graph.arriving[at]!;
    if (graph.senders[link] !== sender || !(quantised(costs[link]!) < leastMs)) continue;
    best = link;
    leastMs = quantised(costs[link]!);
  }
  return best;
}
