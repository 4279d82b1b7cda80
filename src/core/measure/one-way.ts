// One-way delays as intervals, from what receivers report of links whose two ends have clocks apart.
import { MOST_DRIFT } from "./flights.ts";
import type { DelayInterval } from "./measurement.ts";
import { boundOffsets } from "./offsets.ts";

/** Of one link; its other direction stands beside it, as link `index ^ 1`. */
export interface OneWayReport {
  /** Node indices. */
  readonly from: number;
  readonly to: number;
  /** Typical raw delay, of the last few seconds. */
  readonly rawMs: number;
  /** `offset(to) - offset(from)` is not more than this. */
  readonly boundMs: number;
}

/** Reports to a controller are of the last second. */
const AGE_MS = 1_500;
/** Half of the seconds that a typical delay is of. */
const TYPICAL_MS = 2_500;

/**
 * By link; undefined: nothing is known of it. The returned function gives the interval of a path, undefined without bounds.
 * `ageMs` is the most that reports are of different times: clocks may drift meanwhile.
 */
export function oneWayDelays(
  nodes: number,
  reports: readonly (OneWayReport | undefined)[],
  ageMs = AGE_MS,
): (path: readonly number[]) => DelayInterval | undefined {
  // Of the bounds, and of a typical delay, to either side.
  const boundSlackMs = 2 * MOST_DRIFT * ageMs;
  const typicalSlackMs = 2 * MOST_DRIFT * (ageMs + TYPICAL_MS);
  const roundTripMs = (link: number): number => {
    const [there, back] = [reports[link], reports[link ^ 1]];
    return there === undefined || back === undefined ? Infinity : Math.max(0, there.rawMs + back.rawMs);
  };
  const bounds = reports.flatMap((each, link) =>
    each === undefined
      ? []
      : [
          {
            from: each.from,
            to: each.to,
            boundMs: each.boundMs + boundSlackMs,
            roundTripMs: roundTripMs(link),
          },
        ],
  );
  const { mostMs, guessMs } = boundOffsets(nodes, bounds);
  return (path) => {
    const [first] = path;
    let rawMs = 0;
    for (const link of path) rawMs += reports[link]?.rawMs ?? NaN;
    if (first === undefined || Number.isNaN(rawMs)) return undefined;
    const [from, to] = [reports[first]!.from, reports[path.at(-1)!]!.to];
    const slackMs = path.length * typicalSlackMs;
    const longestMs = path.reduce((sum, link) => sum + roundTripMs(link) * (1 + MOST_DRIFT), slackMs);
    const lowestMs = Math.max(0, rawMs - slackMs - mostMs(from, to));
    const highestMs = Math.max(lowestMs, Math.min(longestMs, rawMs + slackMs + mostMs(to, from)));
    if (!Number.isFinite(lowestMs) || !Number.isFinite(highestMs)) return undefined;
    const likelyMs = rawMs - (guessMs[to]! - guessMs[from]!);
    return { lowestMs, highestMs, guessMs: Math.min(Math.max(likelyMs, lowestMs), highestMs) };
  };
}
