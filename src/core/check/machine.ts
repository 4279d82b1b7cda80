// NodeStates made ready for packets: tables and filters indexed by address, tunnel ends connected where a handshake succeeds.
import { familyOf, parseAddress } from "../address.ts";
import type { Family, Prefix } from "../address.ts";
import type { NodeState, Route, Rule, TunnelInterface } from "../node-state.ts";
import { connect } from "./handshake.ts";
import { lookup } from "./lookup.ts";
import { relays, rented } from "./relay.ts";
import type { Spec } from "../spec.ts";
import { hostOf, isHost, PrefixMap, spanOf } from "./prefix-map.ts";
import type { Host, Range } from "./prefix-map.ts";

/** What the NodeStates do not say about the hosts. */
export interface HostOptions {
  /** Whether hosts have a default route outside the overlay; false, the default, is the worse case for loose rp_filter. */
  readonly defaultRoute?: boolean;
  /** Tables that have a default route, of uplinks that are up. */
  readonly uplinkTables?: readonly number[];
}

export interface Machine {
  readonly name: string;
  readonly index: number;
  /** The node's own addresses (kernel table `local`), by /32 and /128. */
  readonly local: ReadonlyMap<Prefix, Host>;
  /** Whether its interfaces have an IPv4 address. */
  readonly numbered: boolean;
  readonly ports: ReadonlyMap<string, Port>;
  readonly tables: ReadonlyMap<"main" | number, PrefixMap<Exit>>;
  readonly rules: ReadonlyMap<string, RuleIndex>;
  /** Rules that name no `iif`. */
  readonly anywhere: readonly RankedRule[];
  /** What its firewall takes for no part of the internet. */
  readonly inside: readonly Range[];
  readonly forwarding: Readonly<Record<Family, boolean>>;
  /** Routes that the kernel does not take, and why. */
  readonly refused: readonly Refusal[];
}

interface Refusal {
  readonly range: Range;
  readonly why: string;
}

/** One end of a tunnel. */
export interface Port {
  readonly machine: Machine;
  readonly state: TunnelInterface;
  readonly rpFilter: number;
  readonly allowedIps: PrefixMap<true>;
  readonly arrivals: PrefixMap<true>;
  /** Whether answers from the internet are let in here. */
  readonly isAnswered: boolean;
  /** Sources that may leave for the internet, masqueraded. */
  readonly leaving: PrefixMap<true>;
  /** Interfaces that the firewall lets packets leave by which came in here. */
  readonly transits: ReadonlySet<string>;
  /** Another interface of the node on the same listen port, or a forwarder: only one of them comes up. */
  readonly rival: string | undefined;
  readonly forwarder: string | undefined;
  /** The other end; a text says why there is no handshake. */
  readonly peer: Port | string;
}

/** Where a route leads: into a tunnel, to the subnets behind the node, or out of the overlay by the host's default route. */
export type Exit = TunnelExit | { readonly kind: "lan" } | Uplink;

interface Uplink {
  readonly kind: "uplink";
  /** Of an uplink that has its own; absent: main. */
  readonly table?: number;
}

export interface TunnelExit {
  readonly kind: "tunnel";
  readonly port: Port;
  /** Source of the node's own packets. */
  readonly source: Host;
  /** Bytes: the interface's MTU, or the route's if that is smaller. */
  readonly mtu: number;
}

/** Rules of one `iif`; those for a single source are found by it. */
interface RuleIndex {
  readonly bySource: ReadonlyMap<Prefix, readonly RankedRule[]>;
  readonly wider: readonly RankedRule[];
}

/** Rules of the same priority stay in the order in which they were added. */
interface RankedRule {
  readonly from: Prefix;
  readonly range: Range;
  readonly rank: number;
  readonly to?: Range;
  readonly fwmark?: number;
  readonly table: Rule["table"];
  readonly suppressPrefixLength?: number;
}

/** IPv6 leaves an interface whose MTU falls below this, with its addresses and routes. RFC 8200 section 5. */
export const IPV6_MIN_MTU = 1280;
/** systemd's sysctl.d/50-default.conf, which Debian ships, sets every interface to loose. */
const STOCK_RP_FILTER = 2;
const DEFAULTS = ["0.0.0.0/0", "::/0"] as Prefix[];
const LAN: Exit = { kind: "lan" };
const UPLINK: Exit = { kind: "uplink" };

/** Connected machines, in the order of the states; `spec` says which forwarders are on nodes. */
export function buildMachines(
  states: readonly NodeState[],
  options: HostOptions = {},
  spec?: Spec,
): readonly Machine[] {
  const machines = states.map((state, index) => buildMachine(state, index, options));
  const relayFault = spec === undefined ? rented : relays(spec, states, machines);
  const ports = machines.flatMap((machine) => [...machine.ports.values()]);
  for (const ends of Map.groupBy(ports, (port) => port.state.tunnel).values()) {
    for (const port of ends) Object.assign(port, connect(port, ends, swallowed(port), relayFault));
  }
  return machines;
}

/** The tunnel that would take in the packets that WireGuard itself sends from this end. */
function swallowed({ machine, state }: Port): string | undefined {
  const address = parseAddress(state.peer.endpoint?.host ?? "");
  // Of a socket that is not bound.
  const exit =
    address === undefined ? undefined : lookup(machine, "lo", undefined, hostOf(address), state.fwmark);
  return exit?.kind === "tunnel" ? exit.port.state.name : undefined;
}

