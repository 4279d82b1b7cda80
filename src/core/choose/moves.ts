// Which pairs go another way because nodes have moved in a tree.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import type { Reason } from "./decision.ts";
import type { Network } from "./network.ts";

export interface Move {
  readonly pair: PairKey;
  readonly reason: Reason;
  readonly was: readonly LinkIndex[];
  readonly is: readonly LinkIndex[];
}

/** The links from a node up a tree; empty when it does not lead to the destination. */
export function climb(receivers: Int32Array, tree: Int32Array, from: number, to: number): LinkIndex[] {
  const links: LinkIndex[] = [];
  let at = from;
  for (; at !== to && tree[at] !== -1; at = receivers[tree[at]!]!) links.push(tree[at]!);
  return at === to ? links : [];
}

/** The free pairs whose way has changed, because they moved or a node further on did. */
export function movesOf(
  { graph, isFree }: Network,
  to: number,
  before: Int32Array,
  now: Int32Array,
  movers: ReadonlyMap<number, Reason>,
): Move[] {
  if (movers.size === 0) return [];
  const moves: Move[] = [];
  const { nodes, receivers } = graph;
  // Where two ways part, a mover is on both. 0: not known yet, 1: a mover is on the way, 2: none is.
  const passes = new Uint8Array(nodes);
  passes[to] = 2;
  for (const node of movers.keys()) passes[node] = 1;
  for (let from = 0; from < nodes; from++) {
    let end = from;
    while (passes[end] === 0 && before[end] !== -1) end = receivers[before[end]!]!;
    const verdict = passes[end] === 1 ? 1 : 2;
    for (let at = from; at !== end && passes[at] === 0; at = receivers[before[at]!]!) passes[at] = verdict;
    const pair = from * nodes + to;
    if (passes[from] !== 1 || !isFree(pair)) continue;
    const was = climb(receivers, before, from, to);
    const is = climb(receivers, now, from, to);
    if (was.join() !== is.join()) moves.push({ pair, reason: movers.get(from) ?? "along", was, is });
  }
  return moves;
}
