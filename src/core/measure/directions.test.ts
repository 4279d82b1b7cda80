// The best path is the truly best one, whatever the clocks say.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../parse.ts";
import { compile, type Plan } from "../plan.ts";
import type { LinkIndex } from "../route.ts";
import { linkCostMs } from "./cost.ts";
import { directionFigures, type DirectionFigures } from "./directions.ts";
import { measure, type Measurement } from "./measurement.ts";
import {
  randomNumbers,
  simulate,
  type Clock,
  type TrueLink,
} from "../../../test/support/measured-network.ts";
import { sorted, typical } from "./statistics.ts";

interface World {
  readonly plan: Plan;
  /** By link index. */
  readonly links: readonly TrueLink[];
  readonly clocks: ReadonlyMap<string, Clock>;
  readonly seed: number;
}

const planOf = (nodes: readonly string[], paths: readonly string[]): Plan => {
  const named = nodes.map((name, index) => `  ${name}: { endpoint: 198.51.100.${index + 1} }`);
  const lines = paths.map((path) => `  - ${path}`);
  const text = ["overlay: 10.77.0.0/24", "nodes:", ...named, "paths:", ...lines, ""].join("\n");
  const { spec, diagnostics } = parse(text, "tofro.yaml");
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return compile(spec!);
};

const link = fc.record({
  delayMs: fc.integer({ min: 1, max: 1500 }).map((tenths) => tenths / 10),
  jitterMs: fc.constantFrom(0, 0, 4),
  loss: fc.constantFrom(0, 0, 0.1),
});
const clock = fc.record({
  offsetMs: fc.integer({ min: -5000, max: 5000 }),
  drift: fc.integer({ min: -50, max: 50 }).map((ppm) => ppm * 1e-6),
});
const LIMITS = [
  "a => b",
  "{ path: a => b, max_hops: 2 }",
  "{ path: a => b, avoid: c }",
  "{ path: a => b, via: c }",
];

const worlds: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.integer({ min: 2, max: 6 }),
    limit: fc.constantFrom(...LIMITS),
    links: fc.array(link, { minLength: 30, maxLength: 30 }),
    clocks: fc.array(clock, { minLength: 6, maxLength: 6 }),
    seed: fc.nat(),
  })
  .map(({ nodes, limit, links, clocks, seed }) => {
    const names = ["a", "b", "c", "d", "e", "f"].slice(0, Math.max(nodes, limit.includes("c") ? 3 : 2));
    return {
      plan: planOf(names, ["all <=> all", limit]),
      links,
      clocks: new Map(names.map((name, index) => [name, clocks[index]!])),
      seed,
    };
  });

/** What is measured, and the true typical delay of every link in the same seconds. */
function measured({ plan, links, clocks, seed }: World): { measurement: Measurement; truthMs: number[] } {
  const random = randomNumbers(seed);
  const simulated = plan.topology.tunnels.map(({ ends: [a, b] }, index) =>
    simulate(
      { ends: [a.node, b.node], links: [links[2 * index]!, links[2 * index + 1]!] },
      clocks,
      { probes: 60, intervalMs: 100 },
      random,
    ),
  );
  return {
    measurement: measure(
      plan.topology.tunnels,
      simulated.flatMap(({ sessions }) => sessions),
    ),
    truthMs: simulated.flatMap(({ delaysMs }) => delaysMs.map((each) => typical(sorted(each)))),
  };
}

/** Every simple path, by depth-first search. */
function* simplePaths(
  plan: Plan,
  from: number,
  to: number,
  seen: readonly number[] = [],
): Generator<LinkIndex[]> {
  if (from === to) return yield [];
  const { links, sender } = plan.routing;
  for (let each = 0; each < links; each++) {
    const next = sender(each ^ 1);
    if (sender(each) !== from || seen.includes(next)) continue;
    for (const rest of simplePaths(plan, next, to, [...seen, from])) yield [each, ...rest];
  }
}

const pairs = (plan: Plan): number[] => {
  const { nodes } = plan.routing;
  return Array.from({ length: nodes * nodes }, (_, key) => key).filter((key) => key % (nodes + 1) !== 0);
};

const linksOf = (plan: Plan, { path, tunnels }: { path: readonly string[]; tunnels: readonly string[] }) =>
  tunnels.map((id, hop) => {
    const tunnel = plan.topology.tunnels.findIndex((each) => each.id === id);
    return 2 * tunnel + plan.topology.tunnels[tunnel]!.ends.findIndex(({ node }) => node === path[hop]);
  });

