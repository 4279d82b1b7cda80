// What one machine must look like. Every artefact (wg-quick files, ip commands, nftables, diagrams) is a view of this.
import type { Address, Prefix } from "./address.ts";
import type { Endpoint } from "./topology.ts";

export interface NodeState {
  readonly node: string;
  /** The node's own overlay addresses, on every tunnel interface as /32 and /128. */
  readonly addresses: readonly Address[];
  /** Sorted by name, one a tunnel. */
  readonly interfaces: readonly TunnelInterface[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly sysctls: readonly Sysctl[];
  readonly firewall: Firewall;
}

/** A WireGuard interface with exactly one peer. */
export interface TunnelInterface {
  readonly name: string;
  /** Id of the tunnel in the topology; the interface with the same id on another node is the other end. */
  readonly tunnel: string;
  readonly listenPort: number;
  /** Bytes. */
  readonly mtu: number;
  readonly publicKey: string;
  /** What its own packets are marked with, so that they are not led into tunnels, or are led to an uplink. */
  readonly fwmark?: number;
  readonly peer: Peer;
}

interface Peer {
  readonly node: string;
  readonly forwarder?: string;
  /** The uplink that the tunnel takes, this node's, the peer's or both's. */
  readonly uplink?: string;
  readonly publicKey: string;
  /** Sorted; the encrypt route and the decrypt filter at once. */
  readonly allowedIps: readonly Prefix[];
  readonly endpoint?: Endpoint;
  readonly keepaliveS?: number;
}

/** `ip route … proto 116`: unicast, on link, through a tunnel interface. */
export interface Route {
  readonly prefix: Prefix;
  readonly interface: string;
  readonly table: "main" | number;
  /** Source address for the node's own traffic (`src`). */
  readonly source: Address;
  /** Path MTU of this direction in bytes, when smaller than the interface's. */
  readonly mtu?: number;
  /** TCP MSS to announce in bytes, from the opposite direction's MTU, when that differs from what the kernel would derive. */
  readonly advmss?: number;
}

/**
 * `ip rule … iif <interface> from <source> lookup <table>`: forwarded traffic that leaves another way than main says; and what
 * leads packets to an exit. `from` says the family, also where it is all of it.
 */
export interface Rule {
  readonly priority: number;
  readonly iif?: string;
  readonly from: Prefix;
  readonly to?: Prefix;
  readonly fwmark?: number;
  /** `unreachable`: it looks nothing up, and nothing behind it counts. */
  readonly table: "main" | "unreachable" | number;
  /** Routes of this length and shorter do not count. */
  readonly suppressPrefixLength?: number;
}

export interface Sysctl {
  /** Dotted, e.g. `net.ipv4.ip_forward`. */
  readonly key: string;
  readonly value: string;
}

/** The content of our own nftables table `inet tofro`. */
export interface Firewall {
  /** Sources that the plan lets in, by tunnel interface; any other source that arrives by one is dropped. */
  readonly arrivals: readonly { readonly interface: string; readonly source: Prefix }[];
  /** Pairs of tunnel interfaces that may be forwarded between, untracked by conntrack; any other pair is dropped. */
  readonly transits: readonly { readonly in: string; readonly out: string }[];
  /** Subnets behind this node: the only non-tunnel destinations that tunnel traffic is forwarded to (beside DNAT). */
  readonly prefixes: readonly Prefix[];
  /** Largest TCP MSS in bytes for hosts behind this node, by family; absent without prefixes. */
  readonly mss?: { readonly v4: number; readonly v6: number };
  /** Absent: the node's firewall has no part in exits. */
  readonly exits?: Exits;
  /** By port; absent: the node forwards no tunnels of others. */
  readonly forwards?: readonly UdpForward[];
  /** What arrives for this node, or for what is behind it, is counted for each of `arrivals`. */
  readonly counts?: true;
}

/** A UDP port whose WireGuard packets go on to another node, from this one's own address, as they are. */
export interface UdpForward {
  readonly forwarder: string;
  readonly port: number;
  readonly to: Address;
  readonly toPort: number;
  /** Where alone they may come from; absent: the dialler's address is nothing that the file knows. */
  readonly from?: Address;
}

export interface Exits {
  /** The overlay and the subnets behind nodes, sorted: everything else is the internet. */
  readonly inside: readonly Prefix[];
  /** Tunnel interfaces by which any source of the internet may arrive: answers. */
  readonly answers: readonly string[];
  /** Sources that may leave for the internet from here, masqueraded, by the tunnel interface they come in by. */
  readonly leaving: readonly { readonly interface: string; readonly source: Prefix }[];
  /** Nothing leaves but by tunnels: only their own packets, what goes to `except`, and answers to those who came in. */
  readonly killSwitch?: { readonly except: readonly Prefix[] };
  /** Absent: queries of DNS go where they are sent. */
  readonly dns?: Dns;
}

/** Queries of DNS, by the node and by hosts behind it, go to these resolvers through the tunnels, and nowhere else. */
export interface Dns {
  /** In the file's order, at least one. */
  readonly resolvers: readonly Address[];
  /** Whoever is there may be asked directly, as may whoever is inside. */
  readonly except: readonly Prefix[];
}

/** More elements of a set take their time to be listed and read: agents have better things to do than to count for the history. */
export const MOST_COUNTED = 2_000;

/** Ours alone, so that `down` removes exactly what tofro added. */
export const ROUTE_PROTOCOL = 116;
export const FIRST_TABLE = 11600;
export const RULE_PRIORITY = 11600;
/** Where a node's own packets for the internet are routed that leave elsewhere; those it carries for others: from the next on. */
export const EXIT_TABLE = 16600;
/** Of the tunnels' own packets. */
export const FWMARK = 0x2d50;
export const NFT_TABLE = "tofro";
/**
 * UDP, of test packets in tunnels, the same at both ends; above the ports that Linux gives out by itself (up to 60999) and those that
 * mosh takes (up to 61000).
 */
export const TEST_PORTS = { first: 61_001, last: 65_535 } as const;
/** The device that holds the node's own addresses beside the tunnels; no tunnel interface may have its name. */
export const IDENTITY = "tofro";
