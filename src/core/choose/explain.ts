// The best few ways of a pair, each by another first link, with what sets them apart.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { candidate, type Candidate, type Figures } from "./decision.ts";
import type { Limits } from "./limited.ts";
import { waysTo } from "./limited.ts";
import type { Network } from "./network.ts";

/** How many are told. */
const CANDIDATES = 5;

/**
 * For each link that the pair's sender has, the best way that begins with it; of those the best few, best first.
 * `reduced` are costs that are not negative, `taken` is the way that they are compared with.
 */
export function candidatesOf(
  { graph }: Network,
  figures: Figures,
  reduced: Float64Array,
  pair: PairKey,
  limits: Limits,
  taken: readonly LinkIndex[],
): Candidate[] {
  const [from, to] = [Math.floor(pair / graph.nodes), pair % graph.nodes];
  const onward = waysTo(graph, reduced, to, {
    mostHops: limits.mostHops - 1,
    allows: limits.allows,
    passes: (node) => node !== from && limits.passes(node),
  });
  const ways: (readonly LinkIndex[])[] = [];
  for (const first of graph.leaving.subarray(graph.leavingAt[from], graph.leavingAt[from + 1])) {
    const next = graph.receivers[first]!;
    const rest = onward[next]!;
    if (!(reduced[first]! < Infinity) || !limits.allows(first)) continue;
    if (next !== to && (rest.length === 0 || !limits.passes(next))) continue;
    ways.push([first, ...rest]);
  }
  const costMs = (links: readonly LinkIndex[]): number => links.reduce((ms, link) => ms + reduced[link]!, 0);
  const sorted = ways.map((links) => ({ links, costMs: costMs(links) })).sort((x, y) => x.costMs - y.costMs);
  return sorted.slice(0, CANDIDATES).map(({ links }) => candidate(figures, links, taken));
}
