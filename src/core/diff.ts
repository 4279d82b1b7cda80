// From one state of a machine to another: changes as data, in three stages that all machines pass together.
//
// Widen first (what is new comes beside what is there), then move (routes and rules, the destination's side first), then
// narrow (what is no longer wanted goes): so no packet under way meets a machine that does not know it.
import type { Prefix } from "./address.ts";
import { elementChanges, joinListings, type Elements } from "./firewall-listing.ts";
import type { Identity, MachineInterface, MachinePeer, MachineState } from "./machine-state.ts";
import { IDENTITY, type Route, type Rule } from "./node-state.ts";
import { isNamed } from "./topology.ts";
import { isOfUplink } from "./uplink-rules.ts";

export type Change =
  | { readonly kind: "identity-add"; readonly device: Identity["device"] }
  | { readonly kind: "identity-up" | "identity-delete" }
  /** `alias` alone: the interface is there and carries another tunnel now. */
  | { readonly kind: "interface-add" | "alias"; readonly name: string; readonly tunnel: string }
  | { readonly kind: "interface-delete"; readonly name: string }
  | { readonly kind: "wireguard"; readonly name: string; readonly set: WireguardSettings }
  | { readonly kind: "address-add" | "address-delete"; readonly name: string; readonly address: Prefix }
  | { readonly kind: "link"; readonly name: string; readonly mtu: number; readonly up: boolean }
  | { readonly kind: "route-replace" | "route-delete"; readonly route: Route }
  | { readonly kind: "rule-add" | "rule-delete"; readonly rule: Rule }
  | { readonly kind: "sysctl"; readonly key: string; readonly value: string }
  /** The table becomes exactly this listing; its counters begin anew. */
  | { readonly kind: "firewall"; readonly listing: string }
  | { readonly kind: "elements-add" | "elements-delete"; readonly elements: Elements }
  | { readonly kind: "firewall-delete" };

/** Only what is to change; for `wg set`. */
export interface WireguardSettings {
  readonly listenPort?: number;
  /** The node's private key, from its file. */
  readonly privateKey?: true;
  readonly removePeer?: string;
  /** 0: none. */
  readonly fwmark?: number;
  readonly peer?: {
    readonly publicKey: string;
    /** The tunnel's preshared key, from its file; false: none. */
    readonly presharedKey?: boolean;
    readonly allowedIps?: readonly Prefix[];
    readonly endpoint?: MachinePeer["endpoint"];
    readonly keepaliveS?: number;
  };
  /** A live tunnel's key changed at either end: begin a handshake at once; the keepalive stays so many seconds (0: off). */
  readonly greet?: { readonly publicKey: string; readonly keepaliveS: number };
}

export interface Changes {
  readonly widen: readonly Change[];
  readonly move: readonly Change[];
  readonly narrow: readonly Change[];
}

export const isNothing = ({ widen, move, narrow }: Changes): boolean =>
  widen.length + move.length + narrow.length === 0;

/**
 * The smallest changes that lead from one state to the other; nothing else on the machine is touched.
 *
 * `certain`: those that also lead there from halfway, as a way back must. Elements of nftables can only be deleted when
 * all of them are there; the whole table can always be replaced.
 */
export function diff(from: MachineState, to: MachineState, certain: "certain" | "small" = "small"): Changes {
  const widen: Change[] = [];
  const rekey: Change[] = [];
  const narrow: Change[] = [];
  const recreated = new Set<string>();
  for (const [name, wanted] of to.interfaces) {
    const present = from.interfaces.get(name);
    if (present === undefined) recreated.add(name);
    for (const change of interfaceChanges(present, wanted)) {
      (change.kind === "wireguard" && isRekeyed(present, wanted) ? rekey : widen).push(change);
    }
    narrow.push(...answeringEndpoint(present, wanted), ...interfaceTidying(present, wanted));
  }
  for (const [key, value] of to.sysctls) {
    const ofNew = [...recreated].some((name) => key.includes(`.conf.${name}.`));
    if (ofNew || from.sysctls.get(key) !== value) widen.push({ kind: "sysctl", key, value });
  }
  const [uplinkRules, rules] = [true, false].map((isUplinks) =>
    ruleChanges(from, to).filter(({ rule }) => isOfUplink(rule) === isUplinks),
  ) as [RuleChange[], RuleChange[]];
  const identity = identityChanges(from.identity, to.identity);
  // The guard stands before what it guards.
  const firewall = firewallChanges(from.firewall, to.firewall, certain === "small");
  return {
    // What leads a tunnel's own packets to its uplink stands before it sends any, and goes behind it.
    widen: [
      ...firewall.widen,
      ...uplinkRules.filter(({ kind }) => kind === "rule-add"),
      ...freedPorts(from, to),
      ...identity.widen,
      ...widen,
    ],
    // The end that greets comes last (`rekeyRound`): the other knows the new keys by then, and a tunnel is down for one
    // handshake.
    move: [...rekey, ...routeChanges(from, to, recreated), ...rules],
    narrow: [
      // Those of an interface that goes, go with it; and some go with an address, so they come before it.
      ...[...from.routes]
        .filter(([key, route]) => !to.routes.has(key) && to.interfaces.has(route.interface))
        .map(([, route]): Change => ({ kind: "route-delete", route })),
      ...narrow,
      ...[...from.interfaces.keys()]
        .filter((name) => !to.interfaces.has(name))
        .map((name): Change => ({ kind: "interface-delete", name })),
      ...uplinkRules.filter(({ kind }) => kind === "rule-delete"),
      ...identity.narrow,
      ...firewall.narrow,
    ],
  };
}

