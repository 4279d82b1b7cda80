// What would be chosen if some links were otherwise: the chooser itself, on figures that are supposed. Nothing of it happens.
import type { PairKey } from "../lines.ts";
import { linkCostMs } from "../measure/cost.ts";
import type { LinkIndex } from "../route.ts";
import { choose, type State, type View } from "./choose.ts";
import type { Decision } from "./decision.ts";
import type { Network } from "./network.ts";

/** Of one link; what is absent stays as it is. */
export interface SupposedLink {
  /** Than now, ms: a delay itself is known as an interval only. */
  readonly moreMs?: number;
  /** 0 to 1. */
  readonly loss?: number;
  readonly isDown?: boolean;
}

export type Supposed = ReadonlyMap<LinkIndex, SupposedLink>;

export interface Settled {
  readonly state: State;
  /** By pair the last that was decided about it: at most as many as a step tells. */
  readonly decisions: ReadonlyMap<PairKey, Decision>;
  /** False: it still moved when the patience ended, or the next look was too far away. */
  readonly isSettled: boolean;
}

/** The controller looks as often. */
const LOOK_MS = 250;
/** Patience of several moves one after the other; each look costs as much as one of the controller's. */
const LOOKS = 60;

/** The view with what is supposed. Links that are down, or give no figures, stay so: nothing would be known of them. */
export function supposedView(
  view: View,
  supposed: Supposed,
  lossWeightMs: number,
  closedOf: (costs: Float64Array) => View["closed"],
): View {
  const quality: View["quality"] = (link) => {
    const known = view.quality(link);
    const change = supposed.get(link);
    if (known === undefined || change === undefined) return known;
    return { ...known, delayMs: known.delayMs + (change.moreMs ?? 0), loss: change.loss ?? known.loss };
  };
  const costs = view.costs.slice();
  for (const [link, { isDown }] of supposed) {
    const own = quality(link);
    if (isDown === true) costs[link] = Infinity;
    else if (own !== undefined && Number.isFinite(costs[link]!)) costs[link] = linkCostMs(own, lossWeightMs);
  }
  return { ...view, costs, quality, closed: closedOf(costs) };
}

/** Chooses again and again with the same figures, as time goes on, until nobody waits for anything. */
export function foresee(network: Network, before: State, view: View, nowMs: number): Settled {
  let [state, atMs] = [before, nowMs];
  const decisions = new Map<PairKey, Decision>();
  for (let look = 0; look < LOOKS; look++) {
    const step = choose(network, state, view, atMs);
    for (const each of step.decisions) decisions.set(each.from * network.graph.nodes + each.to, each);
    const isMoved = step.state.choice !== state.choice;
    state = step.state;
    const wakeMs = isMoved ? atMs : wake(state, view);
    if (wakeMs === Infinity) return { state, decisions, isSettled: true };
    const looks = Math.ceil((wakeMs - atMs) / LOOK_MS);
    atMs += LOOK_MS * Math.max(1, looks);
  }
  return { state, decisions, isSettled: false };
}

/** When somebody may have waited long enough; Infinity: nobody waits. */
function wake({ followed, pairs }: State, { patience }: View): number {
  let wakeMs = Infinity;
  for (const each of followed) wakeMs = Math.min(wakeMs, each.wakeMs);
  for (const { since, moved } of pairs.values())
    if (since !== undefined)
      wakeMs = Math.min(
        wakeMs,
        Math.max(since + patience.sustainMs, (moved ?? -Infinity) + patience.dwellMs),
      );
  return wakeMs;
}
