// The plan beside what was seen: where packets first do something else.
import type { Seen } from "./seen.ts";

export interface PlannedPath {
  /** Node names, both ends included. */
  readonly path: readonly string[];
  /** Tunnel ids, one a hop. */
  readonly tunnels: readonly string[];
}

export interface Deviation {
  /** Which hop of the plan, from 0. */
  readonly hop: number;
  readonly node: string;
  /** By which packets leave; absent: only the next node is known to be another. */
  readonly interface?: string;
}

/** The first hop that is not the plan's; undefined when all that is known of them agrees. */
export function deviationOf(
  { path, tunnels }: PlannedPath,
  { hops }: Pick<Seen, "hops">,
): Deviation | undefined {
  for (const [index, hop] of hops.entries()) {
    if (hop.node !== path[index])
      return { hop: Math.max(index - 1, 0), node: hops[index - 1]?.node ?? hop.node };
    const leaves = hop.interface !== undefined || hop.tunnel !== undefined;
    if (!leaves || hop.tunnel === tunnels[index]) continue;
    return {
      hop: index,
      node: hop.node,
      ...(hop.interface === undefined ? {} : { interface: hop.interface }),
    };
  }
  return undefined;
}

/** Whether every hop of the plan, with its tunnel, was seen. */
export const isWhole = ({ path, tunnels }: PlannedPath, { hops }: Pick<Seen, "hops">): boolean =>
  hops.length === path.length && tunnels.every((tunnel, index) => hops[index]?.tunnel === tunnel);
