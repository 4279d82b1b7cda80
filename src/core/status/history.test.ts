import { describe, expect, it } from "vitest";
import { linkKey, seriesOf, type Run } from "./history.ts";

const LINK = { tunnel: "a - b", from: "a", to: "b" };
const EVERY_MS = 5000;

/** Runs of one tunnel: delays there and back, clocks that are apart and drift. */
function runs(
  there: readonly (number | null)[],
  back: number,
  { offsetMs = 0, drift = 0, stepAt = Infinity } = {},
): Run[] {
  return there.map((delayMs, index) => {
    if (delayMs === null) return { points: new Map(), losses: new Map() };
    const atMs = 1e6 + index * EVERY_MS;
    const apartMs = offsetMs + drift * index * EVERY_MS + (index >= stepAt ? 1e5 : 0);
    const roundTripMs = delayMs + back;
    return {
      points: new Map([
        [linkKey("a - b", "a"), { atMs, rawMs: delayMs + apartMs, roundTripMs }],
        [linkKey("a - b", "b"), { atMs: atMs + apartMs, rawMs: back - apartMs, roundTripMs }],
      ]),
      losses: new Map(),
    };
  });
}

const differences = (series: readonly (number | undefined)[]): (number | undefined)[] => {
  const first = series.find((value) => value !== undefined)!;
  return series.map((value) => (value === undefined ? undefined : Math.round(value - first) + 0));
};

describe("a direction's history", () => {
  it("shows a step as it is, on clocks five seconds apart", () => {
    const series = seriesOf(runs([10, 10, 10, 40, 40], 12, { offsetMs: -5000 }), [LINK]);
    expect(differences(series)).toEqual([0, 0, 0, 30, 30]);
  });

  it("is level where only the clocks drift", () => {
    const series = seriesOf(
      runs(
        Array.from({ length: 24 }, () => 10),
        12,
        { offsetMs: 3000, drift: 100e-6 },
      ),
      [LINK],
    );
    expect(differences(series)).toEqual(Array.from({ length: 24 }, () => 0));
  });

  it("has a gap where nothing came, and begins anew where a clock stepped", () => {
    expect(differences(seriesOf(runs([10, null, 12], 12), [LINK]))).toEqual([0, undefined, 2]);
    const stepped = seriesOf(runs([10, 10, 15, 15], 12, { stepAt: 2 }), [LINK]);
    expect(differences(stepped)).toEqual([undefined, undefined, 0, 0]);
  });
});
