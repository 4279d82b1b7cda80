// Which end of each tunnel sends, from which port, in which session: one for each tunnel between the machines at hand.
import { familyOf, type Address } from "../core/address.ts";
import { TEST_PORTS } from "../core/node-state.ts";
import type { Topology, Tunnel } from "../core/topology.ts";

/** One STAMP session, as both of its ends know it. */
export interface PlannedSession {
  readonly tunnel: string;
  readonly sender: SessionEnd;
  readonly reflector: SessionEnd;
  /** The sender's; with it both ends tell this tunnel from others between the same two addresses. */
  readonly port: number;
}

interface SessionEnd {
  readonly node: string;
  readonly address: Address;
  readonly interface: string;
}

/**
 * The dialling end sends, so that its first probe brings up a tunnel that sleeps. The same topology gives the same ports;
 * no machine has one of them twice, nor one of its `busy` ones.
 */
export function planSessions(
  topology: Topology,
  tunnels: readonly Tunnel[],
  busy: ReadonlyMap<string, ReadonlySet<number>>,
): PlannedSession[] {
  const taken = new Map(topology.nodes.map(({ name }) => [name, new Set(busy.get(name))]));
  const addresses = new Map(topology.nodes.map(({ name, addresses: own }) => [name, own]));
  return tunnels.map(({ id, ends: [first, second] }) => {
    const [from, to] = first.endpoint === undefined ? [second, first] : [first, second];
    const family = familyOf(addresses.get(from.node)![0]!);
    const end = (each: typeof from): SessionEnd => ({
      node: each.node,
      address: addresses.get(each.node)!.find((address) => familyOf(address) === family)!,
      interface: each.interface,
    });
    const port = freePort(taken.get(from.node)!, taken.get(to.node)!);
    return { tunnel: id, sender: end(from), reflector: end(to), port };
  });
}

function freePort(one: Set<number>, other: Set<number>): number {
  for (let port = TEST_PORTS.first; port <= TEST_PORTS.last; port++) {
    if (one.has(port) || other.has(port)) continue;
    one.add(port);
    other.add(port);
    return port;
  }
  throw new Error("one node has more tunnels than there are ports");
}
