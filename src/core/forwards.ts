// What nodes forward for tunnels of others: forwarders that are on a node of the network.
import { familyOf, parseAddress } from "./address.ts";
import type { UdpForward } from "./node-state.ts";
import type { Topology } from "./topology.ts";

/** By the node that forwards, each sorted by port. */
export function forwardsByNode({ nodes, forwarders, tunnels }: Topology): ReadonlyMap<string, UdpForward[]> {
  const hosts = new Map(nodes.map(({ name, endpoint }) => [name, endpoint]));
  const own = new Map(forwarders.flatMap((each) => (each.on === undefined ? [] : [[each.name, each]])));
  const byNode = new Map<string, UdpForward[]>();
  for (const { ends, forwarder: name } of tunnels) {
    const forwarder = name === undefined ? undefined : own.get(name);
    if (forwarder?.on === undefined) continue;
    const [dialler, other] = ends[0].node === forwarder.to ? [ends[1], ends[0]] : ends;
    const to = parseAddress(hosts.get(forwarder.to) ?? "");
    if (to === undefined) throw new Error(`${forwarder.to} has no address to forward to: validated before`);
    const from = parseAddress(hosts.get(dialler.node) ?? "");
    const forward = {
      forwarder: forwarder.name,
      port: forwarder.listen.port,
      to,
      toPort: other.port,
      // Its packets of the other family come from an address that the file does not say.
      ...(from !== undefined && familyOf(from) === familyOf(to) && { from }),
    };
    byNode.set(forwarder.on, [...(byNode.get(forwarder.on) ?? []), forward]);
  }
  for (const all of byNode.values()) all.sort((x, y) => x.port - y.port);
  return byNode;
}
