// Topology and routing to the state of every machine: interfaces, allowed IPs, routes, rules, sysctls, firewall.
import { compareAddresses, familyOf, hostPrefix, type Family, type Prefix } from "./address.ts";
import {
  FIRST_TABLE,
  FWMARK,
  MOST_COUNTED,
  RULE_PRIORITY,
  type Firewall,
  type NodeState,
  type Route,
  type Rule,
  type Sysctl,
  type TunnelInterface,
  type UdpForward,
} from "./node-state.ts";
import { forwardsByNode } from "./forwards.ts";
import type { Permits } from "./permits.ts";
import { pathMtus, type PathMtu } from "./path-mtu.ts";
import type { LinkIndex, Routing } from "./route.ts";
import type { Node, Topology, TunnelEnd } from "./topology.ts";
import { exitTrafficOf, movingExitTraffic, type ExitTraffic } from "./exits.ts";
import { exitPart, INTERNET, type ExitView } from "./exit-states.ts";
import { trafficOf, type Exceptions, type Traffic } from "./traffic.ts";
import { compareText } from "./tunnels.ts";
import { markOf, uplinkRules } from "./uplink-rules.ts";

/**
 * What every machine must look like so that each pair's packets take exactly the path that `routing` gives them;
 * `permitted` may let links carry more than that.
 */
export function nodeStates(
  topology: Topology,
  routing: Routing,
  permitted?: (traffic: Traffic) => Permits,
): NodeState[] {
  const traffic = trafficOf(routing);
  const view = new View(topology, routing, traffic, permitted?.(traffic));
  return topology.nodes.map((_, index) => view.stateOf(index));
}

/** How one node sends packets on, which in the midst of a move is as no routing says. */
interface Turns {
  /** The link of the node's own traffic, -1 for none. */
  readonly own: (to: number) => LinkIndex;
  readonly exceptions: Exceptions;
}

/** One node's rules with their tables, and its routes to exits, for other turns than the routing's own. */
export function turned(
  topology: Topology,
  routing: Routing,
  traffic: Traffic,
  permits: Permits | undefined,
  index: number,
  turns: Turns,
): Pick<NodeState, "routes" | "rules"> {
  return new View(topology, routing, traffic, permits).turned(index, turns);
}

/** A prefix that the overlay reaches at a node. */
interface Target {
  readonly prefix: Prefix;
  readonly family: Family;
  readonly node: number;
}

const HEADERS = { 4: 40, 6: 60 } as const;

class View {
  readonly #topology: Topology;
  readonly #routing: Routing;
  readonly #traffic: Traffic;
  readonly #permits: Permits;
  /** Sorted once, so that everything listed in this order is sorted. */
  readonly #targets: readonly Target[];
  readonly #targetsOf: readonly (readonly number[])[];
  readonly #interfacesOf: readonly (readonly LinkIndex[])[];
  readonly #pathMtu: PathMtu;
  /** Without agents; with them each node has its own. */
  readonly #exits: ExitTraffic | undefined;
  readonly #forwards: ReadonlyMap<string, UdpForward[]>;
  /** Ends of pairs of which agents keep a history. */
  readonly #remembered: ReadonlySet<number>;

