// Choosing: from what was chosen and what links cost now to what is chosen next, and why.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { cellsOf } from "./cells.ts";
import { changedLinks, isAnyFlipped, touches } from "./changes.ts";
import type { Choice } from "./choice.ts";
import type { Candidate, Decision, Figures } from "./decision.ts";
import type { Patience } from "./defaults.ts";
import { candidatesOf } from "./explain.ts";
import { Follower, settled, type Followed, type Scene } from "./follow.ts";
import { fewestHops } from "./hops.ts";
import { climb, movesOf, type Move } from "./moves.ts";
import type { Network } from "./network.ts";
import { limitsFor, Pairs, reducedCosts, type PairState } from "./pairs.ts";
import { potentials } from "./potentials.ts";
import { Teller } from "./tell.ts";
import { optimise, type Optimum } from "./trees.ts";

/**
 * How many moves of one step are told at most; the first choice of a thousand nodes moves a million pairs. Who keeps
 * fewer of them has nothing left that a move which was not told makes untrue.
 */
export const TOLD = 10_000;

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
  /** What the step before found, and by which patience. */
  readonly optimum?: Optimum;
  readonly patience?: Patience;
}

export interface Step {
  readonly state: State;
  /** The first `TOLD` of them. */
  readonly decisions: readonly Decision[];
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
  return { choice, followed: settled(trees), pairs };
}

/**
 * One step in time. `nowMs` is of one clock that does not step. Only what a change touches is thought about, or what has
 * waited long enough; what comes out is what thinking about everything would bring.
 */
export function choose(network: Network, state: State, view: View, nowMs: number): Step {
  const { graph } = network;
  const before = state.optimum;
  const closed = closedNodes(network, view.closed);
  const changed = before === undefined ? [] : changedLinks(before.costs, view.costs);
  const optimum = optimise(graph, view.costs, closed, before, changed);
  const { hopMs } = optimum.potentials;
  const scene: Scene = { graph, costs: view.costs, closed, hopMs, patience: view.patience, nowMs };
  const isNew =
    before === undefined ||
    hopMs !== before.potentials.hopMs ||
    !isSamePatience(view.patience, state.patience) ||
    closed.some((each, node) => each !== before.closed[node]);
  const isFlipped = before === undefined || isAnyFlipped(changed, before.costs, view.costs);

  const moves: Move[] = [];
  const follower = new Follower(scene);
  const followed = state.followed.map((each, to) => {
    const distance = optimum.distances[to]!;
    const isCalm =
      !isNew &&
      nowMs < each.wakeMs &&
      distance === before.distances[to] &&
      !touches(graph, changed, isFlipped, each);
    if (isCalm) return each;
    const lookUp = (): Int32Array => fewestHops(graph, view.costs, closed, to);
    const step = follower.step(to, each, { distance, next: optimum.next[to]!, fewestHops: lookUp });
    if (moves.length < TOLD) moves.push(...movesOf(network, to, each.tree, step.followed.tree, step.movers));
    return step.followed;
  });
  const isCalm = !isNew && changed.length === 0;
  const pairs = stepPairs(network, state.pairs, scene, view.closed, optimum, isCalm, moves);
  const dead = isFlipped ? deadLinks(state.choice.dead, view.costs) : state.choice.dead;
  const choice = choiceOf(state.choice, followed, pairs, dead);
  const teller = new Teller(network, optimum, view, view.closed);
  return {
    state: { choice, followed, pairs, optimum, patience: view.patience },
    decisions: moves.slice(0, TOLD).map((move) => teller.tell(move, nowMs)),
  };
}

/** The best few ways of a pair now, beside the one that is taken. */
export function explain(network: Network, state: State, view: View, from: number, to: number): Candidate[] {
  const { graph } = network;
  const pair = from * graph.nodes + to;
  const start = state.optimum?.potentials.ms ?? new Float64Array(graph.nodes);
  const reduced = reducedCosts(graph, view.costs, potentials(cellsOf(graph, view.costs), start));
  const limits = limitsFor(network, view.closed, pair);
  return candidatesOf(network, view, reduced, pair, limits, wayOf(network, state, pair));
}

/** The links that a pair's packets take: its own way, or its destination's tree. */
export function wayOf({ graph, rules }: Network, state: State, pair: PairKey): readonly LinkIndex[] {
  const own = state.pairs.get(pair)?.links;
  if (own !== undefined) return own;
  const rule = rules.get(pair);
  if (rule?.kind === "pinned") return rule.links;
  const to = pair % graph.nodes;
  return climb(graph.receivers, state.followed[to]!.tree, Math.floor(pair / graph.nodes), to);
}

const isSamePatience = (one: Patience, other: Patience | undefined): boolean =>
  one.gainMs === other?.gainMs && one.sustainMs === other.sustainMs && one.dwellMs === other.dwellMs;

function closedNodes({ graph, reserved }: Network, closed: ReadonlySet<number>): Uint8Array {
  const shut = new Uint8Array(graph.nodes);
  for (const node of closed) shut[node] = 1;
  for (const node of reserved.keys()) shut[node] = 1;
  return shut;
}

/** Adds to `moves`. */
function stepPairs(
  network: Network,
  before: ReadonlyMap<PairKey, PairState>,
  scene: Scene,
  closed: ReadonlySet<number>,
  optimum: Optimum,
  isCalm: boolean,
  moves: Move[],
): ReadonlyMap<PairKey, PairState> {
  if (network.rules.size === 0) return before;
  if (isCalm && ![...before.values()].some(({ since }) => since !== undefined)) return before;
  const pairs = new Map<PairKey, PairState>();
  const stepper = new Pairs(network, scene, closed, optimum);
  for (const [pair, rule] of network.rules) {
    const own = rule.kind === "pinned" ? rule.links : [];
    const was = before.get(pair);
    const { state, reason } = stepper.step(pair, rule, was);
    if (state !== undefined) pairs.set(pair, state);
    if (reason !== undefined) moves.push({ pair, reason, was: was?.links ?? own, is: state?.links ?? own });
  }
  return pairs;
}

function deadLinks(before: ReadonlySet<LinkIndex>, costs: Float64Array): ReadonlySet<LinkIndex> {
  const dead = new Set<LinkIndex>();
  for (let link = 0; link < costs.length; link++) if (costs[link] === Infinity) dead.add(link);
  return dead.size === before.size && [...dead].every((link) => before.has(link)) ? before : dead;
}

function choiceOf(
  before: Choice,
  followed: readonly Followed[],
  pairs: ReadonlyMap<PairKey, PairState>,
  dead: ReadonlySet<LinkIndex>,
): Choice {
  const sameTrees = followed.every(({ tree }, to) => tree === before.trees[to]);
  const samePaths =
    pairs.size === before.paths.size &&
    [...pairs].every(([pair, { links }]) => before.paths.get(pair)?.join() === links.join());
  if (sameTrees && samePaths && dead === before.dead) return before;
  return {
    epoch: before.epoch + 1,
    trees: sameTrees ? before.trees : followed.map(({ tree }) => tree),
    paths: samePaths ? before.paths : new Map([...pairs].map(([pair, { links }]) => [pair, links])),
    dead,
  };
}
