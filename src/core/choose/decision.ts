// What was decided about one pair of nodes, and the ways it was decided between.
import type { LinkIndex } from "../route.ts";
import type { LinkQuality } from "../measure/cost.ts";
import type { LinkCosts } from "./graph.ts";

/**
 * `gain`: another way was better for long enough. `failed`: a link of the way is down. `recovered`: there was no way, or
 * the pinned path is back. `limit`: the way passes where it may not any more. `along`: a node further on has moved.
 */
export type Reason = "gain" | "failed" | "recovered" | "limit" | "along";

export interface Decision {
  readonly atMs: number;
  /** Node indices. */
  readonly from: number;
  readonly to: number;
  readonly reason: Reason;
  readonly was: Candidate;
  readonly is: Candidate;
  /** The best few, by their first links, best first. */
  readonly candidates: readonly Candidate[];
}

/** A way with its figures; they are absent when a link is down, or gave none. */
export interface Candidate {
  /** Empty: no way. */
  readonly links: readonly LinkIndex[];
  readonly figures?: WayFigures;
}

interface WayFigures {
  /** More than the way that was taken, ms: exact, whatever the clocks, for both have the same two ends. */
  readonly moreCostMs: number;
  readonly moreDelayMs: number;
  /** Along the way, ms. */
  readonly jitterMs: number;
  /** Share of packets, 0 to 1. */
  readonly loss: number;
}

export interface Figures {
  readonly costs: LinkCosts;
  /** Undefined: not known. */
  readonly quality: (link: LinkIndex) => LinkQuality | undefined;
}

interface Sum {
  readonly costMs: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly loss: number;
}

/** A way beside the taken one: all figures that compare are differences, for raw ones say nothing. */
export function candidate(
  figures: Figures,
  links: readonly LinkIndex[],
  taken: readonly LinkIndex[],
): Candidate {
  const [own, other] = [sum(figures, links), sum(figures, taken)];
  if (own === undefined || other === undefined) return { links };
  const { jitterMs, loss } = own;
  const moreCostMs = own.costMs - other.costMs;
  return { links, figures: { moreCostMs, moreDelayMs: own.delayMs - other.delayMs, jitterMs, loss } };
}

function sum({ costs, quality }: Figures, links: readonly LinkIndex[]): Sum | undefined {
  let [costMs, delayMs, jitterMs, arriving] = [0, 0, 0, 1];
  for (const link of links) {
    const known = quality(link);
    if (known === undefined || !Number.isFinite(costs[link]!)) return undefined;
    costMs += costs[link]!;
    delayMs += known.delayMs;
    jitterMs += known.jitterMs;
    arriving *= 1 - known.loss;
  }
  return links.length === 0 ? undefined : { costMs, delayMs, jitterMs, loss: 1 - arriving };
}
