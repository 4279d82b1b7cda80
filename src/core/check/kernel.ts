// One machine's decisions about one packet, in the order of the Linux kernel: WireGuard, nftables raw, routing, rp_filter, TTL, forward, WireGuard.
import { IPV6_MIN_MTU } from "./machine.ts";
import type { Exit, Machine, Port, TunnelExit } from "./machine.ts";
import { lookup } from "./lookup.ts";
import { covers } from "./prefix-map.ts";
import type { Host } from "./prefix-map.ts";

/** Why a direction is broken: a closed set, part of the `--json` shape. */
export type Reason =
  | "no-route"
  | "allowed-ips-encrypt"
  | "allowed-ips-decrypt"
  | "rp-filter"
  | "source-guard"
  | "forward-guard"
  | "forwarding-off"
  | "ttl-exceeded"
  | "no-handshake"
  | "mtu-blind"
  | "mtu-mismatch"
  | "wrong-destination"
  | "wrong-path";

export interface Packet {
  readonly source: Host;
  readonly destination: Host;
  ttl: number;
}

/** net.ipv4.ip_default_ttl and the hop limit of IPv6. */
export const INITIAL_TTL = 64;

export interface Drop {
  readonly kind: "drop";
  readonly reason: Reason;
  readonly message: string;
}

/** `local`: the node itself takes the packet. `lan`: it goes to the subnets behind the node. `internet`: out by the node's uplink. */
export type Decision = TunnelExit | { readonly kind: "local" | "lan" | "internet" } | Drop;
type Found = Exit | { readonly kind: "local" };

/** The interface that a node's own packets come from, as rules see it. */
const LOOPBACK = "lo";
/** Any interface that is no tunnel of ours: no rule names it. */
const LAN = "";

/** The node's own packet: rules by `iif <tunnel>` never match it, and the route gives the source. */
export function originate(machine: Machine, destination: Host): Decision {
  const found = lookup(machine, LOOPBACK, undefined, destination);
  return found === undefined || found.kind === "uplink" ? noRoute(machine, destination, found) : found;
}

/** A packet of a host behind the node. */
export const enter = (machine: Machine, packet: Packet): Decision => route(machine, undefined, packet);

/** A packet out of a tunnel. */
export function receive(port: Port, packet: Packet): Decision {
  return admit(port, packet.source) ?? route(port.machine, port, packet);
}

/** WireGuard's decrypt filter, then our guard in prerouting raw. */
export function admit(port: Port, source: Host): Drop | undefined {
  if (!port.allowedIps.has(source)) {
    return drop(
      "allowed-ips-decrypt",
      port,
      `WireGuard drops it: ${source.address} is not in the allowed IPs`,
    );
  }
  if (source.family === 6 && port.state.mtu < IPV6_MIN_MTU) {
    return drop("no-route", port, `no IPv6 on an interface with an MTU of ${port.state.mtu}`);
  }
  if (port.arrivals.has(source) || (port.isAnswered && !isInside(port.machine, source))) return undefined;
  return drop("source-guard", port, `the firewall drops it: the plan lets no ${source.address} in here`);
}

/** Into the tunnel; `undefined` when the packet is on its way to the other end. */
export function send(port: Port, destination: Host): Drop | undefined {
  if (!port.allowedIps.has(destination)) {
    const why = `${destination.address} is not in the allowed IPs ("Required key not available")`;
    return drop("allowed-ips-encrypt", port, why);
  }
  if (typeof port.peer !== "string") return undefined;
  return drop("no-handshake", port, `no handshake on ${port.state.tunnel}: ${port.peer}`);
}

// ip_route_input_slow and ip_forward; ip6_forward is the same without rp_filter.
function route(machine: Machine, port: Port | undefined, packet: Packet): Decision {
  const { source, destination } = packet;
  const found = lookup(machine, port?.state.name ?? LAN, source, destination);
  const leaves = found?.kind === "uplink" && port?.leaving.has(source) === true;
  if (found === undefined || (found.kind === "uplink" && !leaves))
    return noRoute(machine, destination, found);
  if (found.kind === "local") return (port && reversePath(port, packet, LOOPBACK)) ?? found;
  if (!machine.forwarding[source.family]) {
    const key = source.family === 4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
    return drop("forwarding-off", machine, `${key} is not 1, so nothing is forwarded`);
  }
  const out = found.kind === "tunnel" ? found.port.state.name : LAN;
  const martian = port && reversePath(port, packet, out);
  if (martian) return martian;
  if (packet.ttl <= 1) return drop("ttl-exceeded", machine, "the TTL is used up");
  packet.ttl -= 1;
  if (found.kind === "uplink" && !isInside(machine, destination)) return { kind: "internet" };
  if (found.kind === "uplink") return noRoute(machine, destination, found);
  if (!port || found.kind === "lan" || port.transits.has(out)) return found;
  return drop("forward-guard", port, `the firewall forwards nothing from here to ${out}`);
}

const isInside = ({ inside }: Machine, host: Host): boolean => inside.some((range) => covers(range, host));

/**
 * fib_validate_source (net/ipv4/fib_frontend.c): the route back to the source, looked up with the ends swapped and
 * `iif` = the interface the packet would leave by, `lo` when it is delivered here.
 */
function reversePath(port: Port, { source, destination }: Packet, out: string): Drop | undefined {
  if (source.family === 6) return undefined;
  const { machine, rpFilter, state } = port;
  if (machine.local.has(source.prefix)) {
    return drop("rp-filter", port, `dropped as a martian: ${source.address} is this node's own address`);
  }
  if (rpFilter === 0) return undefined;
  const back = lookup(machine, out, destination, source);
  const filter = (why: string): Drop => drop("rp-filter", port, `rp_filter ${rpFilter} drops it: ${why}`);
  if (!back) return filter(`there is no way back to ${source.address}`);
  if (back.kind === "tunnel" && back.port === port) return undefined;
  // Loose lets any way back do, if the interface has an IPv4 address.
  if (rpFilter !== 1 && machine.numbered) return undefined;
  if (rpFilter !== 1) return filter(`${state.name} has no IPv4 address`);
  return filter(`the way back to ${source.address} leaves by ${nameOf(back)}`);
}

const nameOf = (found: Found): string =>
  found.kind === "tunnel" ? found.port.state.name : found.kind === "lan" ? "the LAN" : "the default route";

function noRoute(machine: Machine, to: Host, found: { readonly kind: "uplink" } | undefined): Drop {
  if (found)
    return drop("no-route", machine, `only the default route leads to ${to.address}, out of the overlay`);
  const refusal = machine.refused.find(({ range }) => covers(range, to));
  return drop("no-route", machine, `no route to ${to.address}${refusal ? `: ${refusal.why}` : ""}`);
}

function drop(reason: Reason, place: Machine | Port, why: string): Drop {
  const where = "machine" in place ? `${place.machine.name}, by ${place.state.name}` : place.name;
  return { kind: "drop", reason, message: `at ${where}: ${why}` };
}
