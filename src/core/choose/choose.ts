// Choosing: from what was chosen and what links cost now to what is chosen next, and why.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import type { Choice } from "./choice.ts";
import { candidate, type Candidate, type Decision, type Figures, type Reason } from "./decision.ts";
import { candidatesOf } from "./explain.ts";
import { follow, settled, type Followed, type Patience, type Scene } from "./follow.ts";
import { fewestHops } from "./hops.ts";
import { limitsOf, Pairs, reducedCosts, type PairState } from "./pairs.ts";
import type { Network } from "./network.ts";
import { optimise, type Optimum } from "./trees.ts";

export const PATIENCE: Patience = { gainMs: 2, sustainMs: 3000, dwellMs: 30_000 };

/** What is known now. Kept by the state: its arrays must not be written to afterwards. */
export interface View extends Figures {
  /** Nodes that must not be transits now. */
  readonly closed: ReadonlySet<number>;
  readonly patience: Patience;
}

/** Immutable: a step makes a new one, which shares with it what is the same. */
export interface State {
  readonly choice: Choice;
  readonly followed: readonly Followed[];
  readonly pairs: ReadonlyMap<PairKey, PairState>;
  readonly optimum?: Optimum;
}

/** Nothing known yet: the fewest hops; or what somebody chose before, which stays until there is a reason. */
export function begin(network: Network, before?: Choice): State {
  const { graph } = network;
  const unknown = new Float64Array(graph.links).fill(NaN);
  const shut = closedNodes(network, new Set());
  const trees =
    before?.trees ?? Array.from({ length: graph.nodes }, (_, to) => fewestHops(graph, unknown, shut, to));
  const paths = before?.paths ?? new Map<PairKey, readonly LinkIndex[]>();
  const pairs = new Map([...paths].map(([pair, links]) => [pair, { links }]));
  const choice = before ?? { epoch: 0, trees, paths, dead: new Set() };
  return { choice, followed: trees.map(settled), pairs };
}

/** One step in time. `nowMs` is of one clock that does not step. */
export function choose(
  network: Network,
  state: State,
  view: View,
  nowMs: number,
): { readonly state: State; readonly decisions: readonly Decision[] } {
  const { graph } = network;
  const closed = closedNodes(network, view.closed);
  const optimum = optimise(graph, view.costs, closed, state.optimum);
  const { hopMs } = optimum.potentials;
  const scene: Scene = { graph, costs: view.costs, closed, hopMs, patience: view.patience, nowMs };
  const moves: Move[] = [];
  const followed = state.followed.map((before, to) => {
    const [distance, next] = [optimum.distances[to]!, optimum.next[to]!];
    const lookUp = (): Int32Array => fewestHops(graph, view.costs, closed, to);
    const step = follow(scene, to, before, { distance, next, fewestHops: lookUp });
    moves.push(...movesOf(network, to, before.tree, step.followed.tree, step.movers));
    return step.followed;
  });
  const pairs = stepPairs(network, state.pairs, scene, view.closed, optimum, moves);
  const choice = choiceOf(state.choice, followed, pairs, optimum);
  const next = { choice, followed, pairs, optimum };
  return { state: next, decisions: new Teller(network, next, view, nowMs).tell(moves) };
}

/** The best few ways of a pair now, beside the one that is taken. */
export function explain(network: Network, state: State, view: View, from: number, to: number): Candidate[] {
  const pair = from * network.graph.nodes + to;
  const closed = closedNodes(network, view.closed);
  const optimum = optimise(network.graph, view.costs, closed, state.optimum);
  return new Teller(network, { ...state, optimum }, view, 0).candidates(pair, wayOf(network, state, pair));
}

/** The links that a pair's packets take: its own way, or its destination's tree. */
export function wayOf({ graph, rules }: Network, state: State, pair: PairKey): readonly LinkIndex[] {
  const own = state.pairs.get(pair)?.links;
  if (own !== undefined) return own;
  const rule = rules.get(pair);
  if (rule?.kind === "pinned") return rule.links;
  return climb(graph.receivers, state.followed[pair % graph.nodes]!.tree, pair, graph.nodes);
}

interface Move {
  readonly pair: PairKey;
  readonly reason: Reason;
  readonly was: readonly LinkIndex[];
  readonly is: readonly LinkIndex[];
}

function closedNodes({ graph, reserved }: Network, closed: ReadonlySet<number>): Uint8Array {
  const shut = new Uint8Array(graph.nodes);
  for (const node of closed) shut[node] = 1;
  for (const node of reserved.keys()) shut[node] = 1;
  return shut;
}

