// What exits ask of machines: default routes and rules that lead only the right packets to them, and their firewall.
//
// Where a node's exit is elsewhere, its own packets have either no source address yet (a socket that is not bound), or the
// overlay's. Whatever is bound to another address answers somebody who came by the uplink, or is told to stay there: it
// goes on by main. So nobody has to know the addresses of uplinks, and rp_filter there finds the way back that it wants.
import { compareAddresses, familyOf, hostPrefix, parsePrefix, type Family, type Prefix } from "./address.ts";
import type { ExitTraffic } from "./exits.ts";
import {
  EXIT_TABLE,
  FWMARK,
  RULE_PRIORITY,
  type Exits,
  type NodeState,
  type Route,
  type Rule,
} from "./node-state.ts";
import type { LinkIndex } from "./route.ts";
import type { Node, Topology } from "./topology.ts";

const prefix = (text: string): Prefix => parsePrefix(text)!.prefix;
export const INTERNET: Readonly<Record<Family, Prefix>> = { 4: prefix("0.0.0.0/0"), 6: prefix("::/0") };
/** All sources, in halves: rules that ask for a source pass over an IPv6 packet that has none yet (fib6_rule_match). */
const BOUND6 = [prefix("::/1"), prefix("8000::/1")];
/** To IPv4's rules it is an address like others (fib4_rule_match). */
const UNBOUND4 = prefix("0.0.0.0/32");

/** Later ones see only what earlier ones have left. */
const PRIORITY = {
  inside: RULE_PRIORITY + 1,
  carried: RULE_PRIORITY + 2,
  uplink: RULE_PRIORITY + 3,
  lost: RULE_PRIORITY + 4,
  own: RULE_PRIORITY + 5,
  bound: RULE_PRIORITY + 6,
  unbound: RULE_PRIORITY + 7,
} as const;

/** What the machine's other states are made with. */
export interface ExitView {
  readonly topology: Topology;
  readonly traffic: ExitTraffic;
  readonly interfaceOf: (link: LinkIndex) => string;
  /** The default route of one family by a link; `to`: with the sizes of the way to that node. */
  readonly route: (family: Family, link: LinkIndex, table: number, to?: number) => Route;
}

type Part = Pick<NodeState, "routes" | "rules"> & { readonly exits?: Exits };

const NONE: Part = { routes: [], rules: [] };

/** The part that a node has in exits; `own` is the link by which its own way to its exit begins. */
export function exitPart(view: ExitView, index: number, own: LinkIndex | undefined): Part {
  const { topology, traffic } = view;
  const node = topology.nodes[index]!;
  const carried = traffic.carried.get(index) ?? [];
  const exit = traffic.exitOf.get(index);
  const firewall = firewallPart(view, index);
  if (exit === undefined && carried.length === 0)
    return firewall === undefined ? NONE : { ...NONE, exits: firewall };
  const families = [...new Set(node.addresses.map(familyOf))];
  const onward = carried.filter(({ leave }) => leave !== undefined);
  const links = [...new Set(onward.map(({ leave }) => leave!))];
  const tableOf = (link: LinkIndex): number => EXIT_TABLE + 1 + links.indexOf(link);
  const inside = exit === undefined && links.length === 0 ? [] : insideOf(topology);
  return {
    routes: families.flatMap((family) => [
      ...(own === undefined ? [] : [view.route(family, own, EXIT_TABLE, exit)]),
      ...links.map((link) => view.route(family, link, tableOf(link))),
    ]),
    rules: families.flatMap((family) => {
      const all = INTERNET[family];
      return [
        ...inside
          .filter((each) => familyOf(each) === family)
          .map((to): Rule => ({ priority: PRIORITY.inside, from: all, to, table: "main" })),
        ...onward.flatMap(({ source, enter, leave }) =>
          sourcesOf(topology.nodes[source]!, family).map((from): Rule => ({
            priority: PRIORITY.carried,
            iif: view.interfaceOf(enter),
            from,
            table: tableOf(leave!),
          })),
        ),
        ...(exit === undefined ? [] : ownRules(node, family)),
      ];
    }),
    ...(firewall && { exits: firewall }),
  };
}

function ownRules(node: Node, family: Family): Rule[] {
  const all = INTERNET[family];
  const except = (node.leaves?.except ?? []).filter((each) => familyOf(each) === family);
  const unbound: Rule[] =
    family === 4
      ? [{ priority: PRIORITY.own, from: UNBOUND4, table: EXIT_TABLE }]
      : [
          ...BOUND6.map((from): Rule => ({ priority: PRIORITY.bound, from, table: "main" })),
          { priority: PRIORITY.unbound, from: all, table: EXIT_TABLE },
        ];
  return [
    // The tunnels' own packets.
    { priority: PRIORITY.uplink, from: all, fwmark: FWMARK, table: "main" },
    ...except.map((to): Rule => ({ priority: PRIORITY.uplink, from: all, to, table: "main" })),
    // An uplink that is down must not lead them into each other.
    { priority: PRIORITY.lost, from: all, fwmark: FWMARK, table: "unreachable" },
    // Whatever main knows better than by its default route: LANs, foreign tunnels.
    { priority: PRIORITY.uplink, from: all, table: "main", suppressPrefixLength: 0 },
    ...sourcesOf(node, family).map((from): Rule => ({ priority: PRIORITY.own, from, table: EXIT_TABLE })),
    ...unbound,
  ];
}

function firewallPart({ topology, traffic, interfaceOf }: ExitView, index: number): Exits | undefined {
  const node = topology.nodes[index]!;
  const answers = [...traffic.answered].filter((link) => nodeAt(topology, link) === node.name);
  const leaving = (traffic.carried.get(index) ?? []).filter(({ leave }) => leave === undefined);
  const { killSwitch = false, except = [] } = node.leaves ?? {};
  if (answers.length === 0 && leaving.length === 0 && !killSwitch) return undefined;
  return {
    inside: insideOf(topology),
    answers: answers.map(interfaceOf).sort(),
    leaving: leaving.flatMap(({ source, enter }) =>
      ([4, 6] as const).flatMap((family) =>
        sourcesOf(topology.nodes[source]!, family).map((from) => ({
          interface: interfaceOf(enter),
          source: from,
        })),
      ),
    ),
    ...(killSwitch && { killSwitch: { except } }),
  };
}

const nodeAt = ({ tunnels }: Topology, link: LinkIndex): string => tunnels[link >> 1]!.ends[link & 1]!.node;

/** Everything that is not the internet. */
const insideOf = ({ overlays, nodes }: Topology): Prefix[] =>
  [...overlays, ...nodes.flatMap(({ prefixes }) => prefixes)].sort(compareAddresses);

const sourcesOf = ({ addresses, prefixes }: Node, family: Family): Prefix[] =>
  [...addresses.map(hostPrefix), ...prefixes].filter((each) => familyOf(each) === family);
