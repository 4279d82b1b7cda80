import fc from "fast-check";
import { expect, it } from "vitest";
import type { LinkQuality } from "../measure/cost.ts";
import { QUANTUM_MS } from "./cells.ts";
import { cheapest, generator, onClocks, randomCosts, randomGraph } from "./choose.fixture.ts";
import { begin, choose, explain, wayOf, type State, type Step, type View } from "./choose.ts";
import { PATIENCE } from "./defaults.ts";
import { graphFrom, type Graph } from "./graph.ts";
import { UNLIMITED } from "./limited.ts";
import type { Network, PairRule } from "./network.ts";

const network = (graph: Graph, rules: ReadonlyMap<number, PairRule> = new Map()): Network => ({
  graph,
  rules,
  isFree: (pair) => !rules.has(pair),
  reserved: new Map(),
});

const view = (costs: Float64Array, closed: readonly number[] = []): View => ({
  costs,
  quality: (link): LinkQuality | undefined =>
    Number.isFinite(costs[link]) ? { delayMs: costs[link]!, jitterMs: 0, loss: 0 } : undefined,
  closed: new Set(closed),
  patience: PATIENCE,
});

/** a - b, b - c, a - c: links 0, 2 and 4 lead onwards. */
const triangle = graphFrom(3, Int32Array.of(0, 1, 1, 2, 0, 2));
const AC = 2;

/** Steps once a second; the ways of a -> c and the reasons told for it. */
function play(costsBySecond: readonly (readonly number[])[], rules?: ReadonlyMap<number, PairRule>) {
  const given = network(triangle, rules);
  let state = begin(given);
  return costsBySecond.map((each, second) => {
    const step = choose(given, state, view(Float64Array.from(each)), second * 1000);
    state = step.state;
    const told = step.decisions.filter(({ from, to }) => from * 3 + to === AC);
    return `${wayOf(given, state, AC).join(" ")} ${told.map(({ reason }) => reason).join()}`.trim();
  });
}

const times = <Value>(count: number, value: Value): Value[] => Array.from({ length: count }, () => value);
const ab = (direct: number, there = 10): number[] => [there, 10, 10, 10, direct, 30];

it("waits until a gain has lasted, and does not flap for 1 ms", () => {
  expect(play(times(5, ab(30)))).toEqual(["4", "4", "4", "0 2 gain", "0 2"]);
  expect(play(Array.from({ length: 60 }, (_, second) => ab(second % 2 === 0 ? 19 : 21)))).toEqual(
    times(60, "4"),
  );
  expect(play([ab(30), ab(30), ab(21), ab(30), ab(30), ab(30), ab(30)]).at(-2)).toBe("4");
});

it("keeps its dwell for a gain, but not for a dead link, and comes back after it", () => {
  const ways = play([...times(5, ab(30)), ...times(40, ab(5))]);
  expect(ways.indexOf("4 gain")).toBe(33);
  const failed = play([...times(5, ab(30)), ab(30, Infinity), ...times(40, ab(30))]);
  expect(failed[5]).toBe("4 failed");
  expect(failed.indexOf("0 2 gain", 5)).toBe(35);
});

it("keeps a way over unknown links, takes none voluntarily, and takes one rather than none", () => {
  expect(play(times(9, ab(NaN)))).toEqual(times(9, "4"));
  expect(play(times(9, ab(90, NaN)))).toEqual(times(9, "4"));
  expect(play([ab(90, NaN), ab(Infinity, NaN)])[1]).toBe("0 2 failed");
  expect(play([ab(Infinity, Infinity), ab(Infinity)])).toEqual(["failed", "0 2 recovered"]);
});

it("keeps a pinned path while it lives, then its backup, and comes back after a while", () => {
  const pinned = (backup: Extract<PairRule, { kind: "pinned" }>["backup"]): Map<number, PairRule> =>
    new Map([[AC, { kind: "pinned", links: [4], backup }]]);
  const seconds = [ab(90), ab(Infinity), ab(Infinity, Infinity), ...times(4, ab(90))];
  const any = ["4", "0 2 failed", "failed", "4 recovered", "4", "4", "4"];
  expect(play(seconds, pinned({ kind: "any" }))).toEqual(any);
  expect(play(seconds, pinned({ kind: "path", links: [0, 2] }))).toEqual(any);
  expect(play(seconds, pinned({ kind: "none" }))[1]).toBe("failed");
  expect(play([ab(90), ab(Infinity), ...times(4, ab(90))], pinned({ kind: "any" }))).toEqual([
    "4",
    "0 2 failed",
    "0 2",
    "0 2",
    "0 2",
    "4 recovered",
  ]);
});

