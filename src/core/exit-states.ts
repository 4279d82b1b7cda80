// What exits ask of machines: default routes and rules that lead only the right packets to them, and their firewall.
//
// Where a node's exit is elsewhere, its own packets have either no source address yet (a socket that is not bound), or the
// overlay's. Whatever is bound to another address answers somebody who came by the uplink, or is told to stay there: it
// goes on by main. So nobody has to know the addresses of uplinks, and rp_filter there finds the way back that it wants.
import {
  compareAddresses,
  familyOf,
  hostPrefix,
  overlaps,
  parsePrefix,
  type Family,
  type Prefix,
} from "./address.ts";
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
  fromInside: RULE_PRIORITY + 1,
  returned: RULE_PRIORITY + 2,
  inside: RULE_PRIORITY + 3,
  carried: RULE_PRIORITY + 4,
  uplink: RULE_PRIORITY + 5,
  lost: RULE_PRIORITY + 6,
  own: RULE_PRIORITY + 7,
  bound: RULE_PRIORITY + 8,
  unbound: RULE_PRIORITY + 9,
} as const;

/** What the machine's other states are made with. */
export interface ExitView {
  readonly topology: Topology;
  readonly traffic: ExitTraffic;
  readonly interfaceOf: (link: LinkIndex) => string;
  /** Links in the order of their tables, so that a table never means another link; absent: those that are used. */
  readonly tables?: readonly LinkIndex[];
  /** The default route of one family by a link; `to`: with the sizes of the way to that node. */
  readonly route: (family: Family, link: LinkIndex, table: number, to?: number) => Route;
}

type Part = Pick<NodeState, "routes" | "rules"> & { readonly exits?: Exits };

/** The part that a node has in exits; `own` is the link by which its own way to its exit begins. */
export function exitPart(view: ExitView, index: number, own: LinkIndex | undefined): Part {
  const { topology, traffic } = view;
  const node = topology.nodes[index]!;
  const exit = traffic.exitOf.get(index);
  const others = othersOf(view, index);
  const families = [...new Set(node.addresses.map(familyOf))];
  const needsInside = exit !== undefined || others.passesOn;
  const firewall = firewallPart(view, index);
  return {
    routes: families.flatMap((family) => [
      ...(own === undefined ? [] : [view.route(family, own, EXIT_TABLE, exit)]),
      ...others.links.map((link) => view.route(family, link, others.tableOf(link))),
    ]),
    rules: families.flatMap((family) => [
      ...others.rules(family),
      ...(needsInside ? ofFamily(insideOf(topology), family) : []).map((to): Rule => ({
        priority: PRIORITY.inside,
        from: INTERNET[family],
        to,
        table: "main",
      })),
      ...(exit === undefined ? [] : [...ownRules(topology, node, family), ...aside(view, index, family)]),
    ]),
    ...(firewall && { exits: firewall }),
  };
}

interface Others {
  /** Each has a table with a default route of its own. */
  readonly links: readonly LinkIndex[];
  readonly tableOf: (link: LinkIndex) => number;
  readonly rules: (family: Family) => Rule[];
  /** Whether it passes on what goes to the internet, not only answers. */
  readonly passesOn: boolean;
}

/** What a node passes on for others: to the internet by a table of its own, and answers where main leads elsewhere. */
function othersOf({ topology, traffic, interfaceOf, tables }: ExitView, index: number): Others {
  const onward = (traffic.carried.get(index) ?? []).flatMap(({ leave, ...each }) =>
    leave === undefined ? [] : [{ ...each, leave }],
  );
  const returned = traffic.returned.get(index) ?? [];
  const links = [...new Set([...onward, ...returned].map(({ leave }) => leave))];
  const tableOf = (link: LinkIndex): number => EXIT_TABLE + 1 + (tables ?? links).indexOf(link);
  const back = (to: Prefix, iif: string, leave: LinkIndex, family: Family): Rule[] => [
    // Sources inside have rules of their own, or none.
    ...ofFamily(insideOf(topology), family).map((from): Rule => ({
      priority: PRIORITY.fromInside,
      iif,
      from,
      to,
      table: "main",
    })),
    { priority: PRIORITY.returned, iif, from: INTERNET[family], to, table: tableOf(leave) },
  ];
  return {
    links,
    tableOf,
    passesOn: onward.length > 0,
    rules: (family) => [
      ...returned.flatMap(({ target, enter, leave }) =>
        sourcesOf(topology.nodes[target]!, family).flatMap((to) =>
          back(to, interfaceOf(enter), leave, family),
        ),
      ),
      ...onward.flatMap(({ source, enter, leave }) =>
        sourcesOf(topology.nodes[source]!, family).map((from): Rule => ({
          priority: PRIORITY.carried,
          iif: interfaceOf(enter),
          from,
          table: tableOf(leave),
        })),
      ),
    ],
  };
}

function ownRules(topology: Topology, node: Node, family: Family): Rule[] {
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
    // Also of a socket that is bound to the uplink's address, because its query was to go to a resolver there.
    ...resolversOf(topology, node, family).map((to): Rule => ({
      priority: PRIORITY.own,
      from: all,
      to,
      table: EXIT_TABLE,
    })),
    ...unbound,
  ];
}

/** What leaves here for others is no business of this node's own resolvers, also when it goes to one. */
const aside = ({ topology, traffic, interfaceOf }: ExitView, index: number, family: Family): Rule[] =>
  (traffic.carried.get(index) ?? []).flatMap(({ source, enter, leave }) =>
    leave !== undefined
      ? []
      : sourcesOf(topology.nodes[source]!, family).flatMap((from) =>
          resolversOf(topology, topology.nodes[index]!, family).map((to): Rule => ({
            priority: PRIORITY.carried,
            iif: interfaceOf(enter),
            from,
            to,
            table: "main",
          })),
        ),
  );

/** Those in the internet: main leads to others. */
function resolversOf(topology: Topology, { leaves }: Node, family: Family): Prefix[] {
  const inside = insideOf(topology);
  return (leaves?.dns ?? [])
    .map(hostPrefix)
    .filter((each) => familyOf(each) === family && !inside.some((all) => overlaps(all, each)));
}

function firewallPart({ topology, traffic, interfaceOf }: ExitView, index: number): Exits | undefined {
  const node = topology.nodes[index]!;
  const answers = [...traffic.answered].filter((link) => nodeAt(topology, link) === node.name);
  const leaving = (traffic.carried.get(index) ?? []).filter(({ leave }) => leave === undefined);
  const { killSwitch = false, except = [], dns = [] } = node.leaves ?? {};
  const isAsking = dns.length > 0;
  if (answers.length === 0 && leaving.length === 0 && !killSwitch && !isAsking) return undefined;
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
    ...(isAsking && { dns: { resolvers: dns, except } }),
  };
}

const nodeAt = ({ tunnels }: Topology, link: LinkIndex): string => tunnels[link >> 1]!.ends[link & 1]!.node;

/** Everything that is not the internet. */
const insideOf = ({ overlays, nodes }: Topology): Prefix[] =>
  [...overlays, ...nodes.flatMap(({ prefixes }) => prefixes)].sort(compareAddresses);

const sourcesOf = ({ addresses, prefixes }: Node, family: Family): Prefix[] =>
  ofFamily([...addresses.map(hostPrefix), ...prefixes], family);

const ofFamily = (all: readonly Prefix[], family: Family): Prefix[] =>
  all.filter((each) => familyOf(each) === family);
