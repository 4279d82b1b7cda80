// The best few ways of a pair, each by another first link, with what sets them apart.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { candidate, type Candidate, type Figures } from "./decision.ts";
import type { Limits } from "./limited.ts";
import { waysTo } from "./limited.ts";
import type { Network } from "./network.ts";

/** How many are told. */
const CANDIDATES = 5;

/** Of some links the few with the least cost, NaN and Infinity left out. */
export function bestFirst(links: Iterable<LinkIndex>, costMs: (link: LinkIndex) => number): LinkIndex[] {
  const best: { link: LinkIndex; ms: number }[] = [];
  for (const link of links) {
    const ms = costMs(link);
    if (!(ms < (best.length < CANDIDATES ? Infinity : best.at(-1)!.ms))) continue;
    let place = best.length;
    while (place > 0 && best[place - 1]!.ms > ms) place--;
    best.splice(place, 0, { link, ms });
    if (best.length > CANDIDATES) best.pop();
  }
  return best.map(({ link }) => link);
}

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
  const costOf = (links: readonly LinkIndex[]): number => links.reduce((ms, link) => ms + reduced[link]!, 0);
  const firsts = graph.leaving.subarray(graph.leavingAt[from], graph.leavingAt[from + 1]);
  return bestFirst(firsts, (first) => {
    const next = graph.receivers[first]!;
    const leads = next === to || (onward[next]!.length > 0 && limits.passes(next));
    return leads && limits.allows(first) ? costOf([first, ...onward[next]!]) : Infinity;
  }).map((first) => candidate(figures, [first, ...onward[graph.receivers[first]!]!], taken));
}