function identityChanges(
  from: Identity | undefined,
  to: Identity | undefined,
): { widen: Change[]; narrow: Change[] } {
  if (to === undefined) return { widen: [], narrow: from === undefined ? [] : [{ kind: "identity-delete" }] };
  const addresses = addressChanges(IDENTITY, from?.addresses ?? [], to.addresses);
  return {
    widen: [
      ...(from === undefined ? [{ kind: "identity-add", device: to.device } as const] : []),
      ...addresses.add,
      ...(from?.up === true ? [] : [{ kind: "identity-up" } as const]),
    ],
    narrow: addresses.remove,
  };
}

function addressChanges(
  name: string,
  from: readonly Prefix[],
  to: readonly Prefix[],
): { add: Change[]; remove: Change[] } {
  const [present, wanted] = [new Set(from), new Set(to)];
  return {
    add: to.filter((each) => !present.has(each)).map((address) => ({ kind: "address-add", name, address })),
    remove: from
      .filter((each) => !wanted.has(each))
      .map((address) => ({ kind: "address-delete", name, address })),
  };
}

/** A port that another interface is to have is given up first, for any other: peers follow to it (WireGuard's roaming). */
function freedPorts(from: MachineState, to: MachineState): Change[] {
  const owners = new Map(Array.from(to.interfaces.values(), ({ name, listenPort }) => [listenPort, name]));
  return [...from.interfaces.values()]
    .filter(({ name, listenPort }) => (owners.get(listenPort) ?? name) !== name)
    .map(({ name }) => ({ kind: "wireguard", name, set: { listenPort: 0 } }));
}

function interfaceChanges(present: MachineInterface | undefined, wanted: MachineInterface): Change[] {
  const { name, tunnel, mtu, up } = wanted;
  const set = settings(present, wanted);
  const linked = present !== undefined && present.mtu === mtu && present.up === up;
  return [
    ...(present === undefined ? [{ kind: "interface-add", name, tunnel } as const] : []),
    ...(present === undefined || present.tunnel === tunnel ? [] : [{ kind: "alias", name, tunnel } as const]),
    ...(set === undefined ? [] : [{ kind: "wireguard", name, set } as const]),
    ...addressChanges(name, present?.addresses ?? [], wanted.addresses).add,
    ...(linked ? [] : [{ kind: "link", name, mtu, up } as const]),
  ];
}

/** What WireGuard has to be told; allowed IPs only ever grow here. */
function settings(
  present: MachineInterface | undefined,
  wanted: MachineInterface,
): WireguardSettings | undefined {
  const { peer } = wanted;
  const old = present?.peer;
  const isAnew = old?.publicKey !== peer?.publicKey || answers(present, wanted);
  const same = isAnew ? undefined : old;
  const allowed = [...new Set([...(same?.allowedIps ?? []), ...(peer?.allowedIps ?? [])])];
  const endpointSame = peer?.endpoint === undefined || sameEndpoint(same?.endpoint, peer.endpoint);
  const peerSettings = {
    ...(same?.presharedKeyPrint === peer?.presharedKeyPrint
      ? {}
      : { presharedKey: peer?.presharedKeyPrint !== "" }),
    ...(same !== undefined && allowed.length === same.allowedIps.length ? {} : { allowedIps: allowed }),
    ...(endpointSame || answers(present, wanted) ? {} : { endpoint: peer.endpoint }),
    ...(same?.keepaliveS === peer?.keepaliveS ? {} : { keepaliveS: peer?.keepaliveS ?? 0 }),
  };
  const set: WireguardSettings = {
    ...(present?.listenPort === wanted.listenPort ? {} : { listenPort: wanted.listenPort }),
    ...(present?.publicKey === wanted.publicKey ? {} : { privateKey: true }),
    ...(present?.fwmark === wanted.fwmark ? {} : { fwmark: wanted.fwmark ?? 0 }),
    ...(old !== undefined && same === undefined ? { removePeer: old.publicKey } : {}),
    ...(peer === undefined || Object.keys(peerSettings).length === 0
      ? {}
      : { peer: { publicKey: peer.publicKey, ...peerSettings } }),
    ...(peer !== undefined && isRekeyed(present, wanted) && greets(wanted)
      ? { greet: { publicKey: peer.publicKey, keepaliveS: peer.keepaliveS } }
      : {}),
  };
  return Object.keys(set).length === 0 ? undefined : set;
}

