// Nodes with their addresses and the tunnels between them: everything allocated, nothing routed yet.
import { parseAddress, type Address, type Prefix } from "./address.ts";

export interface Topology {
  readonly overlays: readonly Prefix[];
  readonly nodes: readonly Node[];
  readonly tunnels: readonly Tunnel[];
  readonly forwarders: readonly Forwarder[];
}

export interface Node {
  readonly name: string;
  /** The node's identity: one address for each family of the overlay, IPv4 first. */
  readonly addresses: readonly Address[];
  /** Subnets behind the node that the overlay reaches. */
  readonly prefixes: readonly Prefix[];
  /** Underlay host that others dial; absent: behind NAT. */
  readonly endpoint?: string;
  /** WireGuard public key, base64. */
  readonly publicKey: string;
  /** Where its traffic for the internet leaves; absent: at its own uplink. */
  readonly leaves?: Leaves;
}

export interface Leaves {
  /** The node whose uplink it is. */
  readonly via: string;
  /** What stays on the node's own uplink. */
  readonly except: readonly Prefix[];
  readonly killSwitch: boolean;
  /** Resolvers that the node asks there, and no others; none: it asks whom it would ask anyway. */
  readonly dns: readonly Address[];
}

/** One WireGuard pairing between two nodes: an interface on each. */
export interface Tunnel {
  /** `a - c`, or `a - c [hkg]` over a forwarder or an uplink; the ends in the file's order. */
  readonly id: string;
  readonly ends: readonly [TunnelEnd, TunnelEnd];
  readonly forwarder?: string;
  /** The uplink that it takes: of either end, or of both where both have one of the name. */
  readonly uplink?: string;
  /** Bytes. */
  readonly mtu: number;
}

export interface TunnelEnd {
  readonly node: string;
  readonly interface: string;
  /** UDP listen port of this end. */
  readonly port: number;
  /** What this end dials; absent: it learns where the other is. */
  readonly endpoint?: Endpoint;
  /** PersistentKeepalive in seconds, on a dialler behind NAT or through a forwarder. */
  readonly keepaliveS?: number;
  /** Routing table that leads this end's own packets out by an uplink; absent: they go by the machine's own routes. */
  readonly table?: number;
}

/** Host (address without brackets, or name) and UDP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Whether it has to be resolved. */
export const isNamed = ({ host }: Endpoint): boolean => parseAddress(host) === undefined;

export interface Forwarder {
  readonly name: string;
  readonly listen: Endpoint;
  /** The node that forwards; absent: a rented one does. */
  readonly on?: string;
  readonly to: string;
  /** The WireGuard port behind the forward; absent while no path uses the forwarder. */
  readonly toPort?: number;
}
