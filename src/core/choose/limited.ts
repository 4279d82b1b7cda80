// The cheapest ways that keep to limits: nodes and links to leave out, a number of hops.
import type { LinkIndex } from "../route.ts";
import type { Graph } from "./graph.ts";

export interface Limits {
  readonly mostHops: number;
  readonly allows: (link: LinkIndex) => boolean;
  /** Whether a way may pass a node; its ends it may always. */
  readonly passes: (node: number) => boolean;
}

export const UNLIMITED: Limits = { mostHops: Infinity, allows: () => true, passes: () => true };

interface Trail {
  readonly costMs: number;
  readonly first?: LinkIndex;
  readonly after?: Trail;
}

/** Of two ways that cost the same but for rounding the one with fewer hops is taken. */
const ROUNDING_MS = 1e-6;

/**
 * For each node the links of its cheapest way to a destination; empty when there is none. Costs by link, ms, not below 0;
 * those that are Infinity or NaN are not used. Bellman and Ford's rounds, the n-th of which knows the cheapest ways of n
 * links, so that a limit of hops is kept exactly; ways have no circles, for a circle is never cheaper than none.
 */
export function waysTo(
  graph: Graph,
  costs: Float64Array,
  to: number,
  limits: Limits = UNLIMITED,
): LinkIndex[][] {
  const best: (Trail | undefined)[] = Array.from({ length: graph.nodes });
  best[to] = { costMs: 0 };
  let reached = new Map<number, Trail>([[to, best[to]]]);
  for (let hop = 1; hop <= limits.mostHops && reached.size > 0; hop++) {
    const next = new Map<number, Trail>();
    for (const [node, after] of reached) {
      if (node !== to && !limits.passes(node)) continue;
      for (let at = graph.arrivingAt[node]!; at < graph.arrivingAt[node + 1]!; at++) {
        const first = graph.arriving[at]!;
        if (!(costs[first]! < Infinity) || !limits.allows(first)) continue;
        const from = graph.senders[first]!;
        const costMs = after.costMs + costs[first]!;
        const now = next.get(from) ?? best[from];
        if (now === undefined || costMs < now.costMs - ROUNDING_MS) next.set(from, { costMs, first, after });
      }
    }
    for (const [node, trail] of next) best[node] = trail;
    reached = next;
  }
  return best.map(linksOf);
}

function linksOf(trail: Trail | undefined): LinkIndex[] {
  const links: LinkIndex[] = [];
  for (let at = trail; at?.first !== undefined; at = at.after) links.push(at.first);
  return links;
}
