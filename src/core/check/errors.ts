// Whether ICMP errors find their way: without "fragmentation needed" and "time exceeded" a source is blind.
import type { Machine } from "./machine.ts";
import type { Host } from "./prefix-map.ts";
import { lossOf, walk } from "./walk.ts";

/** Why a transit's errors do not reach a source at, or behind, its node; `undefined` when they do. */
export type ErrorLoss = (transit: Machine, source: Host, at: Machine) => string | undefined;

/** An error is the transit's own traffic: its rules do not touch it, and main says where it goes and from which address. */
export function errorLosses(nodes: number): ErrorLoss {
  // One byte for each pair and family, for the same transit serves many sources.
  const arrives = { 4: new Uint8Array(nodes * nodes), 6: new Uint8Array(nodes * nodes) };
  return (transit, source, at) => {
    const memo = at.local.has(source.prefix) ? arrives[source.family] : undefined;
    const pair = transit.index * nodes + at.index;
    if (memo?.[pair] === 1) return undefined;
    const loss = lossOf(walk(transit, source), at)?.message;
    if (memo && loss === undefined) memo[pair] = 1;
    return loss;
  };
}
