// Random small networks for tests of the choosing, and the best path by trying all of them.
import fc from "fast-check";
import { QUANTUM_MS, quantised } from "./cells.ts";
import { graphFrom, type Graph } from "./graph.ts";

/** 2 to `most` nodes; some pairs have no tunnel, some have two. */
export const randomGraph = (most: number): fc.Arbitrary<Graph> =>
  fc
    .record({
      nodes: fc.integer({ min: 2, max: most }),
      counts: fc.array(fc.constantFrom(0, 1, 1, 1, 2), { minLength: 66, maxLength: 66 }),
    })
    .map(({ nodes, counts }) => {
      const senders: number[] = [0, 1];
      let pair = 0;
      for (let x = 0; x < nodes; x++)
        for (let y = x + 1; y < nodes; y++)
          for (let count = counts[pair++ % counts.length]!; count > 0; count--) senders.push(x, y);
      return graphFrom(nodes, Int32Array.from(senders));
    });

/** Whole numbers below a limit, reproducible from a seed (xorshift, George Marsaglia). */
export function generator(seed: number): (below: number) => number {
  let state = (seed ^ 0x9e3779b9) | 1;
  for (let warm = 0; warm < 8; warm++) step();
  function step(): void {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return (below) => {
    step();
    return (state >>> 0) % below;
  };
}

/** Positive costs, some links down and some unknown; with clocks apart by up to days, the same for one `clockSeed`. */
export function randomCosts(graph: Graph, seed: number, clocks: boolean, clockSeed = seed): Float64Array {
  const random = generator(seed);
  const costs = Float64Array.from({ length: graph.links }, () => {
    const kind = random(12);
    return kind === 0 ? Infinity : kind === 1 ? NaN : quantised(1 + random(100_000) / 1000);
  });
  return clocks ? onClocks(graph, costs, clockSeed) : costs;
}

/** The same costs as clocks see them that are apart by up to days. */
export function onClocks(graph: Graph, costs: Float64Array, seed: number): Float64Array {
  const random = generator(seed);
  const offsets = Float64Array.from({ length: graph.nodes }, () =>
    quantised((random(2 ** 31) - 2 ** 30) / 7),
  );
  return costs.map((cost, link) => cost + offsets[graph.receivers[link]!]! - offsets[graph.senders[link]!]!);
}

/** The cheapest of all paths without circles, a hop costing a quantum; Infinity: there is none. */
export function cheapest(
  graph: Graph,
  costs: Float64Array,
  from: number,
  to: number,
  passes: (node: number) => boolean,
  mostHops = Infinity,
): { readonly costMs: number; readonly links: readonly number[] } {
  let best: { costMs: number; links: readonly number[] } = { costMs: Infinity, links: [] };
  const walk = (at: number, costMs: number, links: readonly number[], seen: ReadonlySet<number>): void => {
    if (at === to) {
      if (costMs < best.costMs) best = { costMs, links };
      return;
    }
    if (links.length >= mostHops || (at !== from && !passes(at))) return;
    for (let link = 0; link < graph.links; link++) {
      const next = graph.receivers[link]!;
      if (graph.senders[link] !== at || seen.has(next) || !(costs[link]! < Infinity)) continue;
      walk(next, costMs + costs[link]! + QUANTUM_MS, [...links, link], new Set([...seen, next]));
    }
  };
  walk(from, 0, [], new Set([from]));
  return best;
}
