// The pairs that do not follow a tree: limited ones, and pinned ones whose own path is down.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { QUANTUM_MS, quantised } from "./cells.ts";
import type { Reason } from "./decision.ts";
import type { Scene } from "./follow.ts";
import type { Graph } from "./graph.ts";
import { UNLIMITED, waysTo, type Limits } from "./limited.ts";
import type { Network, PairRule } from "./network.ts";
import type { Potentials } from "./potentials.ts";
import type { Optimum } from "./trees.ts";

/** Immutable. A pinned pair on its own path has none. */
export interface PairState {
  /** Empty: no way. */
  readonly links: readonly LinkIndex[];
  /** Since when there is a gain, or the pinned path lives again, ms; absent: neither. */
  readonly since?: number;
  /** When it last moved, ms; absent: never. */
  readonly moved?: number;
}

export interface PairStep {
  readonly state?: PairState;
  /** Present when the way is another one now. */
  readonly reason?: Reason;
}

/** Costs by link that are never negative; unknown and dead links stay so. */
export const reducedCosts = (graph: Graph, costs: Float64Array, { ms, hopMs }: Potentials): Float64Array =>
  costs.map(
    (cost, link) => quantised(cost) + hopMs + ms[graph.senders[link]!]! - ms[graph.receivers[link]!]!,
  );

/** What a pair may use: its line's limits, without closed nodes and relays that carry other pairs only. */
const limitsOf = (
  { reserved }: Network,
  closed: ReadonlySet<number>,
  pair: PairKey,
  limits: Limits = UNLIMITED,
): Limits => ({
  ...limits,
  passes: (node) => limits.passes(node) && !closed.has(node) && (reserved.get(node)?.has(pair) ?? true),
});

/** The same for a pair by its own line. */
export function limitsFor(network: Network, closed: ReadonlySet<number>, pair: PairKey): Limits {
  const rule = network.rules.get(pair);
  return limitsOf(network, closed, pair, rule?.kind === "limited" ? rule.limits : undefined);
}

/** Whether some relay carries this pair, and not all. */
export const isCarried = ({ reserved }: Network, pair: PairKey): boolean =>
  [...reserved.values()].some((pairs) => pairs.has(pair));

/** Steps pairs at one moment. */
export class Pairs {
  readonly #network: Network;
  readonly #scene: Scene;
  readonly #closed: ReadonlySet<number>;
  readonly #optimum: Optimum;
  // Of all links, so not before somebody asks.
  #reduced?: Float64Array;
  #hops?: Float64Array;

  constructor(network: Network, scene: Scene, closed: ReadonlySet<number>, optimum: Optimum) {
    this.#network = network;
    this.#scene = scene;
    this.#closed = closed;
    this.#optimum = optimum;
  }

  step(pair: PairKey, rule: PairRule, before: PairState | undefined): PairStep {
    if (rule.kind === "limited")
      return this.#limited(pair, limitsOf(this.#network, this.#closed, pair, rule.limits), before);
    const { nowMs, patience } = this.#scene;
    const alive = this.#lives(rule.links);
    if (before === undefined && alive) return {};
    if (before !== undefined && alive) {
      const since = before.since ?? nowMs;
      if (nowMs - since >= patience.sustainMs || before.links.length === 0) return { reason: "recovered" };
      return { state: { ...before, since } };
    }
    const next = this.#backup(pair, rule, before);
    return { state: next, ...(before?.links.join() !== next.links.join() && { reason: "failed" }) };
  }

  #backup(
    pair: PairKey,
    { backup }: Extract<PairRule, { kind: "pinned" }>,
    before: PairState | undefined,
  ): PairState {
    if (backup.kind === "none") return { links: [] };
    if (backup.kind === "path") return { links: this.#lives(backup.links) ? backup.links : [] };
    const limits = limitsOf(this.#network, this.#closed, pair);
    const kept = before !== undefined && this.#lives(before.links) ? before : undefined;
    return kept === undefined ? { links: this.#best(pair, limits) } : { links: kept.links };
  }

  #limited(pair: PairKey, limits: Limits, known: PairState | undefined): PairStep {
    const { nowMs, patience, hopMs, graph } = this.#scene;
    const before = known ?? { links: this.#livingWay(pair, limits) };
    const permitted = before.links.every(
      (link, hop) => limits.allows(link) && (hop === 0 || limits.passes(graph.senders[link]!)),
    );
    if (!permitted || !this.#lives(before.links)) {
      const links = this.#best(pair, limits);
      if (links.join() === before.links.join()) return { state: before };
      const reason = before.links.length === 0 ? "recovered" : permitted ? "failed" : "limit";
      return { state: { links, moved: nowMs }, reason };
    }
    const { since: _, ...still } = before;
    if (!this.#mayGain(pair, before.links)) return { state: still };
    const links = this.#knownWay(pair, limits);
    const gainMs = this.#cost(before.links) - this.#cost(links);
    if (links.length === 0 || !(gainMs >= patience.gainMs) || hopMs > patience.gainMs)
      return { state: still };
    const since = before.since ?? nowMs;
    if (nowMs - since < patience.sustainMs || nowMs - (before.moved ?? -Infinity) < patience.dwellMs)
      return { state: { ...before, since } };
    return { state: { links, moved: nowMs }, reason: "gain" };
  }

  #lives(links: readonly LinkIndex[]): boolean {
    return links.length > 0 && links.every((link) => this.#scene.costs[link] !== Infinity);
  }

  /** Raw: of use beside another way of the same pair only. */
  #cost(links: readonly LinkIndex[]): number {
    return links.reduce((ms, link) => ms + quantised(this.#scene.costs[link]!) + QUANTUM_MS, 0);
  }

  /** The cheapest known way, else the fewest hops. */
  #best(pair: PairKey, limits: Limits): readonly LinkIndex[] {
    const known = this.#knownWay(pair, limits);
    return known.length > 0 ? known : this.#livingWay(pair, limits);
  }

  /** Not when even the best way without limits brings too little. */
  #mayGain(pair: PairKey, links: readonly LinkIndex[]): boolean {
    const { graph, hopMs, patience } = this.#scene;
    if (hopMs !== QUANTUM_MS || isCarried(this.#network, pair)) return true;
    const leastMs = this.#optimum.distances[pair % graph.nodes]![Math.floor(pair / graph.nodes)]!;
    return this.#cost(links) - leastMs >= patience.gainMs;
  }

  #knownWay(pair: PairKey, limits: Limits): readonly LinkIndex[] {
    this.#reduced ??= reducedCosts(this.#scene.graph, this.#scene.costs, this.#optimum.potentials);
    return this.#way(this.#reduced, pair, limits);
  }

  #livingWay(pair: PairKey, limits: Limits): readonly LinkIndex[] {
    this.#hops ??= this.#scene.costs.map((cost) => (cost === Infinity ? Infinity : 1));
    return this.#way(this.#hops, pair, limits);
  }

  #way(costs: Float64Array, pair: PairKey, limits: Limits): readonly LinkIndex[] {
    const { graph } = this.#scene;
    return waysTo(graph, costs, pair % graph.nodes, limits)[Math.floor(pair / graph.nodes)]!;
  }
}
