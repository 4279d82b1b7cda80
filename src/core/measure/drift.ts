// How much faster one clock runs than another, from delays of both directions that seem to change.
import { MOST_DRIFT } from "./flights.ts";
import { meanDeviation, sorted } from "./statistics.ts";

/** When a packet was sent, and its raw delay, both from the reference instant. */
export interface Sample {
  readonly atMs: number;
  readonly rawMs: number;
}

/** Raw delays as they would be if the receiver's clock did not run faster by this share. */
export const steadied = (samples: readonly Sample[], drift: number): Float64Array =>
  sorted(samples.map(({ atMs, rawMs }) => rawMs - drift * atMs));

/**
 * The drift of the receiver's clock of `there` against its sender's, as a share (50 ppm: 0.00005). Drift makes the raw delay
 * of one direction grow and that of the other shrink, so one slope is sought that leaves both calmest: least absolute
 * deviations (Koenker and Bassett, "Regression Quantiles", 1978), convex in the slope. What calms one direction at the cost
 * of the other is no drift but a delay that did change: then 0. After Moon, Skelly and Towsley, "Estimation and Removal of
 * Clock Skew from Network Delay Measurements", 1999, who have one direction only.
 */
export function estimateDrift(there: readonly Sample[], back: readonly Sample[]): number {
  const unrest = (drift: number): [number, number] => [
    meanDeviation(steadied(there, drift)),
    meanDeviation(steadied(back, -drift)),
  ];
  // Where several slopes are as good, the least drift; without that, rounding would decide.
  const badness = (drift: number): number => unrest(drift).reduce((x, y) => x + y, Math.abs(drift));
  let [low, high] = [-2 * MOST_DRIFT, 2 * MOST_DRIFT];
  // Each step leaves two thirds; the last interval is 0.01 ppm wide.
  for (let step = 0; step < 28; step++) {
    const third = (high - low) / 3;
    const [left, right] = [badness(low + third), badness(high - third)];
    if (left <= right) high -= third;
    if (right <= left) low += third;
  }
  const drift = (low + high) / 2;
  const [before, after] = [unrest(0), unrest(drift)];
  const calmer = [there, back].every(
    (samples, index) => after[index]! <= before[index]! + chance(samples, drift),
  );
  return calmer ? drift : 0;
}

/** How much unrest a wrong slope may seem to take away, or a right one to add, by chance: three standard errors. */
function chance(samples: readonly Sample[], drift: number): number {
  const squares = samples.reduce((total, { atMs }) => total + atMs ** 2, 0);
  return (3 * Math.abs(drift) * Math.sqrt(squares)) / Math.max(1, samples.length);
}
