// The best few ways of a pair, each by another first link, with what sets them apart.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { candidate, type Candidate, type Figures } from "./decision.ts";
import type { Limits } from "./limited.ts";
import { waysTo } from "./limited.ts";
import type { Network } from "./network.ts";

/** How many are told. */
const CANDIDATES = 5;

/** Of the numbers from 0 the few that cost least, NaN and Infinity left out; of equals the first. */
export function bestFirst(count: number, costMs: (index: number) => number): number[] {
  const best: number[] = [];
  const bestMs: number[] = [];
  let mostMs = Infinity;
  for (let index = 0; index < count; index++) {
    const ms = costMs(index);
    if (!(ms < mostMs)) continue;
    let place = best.length;
    while (place > 0 && bestMs[place - 1]! > ms) place--;
    best.splice(place, 0, index);
    bestMs.splice(place, 0, ms);
    best.length = bestMs.length = Math.min(best.length, CANDIDATES);
    if (best.length === CANDIDATES) mostMs = bestMs[CANDIDATES - 1]!;
  }
  return best;
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
  const wayBy = (place: number): LinkIndex[] => [
    firsts[place]!,
    ...onward[graph.receivers[firsts[place]!]!]!,
  ];
  return bestFirst(firsts.length, (place) => {
    const next = graph.receivers[firsts[place]!]!;
    const leads = next === to || (onward[next]!.length > 0 && limits.passes(next));
    return leads && limits.allows(firsts[place]!) ? costOf(wayBy(place)) : Infinity;
  }).map((place) => candidate(figures, wayBy(place), taken));
}
