// What tofro owns on one machine, in one form for what should be and for what is: the two can be compared.
import { hostPrefix, type Prefix } from "./address.ts";
import type { NodeState, Route, Rule, Sysctl } from "./node-state.ts";
import type { Endpoint } from "./topology.ts";

export interface MachineState {
  /** Absent: there is none. */
  readonly identity?: Identity;
  readonly interfaces: ReadonlyMap<string, MachineInterface>;
  /** By `routeKey`. */
  readonly routes: ReadonlyMap<string, Route>;
  /** By `ruleKey`. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Values of the keys that the plan sets, and of those that it had changed before. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Our nftables table as `nft -s list` prints it; absent: there is none. */
  readonly firewall?: string;
}

/** The node's own addresses on a device of their own, so that they outlive the tunnels. */
export interface Identity {
  /** Kernels without dummy devices have TUN, or no WireGuard at all: one that nobody opens serves as well. */
  readonly device: "dummy" | "tun";
  readonly addresses: readonly Prefix[];
  readonly up: boolean;
}

export interface MachineInterface {
  readonly name: string;
  /** Tunnel id; also the interface's alias, by which it is known as ours. */
  readonly tunnel: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly Prefix[];
  readonly listenPort: number;
  readonly publicKey: string;
  /** Absent: its own packets are not marked. */
  readonly fwmark?: number;
  /** Absent: none, or more than one, as no plan has it. */
  readonly peer?: MachinePeer;
}

export interface MachinePeer {
  readonly publicKey: string;
  /** What tells one preshared key from another without telling the key; empty: none. */
  readonly presharedKeyPrint: string;
  readonly allowedIps: readonly Prefix[];
  /** Where it is dialled; absent: nobody said so, or it was learnt. */
  readonly endpoint?: Endpoint;
  /** Seconds; 0: off. */
  readonly keepaliveS: number;
}

export const NOTHING: MachineState = {
  interfaces: new Map(),
  routes: new Map(),
  rules: new Map(),
  sysctls: new Map(),
};

export const routeKey = ({ table, prefix }: Pick<Route, "table" | "prefix">): string => `${table} ${prefix}`;
export const ruleKey = ({ priority, iif, from, to, fwmark, table, suppressPrefixLength }: Rule): string =>
  [priority, iif, from, to, fwmark, table, suppressPrefixLength].join(" ");

/** What only the machine or the secrets know. */
export interface MachineFacts {
  /** By tunnel id. */
  readonly presharedKeyPrints: ReadonlyMap<string, string>;
  readonly identityDevice: Identity["device"];
  /** The plan's table as this machine's nft prints it. */
  readonly firewall: string;
  /** Settings that the plan needs because of what else is on the machine. */
  readonly sysctls: readonly Sysctl[];
}

/** What the plan wants of a machine. */
export function wantedState(state: NodeState, facts: MachineFacts): MachineState {
  const interfaces = state.interfaces.map((each): [string, MachineInterface] => {
    const { name, tunnel, mtu, listenPort, publicKey, fwmark, peer } = each;
    const wanted = {
      publicKey: peer.publicKey,
      presharedKeyPrint: facts.presharedKeyPrints.get(tunnel) ?? "",
      allowedIps: peer.allowedIps,
      keepaliveS: peer.keepaliveS ?? 0,
      ...(peer.endpoint === undefined ? {} : { endpoint: peer.endpoint }),
    };
    const addresses = state.addresses.map(hostPrefix);
    const marked = fwmark === undefined ? {} : { fwmark };
    return [name, { name, tunnel, mtu, up: true, addresses, listenPort, publicKey, ...marked, peer: wanted }];
  });
  return {
    identity: { device: facts.identityDevice, addresses: state.addresses.map(hostPrefix), up: true },
    interfaces: new Map(interfaces),
    routes: new Map(state.routes.map((route) => [routeKey(route), route])),
    rules: new Map(state.rules.map((rule) => [ruleKey(rule), rule])),
    sysctls: new Map([...facts.sysctls, ...state.sysctls].map(({ key, value }) => [key, value])),
    firewall: facts.firewall,
  };
}
