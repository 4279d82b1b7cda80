// Our own nftables table: which source may arrive by which tunnel, and what may be forwarded between tunnels.
//
// The chains speak of sets only, so an interface comes and goes by its elements and the rules stay the same. An accept
// here never overrides another table's drop; a drop here is final.
import { familyOf, type Family } from "../core/address.ts";
import { NFT_TABLE, type Firewall, type NodeState } from "../core/node-state.ts";

const TABLE = `inet ${NFT_TABLE}`;

/** Commands that make the table with its sets and chains and no elements; repeated, they change nothing. */
export function tableCommands(state: NodeState): string[] {
  const { firewall } = state;
  const families = familiesOf(state);
  const chain = (name: string, hook: string, rules: readonly string[]): string[] => [
    `add chain ${TABLE} ${name} { type filter hook ${hook}; policy accept; }`,
    `flush chain ${TABLE} ${name}`,
    ...rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`),
  ];
  return [
    `add table ${TABLE}`,
    `add set ${TABLE} tunnels { type ifname; }`,
    `add set ${TABLE} transits { type ifname . ifname; counter; }`,
    ...families.flatMap((family) => [
      `add set ${TABLE} arrivals${family} { type ifname . ipv${family}_addr; flags interval; }`,
      `add set ${TABLE} behind${family} { type ipv${family}_addr; flags interval; }`,
    ]),
    ...behindElements(firewall, families),
    ...chain("arrive", "prerouting priority raw", arriveRules(state, families)),
    ...chain("pass", "forward priority filter", passRules(families)),
    ...(firewall.mss === undefined
      ? []
      : chain("clamp", "forward priority mangle", clampRules(firewall.mss))),
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
  return [
    ...element("tunnels", [`"${name}"`]),
    ...([4, 6] as const).flatMap((family) =>
      element(
        `arrivals${family}`,
        sources.filter((source) => familyOf(source) === family).map((source) => `"${name}" . ${source}`),
      ),
    ),
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

/** Emptied first: a prefix that grew overlaps what it was. */
const behindElements = (firewall: Firewall, families: readonly Family[]): string[] =>
  families.flatMap((family) => {
    const prefixes = firewall.prefixes.filter((prefix) => familyOf(prefix) === family);
    const add = `add element ${TABLE} behind${family} { ${prefixes.join(", ")} }`;
    return [`flush set ${TABLE} behind${family}`, ...(prefixes.length === 0 ? [] : [add])];
  });

function arriveRules(state: NodeState, families: readonly Family[]): string[] {
  const guard = families.map(
    (family) => `iifname @tunnels iifname . ${ipOf(family)} saddr != @arrivals${family} counter drop`,
  );
  if (state.firewall.transits.length === 0) return guard;
  // A transit sees one direction only: to conntrack the second packet of a TCP connection would be INVALID.
  const untrack = families.map(
    (family) => `iifname @tunnels fib daddr type != local ${ipOf(family)} daddr != @behind${family} notrack`,
  );
  return [...guard, ...untrack];
}

/** Forwarding between tunnels of the plan, to the prefixes behind the node, and to services published by DNAT. */
function passRules(families: readonly Family[]): string[] {
  return [
    "iifname . oifname @transits accept",
    "iifname @tunnels oifname @tunnels counter drop",
    "iifname @tunnels ct status dnat accept",
    ...families.map((family) => `iifname @tunnels ${ipOf(family)} daddr @behind${family} accept`),
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
