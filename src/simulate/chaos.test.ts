// Chaos among a dozen nodes, by seeds: 20 here, as many as TOFRO_SEEDS says in `npm run test:long`. Among 200: chaos-even, chaos-odd.
import { describe, expect, it } from "vitest";
import { chaos, type ChaosOptions } from "./chaos.fixture.ts";

const SEEDS = Number(process.env["TOFRO_SEEDS"] ?? 20);
const WILD: ChaosOptions = {
  nodes: 12,
  lines: 3,
  calmMs: 10_000,
  wildMs: 30_000,
  afterMs: 150_000,
  everyMs: 1_000,
  pairs: 30,
};
const seeds = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

describe("chaos", () => {
  it.each(seeds(1, SEEDS))("leads no packet in a circle, and settles when it is over (seed %i)", (seed) => {
    const { loops, unsettled, epochs, packets } = chaos(seed, WILD);
    expect({ loops, unsettled, epochs }).toEqual({ loops: 0, unsettled: [], epochs: 1 });
    expect(packets).toBeGreaterThan(1_000);
  });

  it("is over within 300 ms in 95 of 100 links that die alone and silently", () => {
    const gentle: ChaosOptions = { ...WILD, wildMs: 100_000, everyMs: 8_000, pairs: 60, isGentle: true };
    const reports = seeds(1, Math.max(4, SEEDS / 10)).flatMap((seed) => [
      chaos(seed, { ...gentle, nodes: 6 }),
      chaos(seed, gentle),
    ]);
    const outages = reports.flatMap((each) => each.outages).sort((x, y) => x - y);
    expect(reports.reduce((sum, { loops }) => sum + loops, 0)).toBe(0);
    expect(outages.length).toBeGreaterThan(50);
    expect(outages[Math.floor(0.95 * outages.length)]).toBeLessThan(300);
    // Where no neighbour has a way around it, the controller is asked, perhaps more than once.
    expect(outages.at(-1)).toBeLessThan(5_000);
  });
});
