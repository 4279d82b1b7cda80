// The user's file as values: what was written, where, and nothing derived.
import type { Address, Prefix } from "./address.ts";
import { LOSS_WEIGHT_MS, PATIENCE } from "./choose/defaults.ts";
import type { Position } from "./error.ts";

/** A value and the place in the file that it was read from. */
export interface Located<T> {
  readonly value: T;
  readonly at: Position;
}

export interface Spec {
  readonly file: string;
  /** At least one; addresses are allocated from the first of each family that has room. */
  readonly overlays: readonly Located<Prefix>[];
  /** True: pairs that no line names do not reach each other. */
  readonly isolate: boolean;
  /** Tunnel MTU in bytes for all nodes that name none. */
  readonly mtu?: number;
  /** The node whose agent chooses, or `none`; absent: `controllerOf` says which. */
  readonly controller?: Located<string>;
  readonly choose: ChooseSettings;
  readonly failover: FailoverSettings;
  /** TCP port of the agents' metrics; absent: they serve none. */
  readonly metrics?: number;
  /** In the file's order. */
  readonly nodes: readonly NodeSpec[];
  readonly forwarders: readonly ForwarderSpec[];
  /** Two-way lines (`<->`, `<=>`) appear as two entries at the same place. */
  readonly paths: readonly PathSpec[];
}

/** When a better path is taken, in ms. */
export interface ChooseSettings {
  /** Least gain for which a direction moves. */
  readonly gainMs: number;
  /** How long the gain must have lasted. */
  readonly sustainMs: number;
  /** How long a direction stays after a move. */
  readonly dwellMs: number;
  /** What losing every packet would cost. */
  readonly lossWeightMs: number;
}

/** How fast a dead link is left, and when it counts as good again, in ms. */
export interface FailoverSettings {
  /** Between two test packets of a link. */
  readonly intervalMs: number;
  /** How long a link must have been good before it is used again. */
  readonly holdMs: number;
}

export const CHOOSE_DEFAULTS: ChooseSettings = { ...PATIENCE, lossWeightMs: LOSS_WEIGHT_MS };
export const FAILOVER_DEFAULTS: FailoverSettings = { intervalMs: 50, holdMs: 10_000 };

export interface NodeSpec {
  readonly name: string;
  readonly at: Position;
  /** Fixed overlay addresses, at most one a family. */
  readonly addresses: readonly Located<Address>[];
  /** Where others dial this node; absent: behind NAT, dials out only. */
  readonly endpoint?: EndpointSpec;
  /** Other ways to and from the internet than the machine's own default route; absent: none. */
  readonly uplinks?: readonly UplinkSpec[];
  /** Subnets behind the node. */
  readonly prefixes: readonly Located<Prefix>[];
  /** Traffic of other nodes for the internet may leave here. */
  readonly isExit?: true;
  /** Where this node's traffic for the internet leaves; absent: at its own uplink. */
  readonly leaves?: LeavesSpec;
  readonly ssh?: string;
  /** What sets the machine up, by files of `export`; absent: apply does. */
  readonly platform?: Located<Platform>;
  readonly mtu?: number;
  /** WireGuard public key (base64) of a node that keeps its private key to itself. */
  readonly publicKey?: Located<string>;
  /** `public_key: node`: it makes its key itself, and the lock learns the public half. */
  readonly makesItsKey?: true;
  readonly carries?: CarriesSpec;
  /** Names and ports that the user fixed, keyed by peer node or by forwarder. */
  readonly interfaces: readonly InterfaceSpec[];
}

/** A way of a node to and from the internet that tunnels can be told to take. */
export interface UplinkSpec {
  /** Several nodes may have one of the same name: a tunnel over it takes it at both ends. */
  readonly name: string;
  readonly at: Position;
  /** Host where others dial the node there; absent: it only dials out there. */
  readonly endpoint?: Located<string>;
  /** Routing table of the machine that leads out there; absent: the machine's own routes lead there by the address. */
  readonly table?: Located<number>;
  /** Tunnel MTU in bytes; absent: as for the node's other tunnels. */
  readonly mtu?: Located<number>;
}

