// Which tunnel an interface of a node is one end of, and where the other end is.
import type { Plan } from "../plan.ts";

export interface TunnelSide {
  readonly tunnel: string;
  readonly node: string;
  readonly interface: string;
  readonly peer: { readonly node: string; readonly interface: string };
}

export interface Wiring {
  /** Undefined: the plan has no tunnel there. */
  readonly at: (node: string, name: string) => TunnelSide | undefined;
  /** The tunnels that join two nodes, from the first's side. */
  readonly between: (node: string, peer: string) => readonly TunnelSide[];
}

export function wiringOf(plan: Plan): Wiring {
  const sides = plan.topology.tunnels.flatMap(({ id: tunnel, ends: [one, other] }) => [
    { tunnel, node: one.node, interface: one.interface, peer: other },
    { tunnel, node: other.node, interface: other.interface, peer: one },
  ]);
  const byEnd = new Map(sides.map((side) => [`${side.node} ${side.interface}`, side]));
  const byPair = Map.groupBy(sides, ({ node, peer }) => `${node} ${peer.node}`);
  return {
    at: (node, name) => byEnd.get(`${node} ${name}`),
    between: (node, peer) => byPair.get(`${node} ${peer}`) ?? [],
  };
}
