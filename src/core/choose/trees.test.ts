import fc from "fast-check";
import { expect, it } from "vitest";
import { QUANTUM_MS } from "./cells.ts";
import { graphFrom, type Graph } from "./graph.ts";
import { optimise, type Optimum } from "./trees.ts";
import { cheapest, randomCosts, randomGraph } from "./choose.fixture.ts";

const matches = (graph: Graph, optimum: Optimum, costs: Float64Array, closed: Uint8Array): void => {
  for (let to = 0; to < graph.nodes; to++)
    for (let from = 0; from < graph.nodes; from++) {
      if (from === to) continue;
      const brute = cheapest(graph, costs, from, to, (node) => closed[node] === 0);
      expect(optimum.distances[to]![from]).toBe(brute.costMs);
      let ms = 0;
      let hops = 0;
      for (let at = from; at !== to && optimum.next[to]![at] !== -1; hops++) {
        ms += costs[optimum.next[to]![at]!]! + QUANTUM_MS;
        at = graph.receivers[optimum.next[to]![at]!]!;
        expect(hops).toBeLessThan(graph.nodes);
      }
      expect(hops === 0 ? Infinity : ms).toBe(brute.costMs);
    }
};

it("finds what trying all paths finds, whatever the clocks, and again after every change", () => {
  const histories = fc.record({ graph: randomGraph(6), seed: fc.nat(), clocks: fc.boolean() });
  fc.assert(
    fc.property(
      histories,
      fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 6 }),
      (given, steps) => {
        const { graph } = given;
        const closed = new Uint8Array(graph.nodes);
        let costs = randomCosts(graph, given.seed, given.clocks);
        let optimum = optimise(graph, costs, closed);
        matches(graph, optimum, costs, closed);
        for (const step of steps) {
          costs = costs.slice();
          for (const number of step) {
            const other = randomCosts(graph, number, given.clocks, given.seed);
            costs[number % graph.links] = other[number % graph.links]!;
          }
          optimum = optimise(graph, costs, closed, optimum);
          matches(graph, optimum, costs, closed);
        }
        const shut = Uint8Array.from(closed, (_, node) => (given.seed >> node) & 1);
        matches(graph, optimise(graph, costs, shut, optimum), costs, shut);
      },
    ),
    { numRuns: 300 },
  );
});

it("makes a hop dear enough that noise below zero goes in no circle", () => {
  const graph = graphFrom(3, Int32Array.of(0, 1, 1, 2, 0, 2));
  const costs = Float64Array.of(1, -1.5, 2, 2, 9, 9);
  const { potentials, next } = optimise(graph, costs, new Uint8Array(3));
  expect(potentials.hopMs).toBe(0.25);
  expect([...next[2]!]).toEqual([0, 2, -1]);
  expect(optimise(graph, Float64Array.of(1, -0.5, 2, 2, 9, 9), new Uint8Array(3)).potentials.hopMs).toBe(
    QUANTUM_MS,
  );
});