function climb(receivers: Int32Array, tree: Int32Array, pair: PairKey, nodes: number): LinkIndex[] {
  const links: LinkIndex[] = [];
  let at = Math.floor(pair / nodes);
  for (; at !== pair % nodes && tree[at] !== -1; at = receivers[tree[at]!]!) links.push(tree[at]!);
  return at === pair % nodes ? links : [];
}

/** The free pairs whose way has changed, because they moved or a node further on did. */
function movesOf(
  { graph, isFree }: Network,
  to: number,
  before: Int32Array,
  now: Int32Array,
  movers: ReadonlyMap<number, Reason>,
): Move[] {
  if (movers.size === 0) return [];
  const moves: Move[] = [];
  for (let from = 0; from < graph.nodes; from++) {
    const pair = from * graph.nodes + to;
    if (from === to || !isFree(pair)) continue;
    const is = climb(graph.receivers, now, pair, graph.nodes);
    const was = climb(graph.receivers, before, pair, graph.nodes);
    if (was.join() === is.join()) continue;
    moves.push({ pair, reason: movers.get(from) ?? "along", was, is });
  }
  return moves;
}

/** Adds to `moves`. */
function stepPairs(
  network: Network,
  before: ReadonlyMap<PairKey, PairState>,
  scene: Scene,
  closed: ReadonlySet<number>,
  optimum: Optimum,
  moves: Move[],
): ReadonlyMap<PairKey, PairState> {
  if (network.rules.size === 0) return before;
  const pairs = new Map<PairKey, PairState>();
  const stepper = new Pairs(network, scene, closed, optimum.potentials);
  for (const [pair, rule] of network.rules) {
    const own = rule.kind === "pinned" ? rule.links : [];
    const was = before.get(pair);
    const { state, reason } = stepper.step(pair, rule, was);
    if (state !== undefined) pairs.set(pair, state);
    if (reason !== undefined) moves.push({ pair, reason, was: was?.links ?? own, is: state?.links ?? own });
  }
  return pairs;
}

function choiceOf(
  before: Choice,
  followed: readonly Followed[],
  pairs: ReadonlyMap<PairKey, PairState>,
  { costs }: Optimum,
): Choice {
  const sameTrees = followed.every(({ tree }, to) => tree === before.trees[to]);
  const samePaths =
    pairs.size === before.paths.size &&
    [...pairs].every(([pair, { links }]) => before.paths.get(pair)?.join() === links.join());
  const dead = new Set<LinkIndex>();
  for (let link = 0; link < costs.length; link++) if (costs[link] === Infinity) dead.add(link);
  const sameDead = dead.size === before.dead.size && [...dead].every((link) => before.dead.has(link));
  if (sameTrees && samePaths && sameDead) return before;
  return {
    epoch: before.epoch + 1,
    trees: sameTrees ? before.trees : followed.map(({ tree }) => tree),
    paths: samePaths ? before.paths : new Map([...pairs].map(([pair, { links }]) => [pair, links])),
    dead: sameDead ? before.dead : dead,
  };
}

/** Puts decisions into figures. */
class Teller {
  readonly #network: Network;
  readonly #optimum: Optimum;
  readonly #view: View;
  readonly #nowMs: number;
  #reduced?: Float64Array;

  constructor(network: Network, state: State & { readonly optimum: Optimum }, view: View, nowMs: number) {
    this.#network = network;
    this.#optimum = state.optimum;
    this.#view = view;
    this.#nowMs = nowMs;
  }

  tell(moves: readonly Move[]): Decision[] {
    const { nodes } = this.#network.graph;
    return moves.map(({ pair, reason, was, is }) => ({
      atMs: this.#nowMs,
      from: Math.floor(pair / nodes),
      to: pair % nodes,
      reason,
      was: candidate(this.#view, was, is),
      is: candidate(this.#view, is, is),
      candidates: this.candidates(pair, is),
    }));
  }

  candidates(pair: PairKey, taken: readonly LinkIndex[]): Candidate[] {
    const { graph, rules } = this.#network;
    this.#reduced ??= reducedCosts(graph, this.#view.costs, this.#optimum.potentials);
    const rule = rules.get(pair);
    const limits = limitsOf(
      this.#network,
      this.#view.closed,
      pair,
      rule?.kind === "limited" ? rule.limits : undefined,
    );
    return candidatesOf(this.#network, this.#view, this.#reduced, pair, limits, taken);
  }
}
