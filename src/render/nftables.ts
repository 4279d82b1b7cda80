// Our own nftables table: which source may arrive by which tunnel, and what may be forwarded between tunnels.
//
// The chains speak of sets only, so an interface comes and goes by its elements and the rules stay the same. An accept
// here never overrides another table's drop; a drop here is final.
import { familyOf, type Family, type Prefix } from "../core/address.ts";
import {
  countAnswersRule,
  exitElements,
  exitSets,
  guardRules,
  killSwitchRules,
  leaveRules,
  masqueradeRules,
  trackRules,
} from "./nft-exits.ts";
import { dnsChains } from "./nft-dns.ts";
import { forwardChains } from "./nft-forwards.ts";
import { NFT_TABLE, TEST_PORTS, type Firewall, type NodeState } from "../core/node-state.ts";

const TABLE = `inet ${NFT_TABLE}`;

/** Commands that make the table with its sets and chains and no elements; repeated, they change nothing. */
const tableCommands = (state: NodeState): string[] => tableParts(state).flat();

/** The same in parts that stand by themselves: the table with its sets, then a chain each. */
export function tableParts(state: NodeState): string[][] {
  const { firewall } = state;
  const families = familiesOf(state);
  const { exits } = firewall;
  const killSwitch = exits?.killSwitch === undefined ? undefined : killSwitchRules(state, families);
  const chain = (name: string, hook: string, rules: readonly string[], type = "filter"): string[] => [
    `add chain ${TABLE} ${name} { type ${type} hook ${hook}; policy accept; }`,
    `flush chain ${TABLE} ${name}`,
    ...rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`),
  ];
  const sets = [
    `add table ${TABLE}`,
    `add set ${TABLE} tunnels { type ifname; }`,
    `add set ${TABLE} transits { type ifname . ifname; counter; }`,
    ...families.flatMap((family) => [
      `add set ${TABLE} arrivals${family} { type ifname . ipv${family}_addr; flags interval;${firewall.counts ? " counter;" : ""} }`,
      `add set ${TABLE} behind${family} { type ipv${family}_addr; flags interval; }`,
    ]),
    ...(exits === undefined
      ? []
      : exitSets(exits, families, firewall.counts === true).map(
          ([name, type]) => `add set ${TABLE} ${name} { ${type} }`,
        )),
    ...filled(families.map((family) => [`behind${family}`, ofFamily(firewall.prefixes, family)])),
    ...(exits === undefined ? [] : filled(exitElements(exits, families))),
  ];
  return [
    sets,
    chain("arrive", "prerouting priority raw", arriveRules(state, families)),
    ...(firewall.counts === undefined
      ? []
      : [chain("come", "input priority filter", comeRules(firewall, families))]),
    chain("pass", "forward priority filter", passRules(state, families)),
    ...(firewall.mss === undefined
      ? []
      : [chain("clamp", "forward priority mangle", clampRules(firewall.mss))]),
    ...(exits === undefined || exits.leaving.length === 0
      ? []
      : [chain("leave", "postrouting priority srcnat", masqueradeRules(families), "nat")]),
    ...forwardChains(firewall.forwards ?? []).map(({ name, hook, type, rules }) =>
      chain(name, hook, rules, type),
    ),
    ...dnsChains(state, families).map(({ name, hook, type, rules }) => chain(name, hook, rules, type)),
    ...(killSwitch === undefined
      ? []
      : [
          chain("stay", "output priority filter", killSwitch.output),
          chain("stay_behind", "forward priority filter", killSwitch.forward),
        ]),
  ];
}

/** The elements that belong to one interface. */
export function elementCommands(firewall: Firewall, name: string): string[] {
  const sources = firewall.arrivals
    .filter((arrival) => arrival.interface === name)
    .map(({ source }) => source);
  const outs = firewall.transits.filter((transit) => transit.in === name).map(({ out }) => out);
  const element = (set: string, elements: readonly string[]): string[] =>
    elements.length === 0 ? [] : [`add element ${TABLE} ${set} { ${elements.join(", ")} }`];
  const { answers = [], leaving = [] } = firewall.exits ?? {};
  const exiting = leaving.filter((each) => each.interface === name).map(({ source }) => source);
  const ofSet = (set: string, all: readonly Prefix[]): string[] =>
    ([4, 6] as const).flatMap((family) =>
      element(
        `${set}${family}`,
        ofFamily(all, family).map((source) => `"${name}" . ${source}`),
      ),
    );
  return [
    ...element("tunnels", [`"${name}"`]),
    ...element("answers", answers.includes(name) ? [`"${name}"`] : []),
    ...element("counted", firewall.counts === true && answers.includes(name) ? [`"${name}"`] : []),
    ...ofSet("arrivals", sources),
    ...ofSet("leaving", exiting),
    ...element(
      "transits",
      outs.map((out) => `"${name}" . "${out}"`),
    ),
  ];
}

/** The whole table as a script for `nft -f`, replacing what was there in one transaction. */
export function nftScript(state: NodeState): string {
  const elements = state.interfaces.flatMap((each) => elementCommands(state.firewall, each.name));
  return [`add table ${TABLE}`, `delete table ${TABLE}`, ...tableCommands(state), ...elements, ""].join("\n");
}

const familiesOf = (state: NodeState): Family[] => [...new Set(state.addresses.map(familyOf))];

const ipOf = (family: Family): string => (family === 4 ? "ip" : "ip6");

const ofFamily = (all: readonly Prefix[], family: Family): Prefix[] =>
  all.filter((each) => familyOf(each) === family);

/** Emptied first: a prefix that grew overlaps what it was. */
const filled = (sets: readonly (readonly [string, readonly Prefix[]])[]): string[] =>
  sets.flatMap(([name, prefixes]) => [
    `flush set ${TABLE} ${name}`,
    ...(prefixes.length === 0 ? [] : [`add element ${TABLE} ${name} { ${prefixes.join(", ")} }`]),
  ]);

function arriveRules(state: NodeState, families: readonly Family[]): string[] {
  const { exits } = state.firewall;
  const guard = families.flatMap((family) =>
    exits === undefined || exits.answers.length === 0
      ? [`iifname @tunnels iifname . ${ipOf(family)} saddr != @arrivals${family} counter drop`]
      : guardRules(family),
  );
  if (state.firewall.transits.length === 0) return guard;
  // A transit sees one direction only: to conntrack the second packet of a TCP connection would be INVALID.
  const untrack = families.map(
    (family) => `iifname @tunnels fib daddr type != local ${ipOf(family)} daddr != @behind${family} notrack`,
  );
  return [
    ...guard,
    ...(exits === undefined || exits.leaving.length === 0 ? [] : families.flatMap(trackRules)),
    ...untrack,
  ];
}

const PORTS = `${TEST_PORTS.first}-${TEST_PORTS.last}`;

/** What has come to its end. No relay carries agents' test packets (STAMP in 52 octets of UDP), so they do not count. */
const comeRules = (firewall: Firewall, families: readonly Family[]): string[] => [
  "iifname != @tunnels accept",
  `udp length 52 udp sport ${PORTS} udp dport ${PORTS} accept`,
  ...countRules(firewall, families),
];

/** A look into sets whose elements count is all that it takes. */
const countRules = ({ exits }: Firewall, families: readonly Family[]): string[] => [
  ...families.map((family) => `iifname . ${ipOf(family)} saddr @arrivals${family}`),
  ...(exits === undefined || exits.answers.length === 0 ? [] : families.map(countAnswersRule)),
];

/** Forwarding between tunnels of the plan, to the prefixes behind the node, and to services published by DNAT. */
function passRules({ firewall }: NodeState, families: readonly Family[]): string[] {
  return [
    "iifname . oifname @transits accept",
    "iifname @tunnels oifname @tunnels counter drop",
    ...(firewall.counts === undefined ? [] : countRules(firewall, families)),
    "iifname @tunnels ct status dnat accept",
    ...families.map((family) => `iifname @tunnels ${ipOf(family)} daddr @behind${family} accept`),
    ...(firewall.exits === undefined || firewall.exits.leaving.length === 0
      ? []
      : families.flatMap(leaveRules)),
    "iifname @tunnels counter drop",
  ];
}

/** Hosts behind the node do not see the tunnels' MTU: the SYNs of both directions carry a size that fits both ways. */
function clampRules(mss: { readonly v4: number; readonly v6: number }): string[] {
  return (["iifname", "oifname"] as const).flatMap((side) =>
    ([4, 6] as const).map((family) => {
      const size = family === 4 ? mss.v4 : mss.v6;
      return `${side} @tunnels meta nfproto ipv${family} tcp flags syn / syn,rst tcp option maxseg size set ${size}`;
    }),
  );
}
