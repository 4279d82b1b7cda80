// The cheapest path from one node to all others, over links that were measured.

export interface CostedLink {
  /** Node indices. */
  readonly from: number;
  readonly to: number;
  /** Not below 0. */
  readonly costMs: number;
}

export interface Limits {
  readonly mostHops: number;
  /** Whether a path may use a link, by its place in the list. */
  readonly allows: (link: number) => boolean;
  /** Whether a path may pass a node; its ends it may always. */
  readonly passes: (node: number) => boolean;
}

export const UNLIMITED: Limits = { mostHops: Infinity, allows: () => true, passes: () => true };

interface Trail {
  readonly costMs: number;
  readonly last?: number;
  readonly before?: Trail;
}

/** Of two paths that cost the same but for rounding the one with fewer hops is taken. */
const ROUNDING_MS = 1e-6;

/**
 * For each node the links of the cheapest path to it (their places in the list); empty when there is none. Bellman and
 * Ford's rounds, the n-th of which knows the cheapest paths of n links, so that a limit of hops is kept exactly.
 */
export function bestPaths(
  size: number,
  links: readonly CostedLink[],
  source: number,
  limits: Limits = UNLIMITED,
): number[][] {
  const leaving: number[][] = Array.from({ length: size }, () => []);
  links.forEach(({ from, costMs }, index) => {
    if (costMs < Infinity && limits.allows(index)) leaving[from]!.push(index);
  });
  const best: (Trail | undefined)[] = Array.from({ length: size });
  best[source] = { costMs: 0 };
  let reached = new Map([[source, best[source]]]);
  for (let hop = 1; hop <= limits.mostHops && reached.size > 0; hop++) {
    const next = new Map<number, Trail>();
    for (const [node, before] of reached) {
      if (node !== source && !limits.passes(node)) continue;
      for (const last of leaving[node]!) {
        const { to, costMs } = links[last]!;
        const whole = before.costMs + costMs;
        const now = next.get(to) ?? best[to];
        if (now === undefined || whole < now.costMs - ROUNDING_MS)
          next.set(to, { costMs: whole, last, before });
      }
    }
    for (const [node, trail] of next) best[node] = trail;
    reached = next;
  }
  return best.map((trail) => linksOf(trail));
}

function linksOf(trail: Trail | undefined): number[] {
  const links: number[] = [];
  for (let at = trail; at?.last !== undefined; at = at.before) links.unshift(at.last);
  return links;
}