  /** `permits` are there with agents, and are wider than the traffic. */
  constructor(topology: Topology, routing: Routing, traffic: Traffic, permits?: Permits) {
    this.#permits = permits ?? traffic;
    this.#topology = topology;
    this.#routing = routing;
    this.#traffic = traffic;
    this.#pathMtu = pathMtus(topology, routing, traffic);
    this.#exits = permits === undefined ? exitTrafficOf(topology, routing, traffic) : undefined;
    this.#forwards = forwardsByNode(topology);
    this.#remembered = new Set(permits === undefined ? [] : measuredEnds(routing));
    this.#targets = topology.nodes
      .flatMap((node, index) =>
        prefixesOf(node).map((prefix) => ({ prefix, family: familyOf(prefix), node: index })),
      )
      .sort((x, y) => compareAddresses(x.prefix, y.prefix));
    const targetsOf: number[][] = topology.nodes.map(() => []);
    this.#targets.forEach((target, rank) => targetsOf[target.node]!.push(rank));
    this.#targetsOf = targetsOf;
    const interfacesOf: LinkIndex[][] = topology.nodes.map(() => []);
    for (let link = 0; link < routing.links; link++) interfacesOf[routing.sender(link)]!.push(link);
    this.#interfacesOf = interfacesOf.map((own) =>
      own.sort((x, y) => compareText(this.#end(x).interface, this.#end(y).interface)),
    );
  }

  stateOf(index: number): NodeState {
    const node = this.#topology.nodes[index]!;
    const interfaces = this.#interfacesOf[index]!;
    const turns = this.#plainTurns(index);
    const { routes, rules } = this.#exceptionsOf(index, turns.exceptions);
    const firewall = this.#firewall(index, node, interfaces);
    const exits = this.#exitsOf(index, turns);
    const part = this.#exitPart(index, exits, turns);
    return {
      node: node.name,
      addresses: node.addresses,
      interfaces: interfaces.map((link) => this.#interface(node, link, exits)),
      routes: [...this.#ownRoutes(index, node), ...routes, ...part.routes],
      rules: [...rules, ...this.#uplinkRules(index), ...part.rules],
      sysctls: this.#sysctls(
        node,
        interfaces,
        firewall,
        part.exits !== undefined && part.exits.leaving.length > 0,
      ),
      firewall: part.exits === undefined ? firewall : { ...firewall, exits: part.exits },
    };
  }

  turned(index: number, turns: Turns): Pick<NodeState, "routes" | "rules"> {
    const exceptions = this.#exceptionsOf(index, turns.exceptions);
    const exits = this.#exitPart(index, this.#exitsOf(index, turns), turns);
    return {
      routes: [...exceptions.routes, ...exits.routes],
      rules: [...exceptions.rules, ...this.#uplinkRules(index), ...exits.rules],
    };
  }

  #uplinkRules(index: number): Rule[] {
    const { nodes, tunnels } = this.#topology;
    const own = this.#interfacesOf[index]!.map((link) => tunnels[link >> 1]!);
    return uplinkRules(nodes[index]!.name, own);
  }

  #plainTurns(index: number): Turns {
    const { own, exceptions } = this.#traffic;
    return { own: (to) => own[index * this.#routing.nodes + to]!, exceptions };
  }

  #exitsOf(index: number, { own, exceptions }: Turns): ExitTraffic {
    if (this.#exits !== undefined) return this.#exits;
    return movingExitTraffic(
      this.#topology,
      this.#permits,
      index,
      this.#interfacesOf[index]!,
      (enter, source, to) => exceptions.get(enter)?.get(source)?.get(to) ?? own(to),
    );
  }

  #interface(node: Node, link: LinkIndex, exits: ExitTraffic): TunnelInterface {
    const tunnel = this.#topology.tunnels[link >> 1]!;
    const { interface: name, port, endpoint, keepaliveS, table } = this.#end(link);
    const peerIndex = this.#routing.sender(link ^ 1);
    const peer = this.#topology.nodes[peerIndex]!;
    const { sent, arriving } = this.#permits;
    const allowed = sent.members(link);
    const isExits = exits.sending.has(link) || exits.answered.has(link);
    const internet = isExits ? node.addresses.map((address) => INTERNET[familyOf(address)]) : [];
    for (const source of arriving.members(link)) if (!sent.has(link, source)) allowed.push(source);
    if (!sent.has(link, peerIndex) && !arriving.has(link, peerIndex)) allowed.push(peerIndex);
    return {
      name,
      tunnel: tunnel.id,
      listenPort: port,
      mtu: tunnel.mtu,
      publicKey: node.publicKey,
      ...(table !== undefined ? { fwmark: markOf(table) } : node.leaves && { fwmark: FWMARK }),
      peer: {
        node: peer.name,
        ...(tunnel.forwarder === undefined ? {} : { forwarder: tunnel.forwarder }),
        ...(tunnel.uplink === undefined ? {} : { uplink: tunnel.uplink }),
        publicKey: peer.publicKey,
        allowedIps: [...internet, ...this.#prefixes(allowed)].sort(compareAddresses),
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(keepaliveS === undefined ? {} : { keepaliveS }),
      },
    };
  }

  /** Main: where the node's own traffic goes, and whatever it forwards that goes the same way. */
  #ownRoutes(index: number, node: Node): Route[] {
    const routes: Route[] = [];
    for (const target of this.#targets) {
      const link = this.#traffic.own[index * this.#routing.nodes + target.node]!;
      if (link === -1) continue;
      routes.push(this.#sized(this.#route(node, target, link, "main"), index, target, link));
    }
    return routes;
  }

  /** With the sizes of the way that begins here. */
  #sized(route: Route, index: number, { node, family }: Omit<Target, "prefix">, link: LinkIndex): Route {
    const { mtu } = this.#topology.tunnels[link >> 1]!;
    const there = this.#pathMtu(index, node) ?? mtu;
    const back = this.#pathMtu(node, index) ?? there;
    const narrow = there < mtu ? { ...route, mtu: there } : route;
    // The MSS that a host announces limits what the other side sends, the other way (RFC 9293, 3.7.1).
    return back === there ? narrow : { ...narrow, advmss: back - HEADERS[family] };
  }

  #exitPart(index: number, traffic: ExitTraffic, { own }: Turns): ReturnType<typeof exitPart> {
    const node = this.#topology.nodes[index]!;
    const exit = traffic.exitOf.get(index);
    const link = exit === undefined ? -1 : own(exit);
    const view: ExitView = {
      topology: this.#topology,
      traffic,
      interfaceOf: (each) => this.#end(each).interface,
      ...(this.#exits === undefined && { tables: this.#interfacesOf[index]! }),
      route: (family, each, table, to) => {
        const route = this.#route(node, { prefix: INTERNET[family], family }, each, table);
        return to === undefined ? route : this.#sized(route, index, { node: to, family }, each);
      },
    };
    return exitPart(view, index, link === -1 ? undefined : link);
  }

  /** Source rules, only for forwarded traffic that leaves by another tunnel than main says. */
  #exceptionsOf(index: number, exceptions: Exceptions): { routes: Route[]; rules: Rule[] } {
    const node = this.#topology.nodes[index]!;
    const tables = new Map<string, number>();
    const routes: Route[] = [];
    const rules: Rule[] = [];
    for (const enter of this.#interfacesOf[index]!) {
      const bySource = [...(exceptions.get(enter) ?? [])].sort(([x], [y]) => x - y);
      for (const [source, ways] of bySource) {
        const targets = [...ways.keys()].flatMap((to) => this.#targetsOf[to]!).sort((x, y) => x - y);
        const content = targets.map((rank) => `${rank}:${ways.get(this.#targets[rank]!.node)}`).join();
        const known = tables.get(content);
        const table = known ?? FIRST_TABLE + tables.size;
        if (known === undefined) {
          tables.set(content, table);
          for (const rank of targets) {
            const target = this.#targets[rank]!;
            routes.push(this.#route(node, target, ways.get(target.node)!, table));
          }
        }
        const families = new Set(targets.map((rank) => this.#targets[rank]!.family));
        for (const rank of this.#targetsOf[source]!) {
          const { prefix, family } = this.#targets[rank]!;
          if (!families.has(family)) continue;
          rules.push({ priority: RULE_PRIORITY, iif: this.#end(enter).interface, from: prefix, table });
        }
      }
    }
    return { routes, rules };
  }

  #route(node: Node, target: Omit<Target, "node">, link: LinkIndex, table: Route["table"]): Route {
    const source = node.addresses.find((address) => familyOf(address) === target.family);
    if (source === undefined)
      throw new Error(`${node.name} has no IPv${target.family} address: validated before`);
    return { prefix: target.prefix, interface: this.#end(link).interface, table, source };
  }

  #firewall(index: number, node: Node, interfaces: readonly LinkIndex[]): Firewall {
    const { arriving, transits } = this.#permits;
    const arrivals = interfaces.flatMap((link) => {
      const sources = arriving.members(link);
      const peer = this.#routing.sender(link ^ 1);
      if (!arriving.has(link, peer)) sources.push(peer);
      return this.#prefixes(sources).map((source) => ({ interface: this.#end(link).interface, source }));
    });
    const pairs = interfaces.flatMap((enter) =>
      [...(transits.get(enter) ?? [])]
        .map((leave) => ({ in: this.#end(enter).interface, out: this.#end(leave).interface }))
        .sort((x, y) => compareText(x.out, y.out)),
    );
    const prefixes = [...node.prefixes].sort(compareAddresses);
    const smallest = prefixes.length === 0 ? undefined : this.#smallestMtu(index);
    const forwards = this.#forwards.get(node.name);
    return {
      arrivals,
      transits: pairs,
      prefixes,
      ...(smallest === undefined ? {} : { mss: { v4: smallest - HEADERS[4], v6: smallest - HEADERS[6] } }),
      ...(forwards === undefined ? {} : { forwards }),
      ...(this.#remembered.has(index) && arrivals.length <= MOST_COUNTED && { counts: true as const }),
    };
  }

  #sysctls(node: Node, interfaces: readonly LinkIndex[], firewall: Firewall, isExit: boolean): Sysctl[] {
    const forwards = isExit || firewall.transits.length > 0 || firewall.prefixes.length > 0;
    const has = (family: Family): boolean => node.addresses.some((address) => familyOf(address) === family);
    // Of the underlay, whatever the overlay has.
    const relays = (family: Family): boolean =>
      firewall.forwards?.some(({ to }) => familyOf(to) === family) === true;
    return [
      ...((forwards && has(4)) || relays(4) ? [{ key: "net.ipv4.ip_forward", value: "1" }] : []),
      ...((forwards && has(6)) || relays(6) ? [{ key: "net.ipv6.conf.all.forwarding", value: "1" }] : []),
      // Loose: answers leave by another tunnel than requests came in by. 2 beats a strict `all`.
      ...(has(4)
        ? interfaces.map((link) => ({
            key: `net.ipv4.conf.${this.#end(link).interface}.rp_filter`,
            value: "2",
          }))
        : []),
    ];
  }

  #smallestMtu(index: number): number | undefined {
    const both = this.#topology.nodes.flatMap((_, other) => [
      this.#pathMtu(index, other) ?? Number.POSITIVE_INFINITY,
      this.#pathMtu(other, index) ?? Number.POSITIVE_INFINITY,
    ]);
    const smallest = Math.min(...both);
    return smallest === Number.POSITIVE_INFINITY ? undefined : smallest;
  }

  /** All prefixes of some nodes, sorted. */
  #prefixes(nodes: readonly number[]): Prefix[] {
    const ranks: number[] = [];
    for (const node of nodes) ranks.push(...this.#targetsOf[node]!);
    return ranks.sort((x, y) => x - y).map((rank) => this.#targets[rank]!.prefix);
  }

  /** The end that sends a link. */
  #end(link: LinkIndex): TunnelEnd {
    return this.#topology.tunnels[link >> 1]!.ends[link & 1]!;
  }
}

const measuredEnds = ({ lines, nodes }: Routing): number[] =>
  Array.from(lines).flatMap(([pair, { kind }]) =>
    kind === "measured" ? [Math.floor(pair / nodes), pair % nodes] : [],
  );

const prefixesOf = (node: Node): Prefix[] => [...node.addresses.map(hostPrefix), ...node.prefixes];
