import fc from "fast-check";
import { expect, it } from "vitest";
import { oneWayDelays, type OneWayReport } from "./one-way.ts";

const NODES = 4;
const TUNNELS = [
  [0, 1],
  [1, 2],
  [0, 2],
  [2, 3],
] as const;
const LINKS = TUNNELS.flatMap(([x, y]) => [
  { from: x, to: y },
  { from: y, to: x },
]);

const links = fc.record({
  offsets: fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: NODES, maxLength: NODES }),
  delays: fc.array(fc.double({ min: 0.1, max: 300, noNaN: true }), {
    minLength: LINKS.length,
    maxLength: LINKS.length,
  }),
});

const reportsOf = (offsets: readonly number[], delays: readonly number[]): OneWayReport[] =>
  LINKS.map(({ from, to }, link) => {
    const rawMs = delays[link]! + offsets[to]! - offsets[from]!;
    return { from, to, rawMs, boundMs: rawMs };
  });

it("bounds the true delay of every link and path, whatever the clocks say", () => {
  fc.assert(
    fc.property(links, ({ offsets, delays }) => {
      const delayOf = oneWayDelays(NODES, reportsOf(offsets, delays));
      for (const path of [...LINKS.map((_, link) => [link]), [0, 2], [0, 2, 6], [7, 5]]) {
        const found = delayOf(path)!;
        const trulyMs = path.reduce((sum, link) => sum + delays[link]!, 0);
        expect(found.lowestMs).toBeLessThanOrEqual(trulyMs + 1e-6);
        expect(found.highestMs).toBeGreaterThanOrEqual(trulyMs - 1e-6);
        expect(found.guessMs).toBeGreaterThanOrEqual(found.lowestMs);
        expect(found.guessMs).toBeLessThanOrEqual(found.highestMs);
      }
    }),
  );
});

it("keeps to the round trip, and tells differences between the same two ends", () => {
  const delays = [8, 8, 7, 7, 55, 15, 1, 1];
  const delayOf = oneWayDelays(NODES, reportsOf([0, 5e5, -3e4, 12], delays));
  const [direct, relayed] = [delayOf([4])!, delayOf([0, 2])!];
  expect(direct.guessMs - relayed.guessMs).toBeCloseTo(40, 6);
  expect(direct.highestMs).toBeLessThan(70 + 6);
});

it("says nothing of a link without a report, nor without a way back", () => {
  const reports = reportsOf([0, 1, 2, 3], [1, 1, 1, 1, 1, 1, 1, 1]);
  const alone = reports.map((each, link) => (link === 6 ? each : undefined));
  expect(oneWayDelays(NODES, alone)([6])).toBeUndefined();
  expect(oneWayDelays(NODES, reports.with(0, undefined as never))([0, 2])).toBeUndefined();
});
