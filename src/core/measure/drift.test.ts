// Drift is taken out of what it would falsify, and not where a delay did change.
import { expect, it } from "vitest";
import { randomNumbers } from "../../../test/support/measured-network.ts";
import { estimateDrift, steadied, type Sample } from "./drift.ts";
import { quantile } from "./statistics.ts";

const PPM = 1e-6;
const random = randomNumbers(11);

/** 600 probes of 10 a second around the reference. */
const samples = (rawMs: (atMs: number) => number): Sample[] =>
  Array.from({ length: 600 }, (_, index) => {
    const atMs = (index - 300) * 100;
    return { atMs, rawMs: rawMs(atMs) };
  });
const spread = (each: readonly Sample[], drift: number): number => {
  const raw = steadied(each, drift);
  return quantile(raw, 0.95) - quantile(raw, 0.05);
};

it.each([
  ["on quiet links", 0.2, 0.2],
  ["with jitter on the way there", 8, 0.2],
  ["with jitter on the way back", 0.2, 8],
])("finds 100 ppm of a minute %s", (_, jitterThere, jitterBack) => {
  const there = samples((atMs) => 4000 + 30 + jitterThere * random() + 100 * PPM * atMs);
  const back = samples((atMs) => -4000 + 10 + jitterBack * random() - 100 * PPM * atMs);
  const drift = estimateDrift(there, back);
  expect(drift / PPM).toBeCloseTo(100, -1);
  // Six milliseconds of drift would look like jitter.
  const quiet = jitterThere < jitterBack ? there : back;
  expect(spread(quiet, 0)).toBeGreaterThan(5);
  expect(spread(quiet, quiet === there ? drift : -drift)).toBeLessThan(0.6);
});

it("finds none where a delay grows in one direction only", () => {
  const still = samples(() => 10 + 0.2 * random());
  expect(
    estimateDrift(
      samples((atMs) => (atMs < 0 ? 30 : 50) + random()),
      still,
    ),
  ).toBe(0);
  expect(
    estimateDrift(
      still,
      samples((atMs) => (atMs < 0 ? 30 : 50) + random()),
    ),
  ).toBe(0);
  expect(
    Math.abs(
      estimateDrift(
        samples((atMs) => 30 + atMs / 2000 + random()),
        still,
      ),
    ) / PPM,
  ).toBeLessThan(5);
});
