// The MTU of every direction: its smallest tunnel, and the routes with an MTU of their own that it shares.
import type { Routing } from "./route.ts";
import type { Topology } from "./topology.ts";
import type { Traffic } from "./traffic.ts";

/** Bytes that pass from one node to another; undefined where there is no path. */
export type PathMtu = (from: number, to: number) => number | undefined;

/**
 * A transit forwards by its own route wherever ways agree, and the kernel holds forwarded packets to that route's MTU
 * too. The transit's own way may be narrower further on, so limits depend on limits: they sink to a fixed point.
 */
export function pathMtus(topology: Topology, routing: Routing, traffic: Traffic): PathMtu {
  const { nodes } = routing;
  const mtus = topology.tunnels.map((tunnel) => tunnel.mtu);
  const [only, ...others] = new Set(mtus);
  if (others.length === 0) return (from, to) => (routing.firstLink(from, to) === -1 ? undefined : only);

  const limits = new Float64Array(nodes * nodes).fill(Number.POSITIVE_INFINITY);
  const limitOf = (from: number, to: number): number => {
    let limit = Number.POSITIVE_INFINITY;
    routing.walk(from, to, (link) => {
      const at = routing.sender(link) * nodes + to;
      const shared = traffic.own[at] === link ? limits[at]! : Number.POSITIVE_INFINITY;
      limit = Math.min(limit, mtus[link >> 1]!, shared);
    });
    return limit;
  };
  for (let sinking = true; sinking;) {
    sinking = false;
    for (let pair = 0; pair < limits.length; pair++) {
      const limit = limitOf(Math.floor(pair / nodes), pair % nodes);
      if (limit < limits[pair]!) {
        limits[pair] = limit;
        sinking = true;
      }
    }
  }
  return (from, to) => {
    const limit = limits[from * nodes + to]!;
    return limit === Number.POSITIVE_INFINITY ? undefined : limit;
  };
}
