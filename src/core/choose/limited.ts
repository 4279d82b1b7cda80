// The cheapest ways that keep to limits: nodes and links to leave out, a number of hops.
import { mayRunOver } from "../graph.ts";
import type { LinkIndex } from "../route.ts";
import type { MeasuredPath } from "../spec.ts";
import type { Topology } from "../topology.ts";
import type { Graph } from "./graph.ts";

export interface Limits {
  readonly mostHops: number;
  readonly allows: (link: LinkIndex) => boolean;
  /** Whether a way may pass a node; its ends it may always. */
  readonly passes: (node: number) => boolean;
}

export const UNLIMITED: Limits = { mostHops: Infinity, allows: () => true, passes: () => true };

/** What a measured line asks of its paths. */
export function limitsOfLine({ nodes, tunnels }: Topology, { avoid, via, maxHops }: MeasuredPath): Limits {
  const allowed = (name: string): boolean =>
    !avoid.includes(name) && (via === undefined || via.includes(name));
  const isAllowed = tunnels.map((tunnel) => mayRunOver(tunnel, { avoid, ...(via && { via }) }));
  return {
    mostHops: maxHops ?? Infinity,
    allows: (link) => isAllowed[link >> 1]!,
    passes: (node) => allowed(nodes[node]!.name),
  };
}

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
  const leastMs = new Float64Array(graph.nodes).fill(Infinity);
  const foundIn = new Int32Array(graph.nodes);
  best[to] = { costMs: 0 };
  leastMs[to] = 0;
  let reached = [to];
  for (let hop = 1; hop <= limits.mostHops && reached.length > 0; hop++) {
    // As they are now: what this round finds has a link more.
    const trails = reached.map((node) => best[node]!);
    const found: number[] = [];
    reached.forEach((node, place) => {
      if (node !== to && !limits.passes(node)) return;
      const after = trails[place]!;
      for (let at = graph.arrivingAt[node]!; at < graph.arrivingAt[node + 1]!; at++) {
        const first = graph.arriving[at]!;
        const from = graph.senders[first]!;
        const costMs = after.costMs + costs[first]!;
        if (!(costMs < leastMs[from]! - ROUNDING_MS) || !limits.allows(first)) continue;
        if (foundIn[from] !== hop) found.push(from);
        foundIn[from] = hop;
        leastMs[from] = costMs;
        best[from] = { costMs, first, after };
      }
    });
    reached = found;
  }
  return best.map(linksOf);
}

function linksOf(trail: Trail | undefined): LinkIndex[] {
  const links: LinkIndex[] = [];
  for (let at = trail; at?.first !== undefined; at = at.after) links.push(at.first);
  return links;
}
