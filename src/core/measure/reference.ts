// One reading of every node's clock, roughly of the same instant in the middle of the measurement: where times count from.
import { crossingFrom, type Flight } from "./flights.ts";
import { quantile, sorted } from "./statistics.ts";

/** A tunnel's flights, and its two nodes. */
export interface TunnelFlights {
  readonly tunnel: string;
  readonly ends: readonly [string, string];
  /** Under one run of both clocks. */
  readonly flights: readonly Flight[];
}

/**
 * Any reading would do: what is wrong with it is a constant of the node like its clock's own. Near the middle of the
 * measurement drift counts least, and near one instant raw delays stay small.
 */
export function references(tunnels: readonly TunnelFlights[]): Map<string, number> {
  const apart = clocksApart(tunnels);
  const middles = new Map<string, number[]>();
  for (const { ends, flights } of tunnels) {
    const here = apart.get(ends[0]);
    if (here === undefined || flights.length === 0) continue;
    const times = sorted(flights.map((flight) => crossingFrom(flight, ends[0]).sentMs));
    const middleMs = quantile(times, 0.5) - here.offsetMs;
    middles.set(here.root, [...(middles.get(here.root) ?? []), middleMs]);
  }
  const middleOf = new Map(
    Array.from(middles, ([root, values]) => [root, quantile(sorted(values), 0.5)] as const),
  );
  return new Map(Array.from(apart, ([node, { root, offsetMs }]) => [node, middleOf.get(root)! + offsetMs]));
}

interface Apart {
  /** The first node of those that flights connect. */
  readonly root: string;
  /** This clock less the root's, within some round trips. */
  readonly offsetMs: number;
}

/** Offsets along a spanning tree, by NTP's formula (RFC 5905, 8): right if both directions take equally long. */
function clocksApart(tunnels: readonly TunnelFlights[]): Map<string, Apart> {
  const near = new Map<string, { node: string; offsetMs: number }[]>();
  for (const { ends, flights } of tunnels) {
    if (flights.length === 0) continue;
    const offsetMs = quantile(
      sorted(
        flights.map((flight) => {
          const [out, back] = [crossingFrom(flight, ends[0]), crossingFrom(flight, ends[1])];
          return (out.receivedMs - out.sentMs + (back.sentMs - back.receivedMs)) / 2;
        }),
      ),
      0.5,
    );
    near.set(ends[0], [...(near.get(ends[0]) ?? []), { node: ends[1], offsetMs }]);
    near.set(ends[1], [...(near.get(ends[1]) ?? []), { node: ends[0], offsetMs: -offsetMs }]);
  }
  const found = new Map<string, Apart>();
  for (const root of near.keys()) {
    if (found.has(root)) continue;
    found.set(root, { root, offsetMs: 0 });
    const queue = [root];
    for (const at of queue) {
      for (const { node, offsetMs } of near.get(at)!) {
        if (found.has(node)) continue;
        found.set(node, { root, offsetMs: found.get(at)!.offsetMs + offsetMs });
        queue.push(node);
      }
    }
  }
  return found;
}