describe("the best path", () => {
  it("is what brute force finds on the true delays, within the line's limits", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const { plan } = world;
        const { measurement, truthMs } = measured(world);
        const trueCost = (path: readonly LinkIndex[]): number =>
          path.reduce((sum, each) => {
            const { jitterMs, loss } = measurement.path([each])!;
            return sum + linkCostMs({ delayMs: truthMs[each]!, jitterMs, loss });
          }, 0);
        for (const { from, to, best, gain, planned } of directionFigures(plan, measurement, pairs(plan))) {
          const [source, target] = [from, to].map((name) =>
            plan.topology.nodes.findIndex((node) => node.name === name),
          );
          const line = plan.routing.lines.get(source! * plan.routing.nodes + target!)!;
          const limits = line.kind === "measured" ? line : undefined;
          const allowed = [...simplePaths(plan, source!, target!)].filter(
            (path) =>
              path.length <= (limits?.maxHops ?? Infinity) &&
              path.slice(1).every((each) => {
                const name = plan.topology.nodes[plan.routing.sender(each)]!.name;
                return !limits?.avoid.includes(name) && (limits?.via?.includes(name) ?? true);
              }),
          );
          const cheapest = Math.min(...allowed.map(trueCost));
          // Drift over six seconds is all that may be wrong.
          expect(allowed).toContainEqual(linksOf(plan, best!));
          expect(trueCost(linksOf(plan, best!))).toBeLessThan(cheapest + 0.2);
          if (gain === undefined) continue;
          const truth = trueCost(linksOf(plan, planned!)) - trueCost(linksOf(plan, best!));
          expect(Math.abs(gain.costMs - truth)).toBeLessThan(0.3);
        }
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it("is the same on any clocks", () => {
    const constants = fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 6, maxLength: 6 });
    const decisions = (world: World): unknown =>
      directionFigures(world.plan, measured(world).measurement, pairs(world.plan)).map(
        ({ best, gain }: DirectionFigures) => [best?.tunnels, gain?.worthwhile],
      );
    fc.assert(
      fc.property(worlds, constants, (world, added) => {
        const clocks = new Map(
          Array.from(world.clocks, ([name, { offsetMs, drift }], index) => [
            name,
            { offsetMs: offsetMs + added[index]!, drift },
          ]),
        );
        expect(decisions({ ...world, clocks })).toEqual(decisions(world));
      }),
      { numRuns: 100, endOnFailure: true },
    );
  });
});

describe("a fast link", () => {
  const clocks = new Map(["a", "b", "c"].map((name, index) => [name, { offsetMs: index * 1000, drift: 0 }]));
  const plan = planOf(["a", "b", "c"], ["a -> c", "c -> a", "a <-> b", "b <-> c"]);
  const best = (direct: TrueLink): DirectionFigures => {
    const by = (from: string, to: string): TrueLink =>
      from === "a" && to === "c" ? direct : { delayMs: from === "c" && to === "a" ? 40 : 20 };
    const links = plan.topology.tunnels.flatMap(({ ends: [x, y] }) => [
      by(x.node, y.node),
      by(y.node, x.node),
    ]);
    const { measurement } = measured({ plan, links, clocks, seed: 5 });
    return directionFigures(plan, measurement, [2])[0]!;
  };

  it("is best when it is clean", () => {
    expect(best({ delayMs: 20 })).toMatchObject({ from: "a", to: "c", best: { path: ["a", "c"] } });
    expect(best({ delayMs: 20 }).gain).toBeUndefined();
  });

  it("loses to a clean slower path when it loses packets, or jumps", () => {
    const lossy = best({ delayMs: 20, loss: 0.1 });
    expect(lossy.best!.path).toEqual(["a", "b", "c"]);
    expect(lossy.gain!.worthwhile).toBe(true);
    expect(lossy.gain!.delayMs).toBeCloseTo(-20, 0);
    expect(lossy.gain!.loss).toBeGreaterThan(0.04);
    expect(best({ delayMs: 30, jitterMs: 25 }).best!.path).toEqual(["a", "b", "c"]);
  });

  it("that gave nothing is on no path, and the plan that wants it has no figures", () => {
    const dead = best({ delayMs: 20, loss: 1 });
    expect(dead).toMatchObject({ planned: { path: ["a", "c"] }, best: { path: ["a", "b", "c"] } });
    expect(dead.planned!.figures).toBeUndefined();
    expect(dead.gain).toBeUndefined();
  });
});