it("keeps to the limits of a pair", () => {
  const rule = (mostHops: number): Map<number, PairRule> =>
    new Map([[AC, { kind: "limited", limits: { ...UNLIMITED, mostHops } }]]);
  expect(play(times(5, ab(90)), rule(1))).toEqual(times(5, "4"));
  expect(play(times(5, ab(90)), rule(2))[3]).toBe("0 2 gain");
});

it("tells the candidates by what they cost more, whatever the clocks", () => {
  const given = network(triangle);
  const told = [0, 7].map((seed) => {
    const costs = Float64Array.from(ab(30));
    const seen = view(seed === 0 ? costs : onClocks(triangle, costs, seed));
    return explain(given, choose(given, begin(given), seen, 0).state, seen, 0, 2);
  });
  expect(told[0]).toEqual(told[1]);
  expect(told[0]!.map(({ links, figures }) => [links, figures?.moreCostMs])).toEqual([
    [[0, 2], -10],
    [[4], 0],
  ]);
});

interface Story {
  readonly graph: Graph;
  readonly seed: number;
}

const stories: fc.Arbitrary<Story> = fc.record({ graph: randomGraph(6), seed: fc.nat() });

/** Costs that wander, with links that come and go; every third second nothing changes. */
function* wander(
  { graph, seed }: Story,
  seconds: number,
): Generator<{ costs: Float64Array; closed: number[] }> {
  const random = generator(seed);
  let costs = randomCosts(graph, seed, false);
  for (let second = 0; second < seconds; second++) {
    costs = costs.slice();
    const other = randomCosts(graph, random(1e9), false);
    if (second % 3 !== 0)
      for (let count = random(3); count > 0; count--) {
        const link = random(graph.links);
        costs[link] = other[link]!;
      }
    yield { costs, closed: random(9) === 0 ? [random(graph.nodes)] : [] };
  }
}

/** Every third pair is limited to two hops. */
const mixed = (graph: Graph): Network =>
  network(
    graph,
    new Map(
      Array.from({ length: graph.nodes ** 2 }, (_, pair) => pair)
        .filter((pair) => pair % 3 === 1 && Math.floor(pair / graph.nodes) !== pair % graph.nodes)
        .map((pair): [number, PairRule] => [
          pair,
          { kind: "limited", limits: { ...UNLIMITED, mostHops: 2 } },
        ]),
    ),
  );

it("makes no decision otherwise for any constants added to clocks", () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, clockSeed) => {
      const given = mixed(story.graph);
      let [plain, shifted] = [begin(given), begin(given)];
      let nowMs = 0;
      for (const { costs, closed } of wander(story, 40)) {
        const one = choose(given, plain, view(costs, closed), nowMs);
        const other = choose(given, shifted, view(onClocks(story.graph, costs, clockSeed), closed), nowMs);
        [plain, shifted] = [one.state, other.state];
        nowMs += 1000;
        expect(shifted.choice).toEqual(plain.choice);
        const brief = (step: typeof one): unknown =>
          step.decisions.map(({ from, to, reason, is }) => [from, to, reason, is.links]);
        expect(brief(other)).toEqual(brief(one));
      }
    }),
    { numRuns: 150 },
  );
});