/** Targets of `export`. */
export const PLATFORMS = ["wg-quick", "shell", "networkd", "networkmanager", "openwrt", "routeros"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** What agents let a node carry for others. */
export interface CarriesSpec {
  /** These pairs; absent: any. */
  readonly only?: readonly PairSpec[];
  /** At most so much for long, bits a second; absent: any. */
  readonly rateBps?: number;
  /** At most so much in a calendar month (UTC), octets; absent: any. */
  readonly monthBytes?: number;
}

/** `exit_via` and what belongs to it. */
export interface LeavesSpec {
  readonly via: Located<string>;
  readonly except: readonly Located<Prefix>[];
  readonly killSwitch: boolean;
  /** Resolvers that the node asks there, and no others; none: it asks whom it would ask anyway. */
  readonly dns: readonly Located<Address>[];
}

/** A direction; either end may be `all`. */
export interface PairSpec {
  readonly at: Position;
  readonly from: string;
  readonly to: string;
}

/** Whether the private key is on the node alone. */
export const keepsItsKey = ({ publicKey, makesItsKey }: NodeSpec): boolean =>
  publicKey !== undefined || makesItsKey === true;

/**
 * The node whose agent runs the controller: as the file says, else the first that others can dial; one that forwards for others
 * only where there is no other, as it may be in no tunnel.
 */
export function controllerOf({
  nodes,
  controller,
  forwarders,
}: Pick<Spec, "nodes" | "controller" | "forwarders">): string | undefined {
  if (controller !== undefined) return controller.value === "none" ? undefined : controller.value;
  const forwarding = new Set(forwarders.map(({ on }) => on?.value));
  const dialled = nodes.filter(
    ({ endpoint, uplinks = [] }) => endpoint !== undefined || uplinks.some((each) => each.endpoint),
  );
  return (dialled.find(({ name }) => !forwarding.has(name)) ?? dialled[0])?.name;
}

export interface EndpointSpec {
  /** IPv4 address, IPv6 address (no brackets) or host name. */
  readonly host: string;
  /** First listen port; tunnels count up from it. */
  readonly port: number;
  readonly at: Position;
}

export interface InterfaceSpec {
  /** A peer node (its direct tunnel), a forwarder (the tunnel over it), or `peer/uplink`. */
  readonly towards: string;
  readonly at: Position;
  readonly name?: Located<string>;
  readonly port?: Located<number>;
}

export type ForwarderSpec = RentedForwarderSpec | OwnForwarderSpec;

interface ForwarderBase {
  readonly name: string;
  readonly at: Position;
  readonly to: Located<string>;
  /** The WireGuard port behind the forward, when the user fixed it. */
  readonly toPort?: Located<number>;
}

/** A service that forwards a port of its own. */
interface RentedForwarderSpec extends ForwarderBase {
  readonly listen: EndpointSpec;
  readonly on?: never;
}

/** One of the nodes does it, in its nftables. */
export interface OwnForwarderSpec extends ForwarderBase {
  readonly on: Located<string>;
  readonly listen?: never;
  /** Where it listens, when the user fixed it. */
  readonly port?: Located<number>;
}

/** One direction of one line. `from` or `to` may be `all`, never in the middle. */
export type PathSpec = PinnedPath | MeasuredPath;

interface PathBase {
  /** The line as the user wrote it. */
  readonly text: string;
  readonly at: Position;
  readonly from: string;
  readonly to: string;
  readonly backup: Backup;
}

/** `a -> b -[f]-> c`: exactly these hops. */
export interface PinnedPath extends PathBase {
  readonly kind: "pinned";
  /** One hop for each arrow: the last one's node is `to`. */
  readonly hops: readonly Hop[];
}

export interface Hop {
  readonly to: string;
  /** The forwarder this hop runs over; absent: a direct tunnel. */
  readonly forwarder?: string;
  /** The uplink that the direct tunnel takes, of either end or of both. */
  readonly uplink?: string;
}

/** `a => c`: chosen by measurement among candidates. */
export interface MeasuredPath extends PathBase {
  readonly kind: "measured";
  /** Nodes, forwarders and uplinks that no candidate uses. */
  readonly avoid: readonly string[];
  /** When given, the only nodes and forwarders that candidates use in between. */
  readonly via?: readonly string[];
  /** Most links a candidate has; absent: no limit. */
  readonly maxHops?: number;
}

/** What a named path falls back to when it dies and an agent runs. */
export type Backup =
  | { readonly kind: "any" }
  | { readonly kind: "none" }
  | { readonly kind: "path"; readonly from: string; readonly hops: readonly Hop[]; readonly at: Position };

/** Reserved words of the one name space of nodes, forwarders and uplinks. */
export const RESERVED_NAMES = ["all", "none"] as const;
/** First WireGuard listen port where the user names none. */
export const DEFAULT_PORT = 51820;
/** Tunnel MTU in bytes where the user names none: 1500 less 80 for IPv6, UDP and WireGuard. */
export const DEFAULT_MTU = 1420;