function buildMachine(
  state: NodeState,
  index: number,
  { defaultRoute = false, uplinkTables = [] }: HostOptions,
): Machine {
  const sysctls = new Map(state.sysctls.map(({ key, value }) => [key, value]));
  const hosts = state.addresses.map(hostOf);
  const ports = new Map<string, Port>();
  const machine = {
    name: state.node,
    index,
    local: new Map(hosts.map((host) => [host.prefix, host])),
    numbered: hosts.some(({ family }) => family === 4),
    ports,
    ...indexRules(state.rules),
    inside: (state.firewall.exits?.inside ?? []).map(spanOf),
    forwarding: {
      4: sysctls.get("net.ipv4.ip_forward") === "1",
      6: sysctls.get("net.ipv6.conf.all.forwarding") === "1",
    },
    tables: new Map<"main" | number, PrefixMap<Exit>>(),
    refused: [] as Refusal[],
  };
  for (const port of buildPorts(state, machine, sysctls)) ports.set(port.state.name, port);

  const main: (readonly [Prefix, Exit])[] = defaultRoute ? DEFAULTS.map((prefix) => [prefix, UPLINK]) : [];
  const tables = new Map([["main" as "main" | number, main]]);
  for (const table of uplinkTables)
    tables.set(
      table,
      DEFAULTS.map((prefix) => [prefix, { kind: "uplink", table }]),
    );
  for (const route of state.routes) {
    const exit = exitOf(route, machine, hosts);
    if (typeof exit === "string") machine.refused.push({ range: spanOf(route.prefix), why: exit });
    else push(tables, route.table, [route.prefix, exit] as const);
  }
  for (const prefix of state.firewall.prefixes) main.push([prefix, LAN]);
  for (const [table, entries] of tables) machine.tables.set(table, new PrefixMap(entries));
  return machine;
}

function buildPorts(state: NodeState, machine: Machine, sysctls: ReadonlyMap<string, string>): Port[] {
  const arrivals = Map.groupBy(state.firewall.arrivals, (arrival) => arrival.interface);
  const transits = Map.groupBy(state.firewall.transits, (transit) => transit.in);
  const { answers = [], leaving = [] } = state.firewall.exits ?? {};
  const exiting = Map.groupBy(leaving, (each) => each.interface);
  const listeners = Map.groupBy(state.interfaces, (each) => each.listenPort);
  return state.interfaces.map((each) => ({
    machine,
    state: each,
    rpFilter: rpFilterOf(each.name, sysctls),
    allowedIps: new PrefixMap(each.peer.allowedIps.map((prefix) => [prefix, true])),
    arrivals: new PrefixMap((arrivals.get(each.name) ?? []).map(({ source }) => [source, true])),
    isAnswered: answers.includes(each.name),
    leaving: new PrefixMap((exiting.get(each.name) ?? []).map(({ source }) => [source, true])),
    transits: new Set((transits.get(each.name) ?? []).map(({ out }) => out)),
    rival:
      listeners.get(each.listenPort)?.find(({ name }) => name !== each.name)?.name ??
      state.firewall.forwards?.find(({ port }) => port === each.listenPort)?.forwarder,
    forwarder: each.peer.forwarder,
    peer: "",
  }));
}

/** The larger of the interface's and `all`'s value counts (Documentation/networking/ip-sysctl.rst). */
function rpFilterOf(name: string, sysctls: ReadonlyMap<string, string>): number {
  const values = [name, "all"].flatMap((each) => sysctls.get(`net.ipv4.conf.${each}.rp_filter`) ?? []);
  return values.length === 0 ? STOCK_RP_FILTER : Math.max(...values.map(Number));
}

function exitOf(route: Route, machine: Machine, hosts: readonly Host[]): TunnelExit | string {
  const port = machine.ports.get(route.interface);
  if (!port) return `its route leaves by ${route.interface}, and there is no such interface`;
  const { mtu } = port.state;
  if (familyOf(route.prefix) === 6 && mtu < IPV6_MIN_MTU) {
    return `its route leaves by ${route.interface}, which carries no IPv6 with an MTU of ${mtu}`;
  }
  const source = hosts.find((host) => host.address === route.source);
  if (!source)
    return `the kernel refuses its route, for the source ${route.source} is no address of this node`;
  return { kind: "tunnel", port, source, mtu: Math.min(mtu, route.mtu ?? mtu) };
}

function indexRules(rules: readonly Rule[]): Pick<Machine, "rules" | "anywhere"> {
  const ranked = [...rules]
    .sort((a, b) => a.priority - b.priority)
    .map(({ to, ...rule }, rank) => ({
      ...rule,
      ...(to === undefined ? {} : { to: spanOf(to) }),
      range: spanOf(rule.from),
      rank,
    }));
  const named = ranked.flatMap(({ iif, ...rule }) => (iif === undefined ? [] : [{ iif, ...rule }]));
  return {
    rules: new Map(
      [...Map.groupBy(named, ({ iif }) => iif)].map(([iif, group]) => [
        iif,
        {
          bySource: Map.groupBy(
            group.filter(({ from }) => isHost(from)),
            ({ from }) => from,
          ),
          wider: group.filter(({ from }) => !isHost(from)),
        },
      ]),
    ),
    anywhere: ranked.filter(({ iif }) => iif === undefined),
  };
}

function push<K, T>(lists: Map<K, T[]>, key: K, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}
