// The laws of measuring: what is told holds on any clocks, whatever the network does.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measure, type Measurement } from "./measurement.ts";
import {
  randomNumbers,
  simulate,
  tunnelOf,
  type Clock,
  type Run,
  type Simulated,
  type TrueTunnel,
} from "../../../test/support/measured-network.ts";
import { sorted, typical } from "./statistics.ts";

const PROBES = 100;
const link = fc.record({
  delayMs: fc.integer({ min: 0, max: 1500 }).map((tenths) => tenths / 10),
  jitterMs: fc.constantFrom(0, 0, 0.3, 8),
  queueMs: fc.constantFrom(0, 0, 0.2, 5),
  loss: fc.constantFrom(0, 0, 0.05, 0.3),
  doubled: fc.constantFrom(0, 0, 0.02),
});
const clock = fc.record({
  offsetMs: fc.integer({ min: -5000, max: 5000 }),
  drift: fc.integer({ min: -50, max: 50 }).map((ppm) => ppm * 1e-6),
});

interface World {
  readonly tunnels: readonly TrueTunnel[];
  readonly clocks: ReadonlyMap<string, Clock>;
  readonly seed: number;
  readonly run: Run;
}

/** Two to six nodes, each pair with a tunnel or without, and probing that does not start everywhere at once. */
const worlds: fc.Arbitrary<World> = fc
  .record({
    clocks: fc.array(clock, { minLength: 2, maxLength: 6 }),
    links: fc.array(fc.tuple(link, link, fc.boolean()), { minLength: 15, maxLength: 15 }),
    seed: fc.nat(),
    intervalMs: fc.constantFrom(20, 100, 300),
  })
  .map(({ clocks, links, seed, intervalMs }) => {
    const names = clocks.map((_, index) => `n${index}`);
    const tunnels = names.flatMap((a, x) =>
      names.slice(x + 1).flatMap((b, y): TrueTunnel[] => {
        const [there, back, isThere] = links[(x * 5 + y) % links.length]!;
        return isThere || (x === 0 && y === 0) ? [{ ends: [a, b], links: [there, back] }] : [];
      }),
    );
    const byName = new Map(names.map((name, index) => [name, clocks[index]!]));
    return { tunnels, clocks: byName, seed, run: { probes: PROBES, intervalMs } };
  });

function probed({ tunnels, clocks, seed, run }: World): Simulated[] {
  const random = randomNumbers(seed);
  return tunnels.map((tunnel, index) => {
    const sender = random() < 0.5 ? 0 : 1;
    return simulate(tunnel, clocks, { ...run, sender, startMs: 300 * (index % 3) }, random);
  });
}

const measured = (world: World, simulated: readonly Simulated[]): Measurement =>
  measure(
    world.tunnels.map(tunnelOf),
    simulated.flatMap(({ sessions }) => sessions),
  );

