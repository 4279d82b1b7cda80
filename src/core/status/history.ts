// What repeated measurements say of a direction over time: its delay's ups and downs, steadied against clocks that drift.
//
// Single runs cannot be compared by their guesses of the clocks, but raw delays can: between two runs the offset of two
// clocks changes by drift alone, and drift makes one direction of a tunnel grow as the other shrinks.
import { estimateDrift, type Sample } from "../measure/drift.ts";
import { crossingFrom, flightsOf } from "../measure/flights.ts";
import { lossOf, type Measurement } from "../measure/measurement.ts";
import type { SessionSamples } from "../measure/samples.ts";
import { sorted, typical } from "../measure/statistics.ts";

/** One run, a link: when, and its typical raw delay; absent: nothing came back. */
interface LinkPoint extends Sample {
  /** Typical round trip over the tunnel. */
  readonly roundTripMs: number;
}

/** One run's figures. */
export interface Run {
  /** By `linkKey`. */
  readonly points: ReadonlyMap<string, LinkPoint>;
  /** Share of packets lost by link, 0 to 1. */
  readonly losses: ReadonlyMap<string, number>;
}

export const linkKey = (tunnel: string, from: string): string => `${tunnel} ${from}`;

/** What is kept of one run. */
export function runOf(sessions: readonly SessionSamples[], { links }: Measurement): Run {
  const points = new Map<string, LinkPoint>();
  for (const [tunnel, list] of Map.groupBy(sessions, (session) => session.tunnel)) {
    const flights = list.flatMap(flightsOf);
    if (flights.length === 0) continue;
    const roundTripMs = typical(sorted(flights.map((flight) => flight.roundTripMs)));
    for (const node of [list[0]!.sender, list[0]!.reflector]) {
      const crossings = flights.map((flight) => crossingFrom(flight, node));
      const rawMs = typical(sorted(crossings.map(({ sentMs, receivedMs }) => receivedMs - sentMs)));
      const atMs = typical(sorted(crossings.map(({ sentMs }) => sentMs)));
      points.set(linkKey(tunnel, node), { atMs, rawMs, roundTripMs });
    }
  }
  const losses = links.map((link) => [linkKey(link.tunnel, link.from), lossOf(link)] as const);
  return { points, losses: new Map(losses) };
}

/** A direction's links, each with the node at its other end. */
export interface SeriesLink {
  readonly tunnel: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Delay of a path in each run, in ms from an unknown zero; undefined where a link gave nothing. What was before a clock
 * stepped has another zero and is left out.
 */
export function seriesOf(runs: readonly Run[], path: readonly SeriesLink[]): (number | undefined)[] {
  const links = path.map((link) => linkSeries(runs, link));
  return runs.map((_, index) =>
    links.reduce<number | undefined>((sum, link) => {
      const value = link[index];
      return sum === undefined || value === undefined ? undefined : sum + value;
    }, 0),
  );
}

function linkSeries(runs: readonly Run[], { tunnel, from, to }: SeriesLink): (number | undefined)[] {
  const [out, back] = [from, to].map((node) => runs.map(({ points }) => points.get(linkKey(tunnel, node))));
  const begin = lastStep(out!);
  const known = out!.filter((point, index) => point !== undefined && index >= begin) as LinkPoint[];
  const zero = known[0]?.atMs ?? 0;
  const backKnown = back!.filter((point, index) => point !== undefined && index >= begin) as LinkPoint[];
  const backZero = backKnown[0]?.atMs ?? 0;
  const relative = (points: readonly LinkPoint[], start: number): Sample[] =>
    points.map(({ atMs, rawMs }) => ({ atMs: atMs - start, rawMs }));
  const drift = known.length < 3 ? 0 : estimateDrift(relative(known, zero), relative(backKnown, backZero));
  return out!.map((point, index) =>
    point === undefined || index < begin ? undefined : point.rawMs - drift * (point.atMs - zero),
  );
}

/** Index of the first run behind the last step: no delay changes by more than the round trip that it is a part of. */
function lastStep(points: readonly (LinkPoint | undefined)[]): number {
  let begin = 0;
  let last: LinkPoint | undefined;
  for (const [index, point] of points.entries()) {
    if (point === undefined) continue;
    const most = Math.max(point.roundTripMs, last?.roundTripMs ?? 0) + 1;
    if (last !== undefined && Math.abs(point.rawMs - last.rawMs) > most) begin = index;
    last = point;
  }
  return begin;
}