/** A live tunnel gets a new key, at this end or the other: its session ends. */
const isRekeyed = (present: MachineInterface | undefined, wanted: MachineInterface): boolean =>
  present?.peer !== undefined &&
  (present.publicKey !== wanted.publicKey || present.peer.publicKey !== wanted.peer?.publicKey);

/**
 * Which end of a tunnel begins the handshake behind a change of keys: one that dials, and only one. When both begin at
 * once, each drops the other's answer (only its last message counts) and both wait for 5 s.
 */
const greets = ({ publicKey, peer }: MachineInterface): boolean =>
  peer?.endpoint !== undefined && (peer.keepaliveS > 0 || publicKey < peer.publicKey);

/**
 * The other end only answers, whatever traffic it has: its peer is made anew and without an endpoint, which it learns from
 * the handshake, and which is set when the tunnel is up again.
 */
const answers = (present: MachineInterface | undefined, wanted: MachineInterface): boolean =>
  isRekeyed(present, wanted) && !greets(wanted);

const answeringEndpoint = (present: MachineInterface | undefined, wanted: MachineInterface): Change[] => {
  const { name, peer } = wanted;
  return peer?.endpoint !== undefined && answers(present, wanted)
    ? [{ kind: "wireguard", name, set: { peer: { publicKey: peer.publicKey, endpoint: peer.endpoint } } }]
    : [];
};

/** In which of the rounds before all routes a change of keys comes, the same for all machines. */
export const rekeyRound = ({ greet }: WireguardSettings): number => (greet === undefined ? -2 : -1);

/** A name cannot be compared with an address: it was resolved once, and the endpoint timer follows it. */
function sameEndpoint(
  present: MachinePeer["endpoint"],
  wanted: NonNullable<MachinePeer["endpoint"]>,
): boolean {
  if (present === undefined) return false;
  return present.port === wanted.port && (isNamed(wanted) || present.host === wanted.host);
}

/** Allowed IPs and addresses that are no longer wanted. */
function interfaceTidying(present: MachineInterface | undefined, wanted: MachineInterface): Change[] {
  if (present === undefined) return [];
  const { name, peer } = wanted;
  const allowed = new Set(peer?.allowedIps);
  const tooMany =
    present.peer?.publicKey === peer?.publicKey &&
    present.peer?.allowedIps.some((each) => !allowed.has(each));
  return [
    ...(tooMany === true && peer !== undefined
      ? [
          {
            kind: "wireguard",
            name,
            set: { peer: { publicKey: peer.publicKey, allowedIps: peer.allowedIps } },
          } as const,
        ]
      : []),
    ...addressChanges(name, present.addresses, wanted.addresses).remove,
  ];
}

/** Routes that are new or differ, and all of an interface that is made anew: its old ones went with it. */
function routeChanges(from: MachineState, to: MachineState, recreated: ReadonlySet<string>): Change[] {
  return [...to.routes]
    .filter(([key, route]) => {
      const present = from.routes.get(key);
      return present === undefined || recreated.has(route.interface) || !sameRoute(present, route);
    })
    .map(([, route]) => ({ kind: "route-replace", route }));
}

const sameRoute = (a: Route, b: Route): boolean =>
  a.interface === b.interface && a.source === b.source && a.mtu === b.mtu && a.advmss === b.advmss;

type RuleChange = Extract<Change, { readonly rule: Rule }>;

/** A rule is added before one is deleted: both may match, and the tables agree on what matters. */
function ruleChanges(from: MachineState, to: MachineState): RuleChange[] {
  return [
    ...[...to.rules]
      .filter(([key]) => !from.rules.has(key))
      .map(([, rule]) => ({ kind: "rule-add", rule }) as const),
    ...[...from.rules]
      .filter(([key]) => !to.rules.has(key))
      .map(([, rule]) => ({ kind: "rule-delete", rule }) as const),
  ];
}

/** Deleting many elements of an interval set takes the kernel longer than making the table anew: 10,000 take some 10 s. */
const MOST_DELETED = 1000;
const countOf = (elements: Elements): number =>
  [...elements.values()].reduce((count, list) => count + list.length, 0);

function firewallChanges(
  from: string | undefined,
  to: string | undefined,
  small: boolean,
): { widen: Change[]; narrow: Change[] } {
  if (from === to) return { widen: [], narrow: [] };
  if (to === undefined) return { widen: [], narrow: [{ kind: "firewall-delete" }] };
  if (from === undefined) return { widen: [{ kind: "firewall", listing: to }], narrow: [] };
  const elements = small ? elementChanges(from, to) : undefined;
  if (elements !== undefined && countOf(elements.remove) <= MOST_DELETED) {
    const { add, remove } = elements;
    return {
      widen: add.size === 0 ? [] : [{ kind: "elements-add", elements: add }],
      narrow: remove.size === 0 ? [] : [{ kind: "elements-delete", elements: remove }],
    };
  }
  const joined = joinListings(from, to);
  return {
    widen: joined === from ? [] : [{ kind: "firewall", listing: joined }],
    narrow: joined === to ? [] : [{ kind: "firewall", listing: to }],
  };
}