describe("the interval of a delay", () => {
  it("contains the truth on every link, and is told of every link that answered", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const simulated = probed(world);
        const { links, loosenedMs } = measured(world, simulated);
        expect(loosenedMs).toBe(0);
        links.forEach(({ timing }, index) => {
          const truths = simulated[index >> 1]!.delaysMs[index % 2 === 0 ? 0 : 1];
          expect(timing === undefined).toBe(truths.length === 0);
          if (timing === undefined) return;
          const truth = typical(sorted(truths));
          const { lowestMs, highestMs, guessMs } = timing.delay;
          expect(truth).toBeGreaterThanOrEqual(lowestMs - 1e-6);
          expect(truth).toBeLessThanOrEqual(highestMs + 1e-6);
          expect(guessMs).toBeGreaterThanOrEqual(lowestMs - 1e-6);
          expect(guessMs).toBeLessThanOrEqual(highestMs + 1e-6);
        });
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it("is no wider than the round trip, and relays tighten it", () => {
    // a -> c takes the long way round; over b both ways are short, so a -> c cannot be shorter than it truly is by much.
    const tunnels: TrueTunnel[] = [
      { ends: ["a", "b"], links: [{ delayMs: 8 }, { delayMs: 8 }] },
      { ends: ["b", "c"], links: [{ delayMs: 7 }, { delayMs: 7 }] },
      { ends: ["a", "c"], links: [{ delayMs: 55 }, { delayMs: 15 }] },
    ];
    const clocks = new Map([
      ["a", { offsetMs: 4000, drift: 50e-6 }],
      ["b", { offsetMs: -3000, drift: -50e-6 }],
      ["c", { offsetMs: 1000, drift: 20e-6 }],
    ]);
    const world = { tunnels, clocks, seed: 1, run: { probes: 200, intervalMs: 50 } };
    const { links, path } = measured(world, probed(world));
    const [toB, , , , toC, back] = links.map(({ timing }) => timing!);
    expect(toB!.delay.highestMs - toB!.delay.lowestMs).toBeLessThan(16.2);
    expect(toC!.delay.lowestMs).toBeGreaterThan(39);
    expect(toC!.delay.highestMs).toBeLessThan(70.2);
    expect(toC!.delay.guessMs).toBeCloseTo(55, 0);
    expect(back!.delay.guessMs).toBeCloseTo(15, 0);
    expect(toC!.roundTripMs).toBeCloseTo(70, 0);
    expect(path([0, 2])!.comparableMs - path([4])!.comparableMs).toBeCloseTo(15 - 55, 0);
  });

  it("does not mind clocks that kept no time: it gets wider and stays true", () => {
    const tunnels: TrueTunnel[] = [
      { ends: ["a", "b"], links: [{ delayMs: 8 }, { delayMs: 20 }] },
      { ends: ["b", "c"], links: [{ delayMs: 7 }, { delayMs: 7 }] },
      { ends: ["a", "c"], links: [{ delayMs: 55 }, { delayMs: 15 }] },
    ];
    const clocks = new Map(["a", "b", "c"].map((name) => [name, { offsetMs: 0, drift: 0 }]));
    const stepped = new Map([...clocks, ["c", { offsetMs: 5000, drift: 0 }]]);
    const random = randomNumbers(7);
    const run = { probes: PROBES, intervalMs: 100 };
    const simulated = tunnels.map((tunnel, index) =>
      simulate(tunnel, index === 2 ? stepped : clocks, run, random),
    );
    const { links, loosenedMs } = measure(
      tunnels.map(tunnelOf),
      simulated.flatMap(({ sessions }) => sessions),
    );
    expect(loosenedMs).toBeGreaterThan(1000);
    links.forEach(({ timing }, index) => {
      const truth = tunnels[index >> 1]!.links[index % 2]!.delayMs;
      expect(timing!.delay.lowestMs).toBeLessThanOrEqual(truth);
      expect(timing!.delay.highestMs).toBeGreaterThanOrEqual(truth - 1e-6);
    });
  });
});

describe("figures", () => {
  it("are the same on any clocks: only raw delays change", () => {
    const constants = fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(worlds, constants, (world, added) => {
        const other = new Map(
          Array.from(world.clocks, ([name, { offsetMs, drift }], index) => {
            const shifted = { offsetMs: offsetMs + added[index]!, drift };
            return [name, shifted] as const;
          }),
        );
        const [one, two] = [world, { ...world, clocks: other }].map((each) => measured(each, probed(each)));
        one!.links.forEach((left, index) => {
          const right = two!.links[index]!;
          expect(right.packets).toEqual(left.packets);
          if (left.timing === undefined) return;
          const [x, y] = [left.timing, right.timing!];
          for (const key of ["lowestMs", "highestMs", "guessMs"] as const)
            expect(y.delay[key]).toBeCloseTo(x.delay[key], 4);
          expect(y.jitterMs.p95).toBeCloseTo(x.jitterMs.p95, 4);
          expect(y.roundTripMs).toBeCloseTo(x.roundTripMs, 4);
        });
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it("are of what came after, when a machine starts again in the middle", () => {
    const tunnel: TrueTunnel = { ends: ["a", "b"], links: [{ delayMs: 8 }, { delayMs: 8 }] };
    const clocks = new Map([
      ["a", { offsetMs: 4000, drift: 50e-6 }],
      ["b", { offsetMs: 9_000_000, drift: -50e-6 }],
    ]);
    const restarts = [{ before: 60, clock: { offsetMs: 30_000, drift: -50e-6 } }];
    const { sessions } = simulate(
      tunnel,
      clocks,
      { probes: 100, intervalMs: 100, restarts },
      randomNumbers(3),
    );
    const { links } = measure([tunnelOf(tunnel)], sessions);
    for (const { timing, packets } of links) {
      expect(timing!.delay.highestMs).toBeLessThan(17);
      expect(timing!.delay.guessMs).toBeCloseTo(8, 0);
      expect(timing!.jitterMs.p95).toBeLessThan(0.5);
      expect(packets.lost).toBe(0);
    }
  });
});
