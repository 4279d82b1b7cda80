// What is supposed comes out as the chooser itself, looking as often as the controller does, would have it.
import fc from "fast-check";
import { expect, it } from "vitest";
import { randomCosts, randomGraph } from "./choose.fixture.ts";
import { begin, choose, wayOf, type State, type View } from "./choose.ts";
import { PATIENCE } from "./defaults.ts";
import { graphFrom, type Graph } from "./graph.ts";
import type { Network, PairRule } from "./network.ts";
import { foresee, supposedView } from "./suppose.ts";

const networkOf = (graph: Graph, rules = new Map<number, PairRule>()): Network => ({
  graph,
  rules,
  isFree: (pair) => !rules.has(pair),
  reserved: new Map(),
});
const viewOf = (costs: Float64Array): View => ({
  costs,
  quality: (link) =>
    Number.isFinite(costs[link]) ? { delayMs: costs[link]!, jitterMs: 0, loss: 0 } : undefined,
  closed: new Set(),
  patience: PATIENCE,
});
const WEIGHT_MS = 1000;
const open = (): ReadonlySet<number> => new Set();

function stepped(network: Network, before: State, view: View, fromMs: number): State {
  let state = before;
  for (let atMs = fromMs; atMs <= fromMs + 240_000; atMs += 250)
    state = choose(network, state, view, atMs).state;
  return state;
}

const waysOf = (network: Network, state: State): string[] =>
  Array.from({ length: network.graph.nodes ** 2 }, (_, pair) => wayOf(network, state, pair).join());

it("settles where time itself would bring it, from any state", () => {
  fc.assert(
    fc.property(randomGraph(6), fc.integer(), fc.integer(), fc.boolean(), (graph, seed, other, isMoving) => {
      const network = networkOf(graph);
      const view = viewOf(randomCosts(graph, seed, true));
      // In its dwell, or at rest.
      const fromMs = isMoving ? 4_000 : 300_000;
      let state = begin(network);
      for (let atMs = 0; atMs < fromMs; atMs += 1_000) state = choose(network, state, view, atMs).state;
      const then = viewOf(randomCosts(graph, other, true, seed));
      const settled = foresee(network, state, then, fromMs);
      expect(settled.isSettled).toBe(true);
      expect(waysOf(network, settled.state)).toEqual(waysOf(network, stepped(network, state, then, fromMs)));
    }),
    { numRuns: 60 },
  );
});

it("leaves the state as it was, and says when and why", () => {
  // a - b, b - c, a - c: links 0, 2 and 4 lead onwards.
  const network = networkOf(graphFrom(3, Int32Array.of(0, 1, 1, 2, 0, 2)));
  const view = viewOf(Float64Array.of(10, 10, 10, 10, 15, 15));
  const before = foresee(network, begin(network), view, 0).state;
  expect(wayOf(network, before, 2)).toEqual([4]);
  const slower = supposedView(view, new Map([[4, { moreMs: 30 }]]), WEIGHT_MS, open);
  const gain = foresee(network, before, slower, 100_000);
  expect(wayOf(network, gain.state, 2)).toEqual([0, 2]);
  expect(gain.decisions.get(2)).toMatchObject({ reason: "gain", atMs: 100_000 + PATIENCE.sustainMs });
  const lossy = supposedView(view, new Map([[4, { loss: 0.02 }]]), WEIGHT_MS, open);
  expect(lossy.costs[4]).toBeCloseTo(15 + 20.2, 1);
  expect(wayOf(network, foresee(network, before, lossy, 100_000).state, 2)).toEqual([0, 2]);
  const dead = supposedView(view, new Map([[4, { isDown: true }]]), WEIGHT_MS, open);
  expect(foresee(network, before, dead, 100_000).decisions.get(2)).toMatchObject({
    reason: "failed",
    atMs: 100_000,
  });
  expect(wayOf(network, before, 2)).toEqual([4]);
  expect(view.costs[4]).toBe(15);
});

it("brings no figures to a link that has none", () => {
  const view = viewOf(Float64Array.of(10, NaN, Infinity, 10));
  const change = { moreMs: 5, loss: 0.5 };
  const links = new Map([1, 2].map((link) => [link, change]));
  const { costs, quality } = supposedView(view, links, WEIGHT_MS, open);
  expect([...costs]).toEqual([10, NaN, Infinity, 10]);
  expect(quality(1)).toBeUndefined();
});
