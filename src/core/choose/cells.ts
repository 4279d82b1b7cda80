// The cheapest link from each node to each other, by rows: the dense form of a network's costs.
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
  /** The same: that link, or -1. */
  readonly links: readonly Int32Array[];
}

export function cellsOf(graph: Graph, costs: LinkCosts): Cells {
  const rows = Array.from({ length: graph.nodes }, () => new Float64Array(graph.nodes).fill(Infinity));
  const links = rows.map(() => new Int32Array(graph.nodes).fill(-1));
  for (let link = 0; link < graph.links; link++) {
    const [row, sender] = [graph.receivers[link]!, graph.senders[link]!];
    const cost = quantised(costs[link]!);
    if (!(cost < rows[row]![sender]!)) continue;
    rows[row]![sender] = cost;
    links[row]![sender] = link;
  }
  return { costs: rows, links };
}

export interface CellChange {
  readonly sender: number;
  readonly receiver: number;
  readonly wasMs: number;
  readonly isMs: number;
}

/** The cells after a link has a new cost, and which cell is different; undefined when none is. */
export function changeCell(
  graph: Graph,
  cells: Cells,
  costs: LinkCosts,
  link: number,
): { readonly cells: Cells; readonly change: CellChange } | undefined {
  const [receiver, sender] = [graph.receivers[link]!, graph.senders[link]!];
  let [best, isMs] = [-1, Infinity];
  for (let at = graph.arrivingAt[receiver]!; at < graph.arrivingAt[receiver + 1]!; at++) {
    const other = graph.arriving[at]!;
    const cost = graph.senders[other] === sender ? quantised(costs[other]!) : Infinity;
    if (cost < isMs) [best, isMs] = [other, cost];
  }
  const wasMs = cells.costs[receiver]![sender]!;
  if (wasMs === isMs && cells.links[receiver]![sender] === best) return undefined;
  const row = cells.costs[receiver]!.with(sender, isMs);
  const rowLinks = cells.links[receiver]!.with(sender, best);
  return {
    cells: { costs: cells.costs.with(receiver, row), links: cells.links.with(receiver, rowLinks) },
    change: { sender, receiver, wasMs, isMs },
  };
}
