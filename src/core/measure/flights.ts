// Probes that came back, seen as two crossings of one tunnel, and where a clock's step divides them.
import type { Answer, SessionSamples } from "./samples.ts";

/** One packet's way along one link: both stamps, each on the clock of the machine that read it. */
export interface Crossing {
  readonly sentMs: number;
  readonly receivedMs: number;
}

export interface Flight {
  /** The node that sent the probe. */
  readonly sender: string;
  readonly sequence: number;
  readonly answer: Answer;
  readonly there: Crossing;
  readonly back: Crossing;
  /** Exact whatever the clocks: T4 - T1 - (T3 - T2). */
  readonly roundTripMs: number;
}

/**
 * How far off true a clock may run, as a share. Crystals keep 100 ppm; 500 ppm is as far as a kernel lets NTP steer them
 * (adjtimex(2); RFC 5905, MAXFREQ).
 */
export const MOST_DRIFT = 500e-6;

/** What stamps may be rounded by. */
const RESOLUTION_MS = 1e-3;

/** The answered probes in the order of sending. An answer from before its question is none. */
export const flightsOf = ({ sender, probes }: SessionSamples): Flight[] =>
  probes.flatMap(({ sentMs, answer }, sequence) => {
    if (answer === undefined) return [];
    const { receivedMs, returnedMs, backMs } = answer;
    const roundTripMs = backMs - sentMs - (returnedMs - receivedMs);
    if (!(roundTripMs >= -RESOLUTION_MS)) return [];
    const there = { sentMs, receivedMs };
    const back = { sentMs: returnedMs, receivedMs: backMs };
    return [{ sender, sequence, answer, there, back, roundTripMs: Math.max(0, roundTripMs) }];
  });

/** The crossing of the link that this end sends. */
export const crossingFrom = (flight: Flight, node: string): Crossing =>
  flight.sender === node ? flight.there : flight.back;

/**
 * Divides flights of one tunnel where one end's clock stepped: a monotonic clock does so only when its machine starts again. A flight
 * took between nothing and its round trip, so it bounds how far the clocks are apart from both sides; between two flights
 * that may change by drift alone. Where the bounds exclude each other, there was a step.
 */
export function splitAtClockSteps(flights: readonly Flight[]): Flight[][] {
  const parts: Flight[][] = [];
  const near = flights[0]?.sender ?? "";
  let [least, most, lastMs] = [-Infinity, Infinity, 0];
  for (const flight of flights) {
    const { sentMs, receivedMs } = crossingFrom(flight, near);
    const apartMs = receivedMs - sentMs;
    const driftMs = 2 * MOST_DRIFT * Math.abs(sentMs - lastMs);
    const roundTripMs = flight.roundTripMs * (1 + 2 * MOST_DRIFT) + RESOLUTION_MS;
    least = Math.max(least - driftMs, apartMs - roundTripMs);
    most = Math.min(most + driftMs, apartMs + RESOLUTION_MS);
    lastMs = sentMs;
    if (parts.length === 0 || least > most) {
      parts.push([]);
      [least, most] = [apartMs - roundTripMs, apartMs + RESOLUTION_MS];
    }
    parts.at(-1)!.push(flight);
  }
  return parts;
}
