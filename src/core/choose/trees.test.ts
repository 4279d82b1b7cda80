import fc from "fast-check";
import { expect, it } from "vitest";
import { cellsOf, QUANTUM_MS } from "./cells.ts";
import { graphFrom, type Graph } from "./graph.ts";
import { fewestHops } from "./hops.ts";
import { optimise, type Optimum } from "./trees.ts";
import { cheapest, generator, onClocks, randomCosts, randomGraph } from "./choose.fixture.ts";

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

/** Floyd's algorithm: for each node as a transit every two others. */
function plainDistances(graph: Graph, costs: Float64Array, closed: Uint8Array): Float64Array[] {
  const { costs: rows } = cellsOf(graph, costs);
  const ms = rows.map((row) => row.map((cost) => cost + QUANTUM_MS));
  ms.forEach((row, node) => (row[node] = 0));
  for (let over = 0; over < graph.nodes; over++) {
    if (closed[over] === 1) continue;
    for (const row of ms)
      for (let from = 0; from < graph.nodes; from++)
        row[from] = Math.min(row[from]!, row[over]! + ms[over]![from]!);
  }
  return ms;
}

it("leaves nothing out in networks large enough for shortcuts", () => {
  const networks = fc.record({
    graph: randomGraph(60),
    seed: fc.nat(),
    scale: fc.constantFrom(1, 1e3, 1e9),
  });
  fc.assert(
    fc.property(networks, ({ graph, seed, scale }) => {
      const closed = Uint8Array.from({ length: graph.nodes }, (_, node) =>
        Number((seed >> (node % 20)) % 7 === 0),
      );
      const scaled = randomCosts(graph, seed, false).map((cost) => cost * scale);
      const costs = scale < 1e6 ? onClocks(graph, scaled, seed) : scaled;
      const { distances, next } = optimise(graph, costs, closed);
      expect(distances).toEqual(plainDistances(graph, costs, closed));
      for (let to = 0; to < graph.nodes; to++)
        next[to]!.forEach((link, from) => {
          if (link === -1) expect([0, Infinity]).toContain(distances[to]![from]);
          else
            expect(distances[to]![graph.receivers[link]!]! + costs[link]! + QUANTUM_MS).toBe(
              distances[to]![from],
            );
        });
    }),
    { numRuns: 60 },
  );
});

/** Breadth first, then for each node the first of its links that leads nearer. */
function plainHops(graph: Graph, costs: Float64Array, closed: Uint8Array, to: number): number[] {
  const hops = Array.from({ length: graph.nodes }, (_, node) => (node === to ? 0 : Infinity));
  const links = Array.from({ length: graph.nodes }, (_, node) => [
    ...graph.leaving.subarray(graph.leavingAt[node], graph.leavingAt[node + 1]),
  ]);
  const leads = (link: number): boolean => {
    const after = graph.receivers[link]!;
    return costs[link] !== Infinity && (after === to || closed[after] === 0);
  };
  const after = (link: number): number => (leads(link) ? hops[graph.receivers[link]!]! : Infinity);
  for (let round = 1; round < graph.nodes; round++)
    links.forEach((own, node) => {
      hops[node] = Math.min(hops[node]!, ...own.map((link) => after(link) + 1));
    });
  return hops.map((count, node) =>
    count === 0 || count === Infinity ? -1 : links[node]!.find((link) => after(link) === count - 1)!,
  );
}

it("finds the fewest hops, and of several links the preferred one", () => {
  fc.assert(
    fc.property(randomGraph(9), fc.nat(), fc.nat(3), ({ nodes, senders }, seed, sparse) => {
      const graph = graphFrom(nodes, senders, (link) => (link * 7919 + seed) % 101);
      const random = generator(seed);
      const costs = Float64Array.from(senders, () => (random(4) < sparse ? Infinity : 1));
      const closed = Uint8Array.from({ length: nodes }, () => Number(random(4) === 0));
      for (let to = 0; to < nodes; to++)
        expect([...fewestHops(graph, costs, closed, to)]).toEqual(plainHops(graph, costs, closed, to));
    }),
    { numRuns: 300 },
  );
});