it("never makes a tree with a loop, moves nobody voluntarily in its dwell, and leaves no dead way", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { graph } = story;
      const given = network(graph);
      let state = begin(given);
      let nowMs = 0;
      for (const { costs, closed } of wander(story, 60)) {
        const before: State = state;
        const step = choose(given, state, view(costs, closed), nowMs);
        state = step.state;
        for (let to = 0; to < graph.nodes; to++)
          for (let from = 0; from < graph.nodes; from++) {
            let at = from;
            let hops = 0;
            for (; at !== to && state.choice.trees[to]![at] !== -1; hops++) {
              expect(hops).toBeLessThan(graph.nodes);
              const link = state.choice.trees[to]![at]!;
              expect(costs[link]).not.toBe(Infinity);
              at = graph.receivers[link]!;
              expect(at === to || !closed.includes(at)).toBe(true);
            }
          }
        for (const { from, to, reason, was, is } of step.decisions) {
          if (reason !== "gain") continue;
          expect(nowMs - before.followed[to]!.moved[from]!).toBeGreaterThanOrEqual(PATIENCE.dwellMs);
          expect(was.figures!.moreCostMs).toBeGreaterThan(PATIENCE.gainMs - 0.1);
          expect(is.links).not.toEqual(was.links);
        }
        nowMs += 1000;
      }
    }),
    { numRuns: 200 },
  );
});

it("comes to the best of all ways when nothing changes any more, limited pairs, too", () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, clockSeed) => {
      const { graph } = story;
      const given = mixed(graph);
      let state = begin(given);
      const known = randomCosts(graph, story.seed, false).map((cost) =>
        Number.isNaN(cost) ? Infinity : cost,
      );
      const costs = onClocks(graph, known, clockSeed);
      for (let nowMs = 0; nowMs <= 200_000; nowMs += 1000)
        state = choose(given, state, view(costs), nowMs).state;
      for (let pair = 0; pair < graph.nodes ** 2; pair++) {
        const [from, to] = [Math.floor(pair / graph.nodes), pair % graph.nodes];
        if (from === to) continue;
        const best = cheapest(graph, costs, from, to, () => true, given.rules.has(pair) ? 2 : Infinity);
        const way = wayOf(given, state, pair);
        const costMs = way.reduce((ms, link) => ms + costs[link]! + QUANTUM_MS, 0);
        if (best.links.length === 0) expect(way).toEqual([]);
        else expect(costMs - best.costMs).toBeLessThan(PATIENCE.gainMs);
      }
    }),
    { numRuns: 150 },
  );
});

/** Costs that no two ways share, which jump or creep; anything else may change, too, and now and then nothing does. */
function* unrest({ graph, seed }: Story, steps: number): Generator<{ seen: View; nowMs: number }> {
  const random = generator(seed);
  let costs = Float64Array.from({ length: graph.links }, () => random(2 ** 24) / 1024);
  let [closed, patience, nowMs] = [[0].slice(1), PATIENCE, 0];
  for (let step = 0; step < steps; step++) {
    if (random(3) > 0) costs = costs.slice();
    for (let count = random(3) === 0 ? 0 : random(4); count > 0; count--) {
      const link = random(graph.links);
      const kind = random(8);
      if (kind === 0) costs[link] = random(2) === 0 ? NaN : Infinity;
      else if (kind < 4) costs[link] = random(2 ** 24) / 1024;
      else costs[link]! += (random(2 ** 13) - 2 ** 12) / 1024;
    }
    if (random(12) === 0) closed = random(2) === 0 ? [] : [random(graph.nodes)];
    if (random(20) === 0) patience = { ...PATIENCE, sustainMs: 1000 * random(4), gainMs: 1 + random(3) };
    nowMs += [0, 250, 250.1, 1000, 7000][random(5)]!;
    yield { seen: { ...view(costs.slice(), closed), patience }, nowMs };
  }
}

it("comes by what has changed to what thinking about everything comes to, and tells what a search would", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const given = mixed(story.graph);
      let state = begin(given);
      for (const { seen, nowMs } of unrest(story, 60)) {
        const { optimum: _, patience: __, ...forgetful } = state;
        const step = choose(given, state, seen, nowMs);
        const whole = choose(given, forgetful, seen, nowMs);
        const brief = ({ state: { choice, pairs, followed } }: Step): unknown => ({
          choice,
          pairs,
          followed,
        });
        expect(brief(step)).toEqual(brief(whole));
        expect(step.decisions).toEqual(whole.decisions);
        expect(step.state.optimum!.distances).toEqual(whole.state.optimum!.distances);
        for (const { from, to, candidates } of step.decisions)
          expect(candidates).toEqual(explain(given, step.state, seen, from, to));
        ({ state } = step);
      }
    }),
    { numRuns: 150 },
  );
});
