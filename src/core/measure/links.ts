// What the samples say of each link before anything is known of how far the clocks are apart.
import { estimateDrift, steadied, type Sample } from "./drift.ts";
import { crossingFrom, MOST_DRIFT } from "./flights.ts";
import { references, type TunnelFlights } from "./reference.ts";
import { quantile, sorted, typical } from "./statistics.ts";

/**
 * One direction of a tunnel. Raw delays are `delay + offset(to) - offset(from)`: of clocks apart, often negative, and good
 * for sums and differences between the same two ends only.
 */
export interface RawLink {
  readonly tunnel: string;
  readonly from: string;
  readonly to: string;
  /** How many packets these figures are of. */
  readonly samples: number;
  /** Typical raw delay. */
  readonly rawMs: number;
  /** What `rawMs` could be, whatever the clocks' drift was. */
  readonly rawRangeMs: readonly [number, number];
  /** `offset(to) - offset(from)` is not more than this, because no packet arrives before it is sent. */
  readonly boundMs: number;
  /** Delay beyond the smallest (packet delay variation of RFC 5481, 4.2), median and p95. */
  readonly jitterMs: { readonly p50: number; readonly p95: number };
  /** Typical round trip over this tunnel. */
  readonly roundTripMs: number;
}

/** Both links of every tunnel that has flights, the ends in their order. */
export function rawLinks(tunnels: readonly TunnelFlights[]): RawLink[] {
  const reference = references(tunnels);
  return tunnels.flatMap((tunnel) => {
    const { ends, flights } = tunnel;
    if (flights.length === 0) return [];
    const samples = (from: string, to: string): Sample[] =>
      flights.map((flight) => {
        const { sentMs, receivedMs } = crossingFrom(flight, from);
        const atMs = sentMs - reference.get(from)!;
        return { atMs, rawMs: receivedMs - reference.get(to)! - atMs };
      });
    const [there, back] = [samples(ends[0], ends[1]), samples(ends[1], ends[0])];
    const drift = estimateDrift(there, back);
    const roundTripMs = typical(sorted(flights.map((flight) => flight.roundTripMs)));
    return [
      { tunnel: tunnel.tunnel, from: ends[0], to: ends[1], ...figures(there, drift), roundTripMs },
      { tunnel: tunnel.tunnel, from: ends[1], to: ends[0], ...figures(back, -drift), roundTripMs },
    ];
  });
}

function figures(samples: readonly Sample[], drift: number) {
  const raw = steadied(samples, drift);
  const [least, p50, p95] = [0, 0.5, 0.95].map((p) => quantile(raw, p));
  return {
    samples: samples.length,
    rawMs: typical(raw),
    rawRangeMs: rangeOverDrift(samples),
    boundMs: samples.reduce((bound, sample) => Math.min(bound, boundOf(sample)), Infinity),
    jitterMs: { p50: p50! - least!, p95: p95! - least! },
  };
}

/**
 * With `x`, `y` the two stamps from the reference and `p`, `q` the drifts of their clocks, the delay is
 * `(y - x) - q y + p x - (offset(to) - offset(from))`, and not below 0. The packets near the reference bound best.
 */
const boundOf = ({ atMs, rawMs }: Sample): number =>
  rawMs + MOST_DRIFT * (Math.abs(atMs) + Math.abs(atMs + rawMs));

const STEPS = 40;

/** The typical raw delay under every drift of the two clocks: `y - x - (q - p) x - q (y - x)`. */
function rangeOverDrift(samples: readonly Sample[]): [number, number] {
  const values = Array.from({ length: STEPS + 1 }, (_, step) =>
    typical(steadied(samples, 2 * MOST_DRIFT * ((2 * step) / STEPS - 1))),
  );
  const largest = (of: (sample: Sample) => number): number =>
    samples.reduce((most, sample) => Math.max(most, Math.abs(of(sample))), 0);
  // Between two steps the value moves no more than the sample that moves most.
  const between = ((2 * MOST_DRIFT) / STEPS) * largest(({ atMs }) => atMs);
  const slack = between + MOST_DRIFT * largest(({ rawMs }) => rawMs);
  return [Math.min(...values) - slack, Math.max(...values) + slack];
}
