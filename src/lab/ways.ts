// Where links of the overlay lie in the underlay.
import type { Topology } from "../core/topology.ts";
import type { Direction } from "./lab-file.ts";

/** By link: one direction of the underlay, or two over a forwarder; one that is on a node has that node's links. */
export function underlayWays({
  tunnels,
  forwarders,
}: Pick<Topology, "tunnels" | "forwarders">): (readonly Direction[])[] {
  const places = new Map(forwarders.map(({ name, on }) => [name, on ?? name]));
  return tunnels.flatMap(({ ends: [a, b], forwarder, uplink: over }) => {
    const hops = forwarder === undefined ? [a.node, b.node] : [a.node, places.get(forwarder)!, b.node];
    return [hops, hops.toReversed()].map((each) =>
      each.slice(1).map((to, index) => ({ from: each[index]!, to, ...(over !== undefined && { over }) })),
    );
  });
}
