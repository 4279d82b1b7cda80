// The part of our nftables table that exits need: answers let in, packets let out and masqueraded, and the kill switch.
import { familyOf, type Family, type Prefix } from "../core/address.ts";
import type { Exits, NodeState } from "../core/node-state.ts";
import { tunnelMarks } from "../core/uplink-rules.ts";
import { askedRules } from "./nft-dns.ts";

const ipOf = (family: Family): string => (family === 4 ? "ip" : "ip6");

/** Sets beside those that every node has, by name; interfaces add their elements to the first two kinds. */
export const exitSets = (
  exits: Exits,
  families: readonly Family[],
  counts: boolean,
): (readonly [string, string])[] => [
  ["answers", "type ifname;"],
  // As the guard looks into `answers` for whatever comes in, those cannot count what has come to its end.
  ...(counts ? ([["counted", "type ifname; counter;"]] as const) : []),
  ...families.flatMap((family): (readonly [string, string])[] => [
    [`leaving${family}`, `type ifname . ipv${family}_addr; flags interval;`],
    [`inside${family}`, `type ipv${family}_addr; flags interval;`],
    ...(exits.killSwitch === undefined
      ? []
      : ([[`except${family}`, `type ipv${family}_addr; flags interval;`]] as const)),
  ]),
];

/** Elements that belong to no interface. */
export const exitElements = (exits: Exits, families: readonly Family[]): [string, Prefix[]][] =>
  families.flatMap((family): [string, Prefix[]][] => {
    const own = (all: readonly Prefix[]): Prefix[] => all.filter((each) => familyOf(each) === family);
    return [
      [`inside${family}`, own(exits.inside)],
      ...(exits.killSwitch === undefined
        ? []
        : ([[`except${family}`, own(exits.killSwitch.except)]] satisfies [string, Prefix[]][])),
    ];
  });

/** Sources that nobody knows beforehand come in as answers; what is inside is guarded there as everywhere. */
export const guardRules = (family: Family): string[] => [
  `iifname @tunnels iifname != @answers iifname . ${ipOf(family)} saddr != @arrivals${family} counter drop`,
  `iifname @answers ${ipOf(family)} saddr @inside${family} iifname . ${ipOf(family)} saddr != @arrivals${family} counter drop`,
];

/** Of what the internet sends to this node. */
export const countAnswersRule = (family: Family): string =>
  `${ipOf(family)} saddr != @inside${family} iifname @counted`;

/** What leaves here is tracked, for it is masqueraded. */
export const trackRules = (family: Family): string[] => [
  `iifname . ${ipOf(family)} saddr @leaving${family} ${ipOf(family)} daddr != @inside${family} accept`,
];

export const leaveRules = (family: Family): string[] => [
  `iifname . ${ipOf(family)} saddr @leaving${family} ${ipOf(family)} daddr != @inside${family} accept`,
];

/** Only what came out of a tunnel to leave here: nothing else is anybody's business. */
export const masqueradeRules = (families: readonly Family[]): string[] =>
  families.map(
    (family) =>
      `oifname != @tunnels iifname . ${ipOf(family)} saddr @leaving${family} ${ipOf(family)} daddr != @inside${family} masquerade`,
  );

/** Chains of a node whose traffic must not leave by its own uplink, whatever becomes of tunnels and routes. */
export function killSwitchRules(
  state: NodeState,
  families: readonly Family[],
): { readonly output: readonly string[]; readonly forward: readonly string[] } {
  const spared = families.flatMap((family) => [
    `${ipOf(family)} daddr @except${family} accept`,
    `${ipOf(family)} daddr @behind${family} accept`,
  ]);
  return {
    output: [
      'oifname "lo" accept',
      "oifname @tunnels accept",
      ...tunnelMarks(state).map((mark) => `meta mark ${mark} accept`),
      "udp sport 68 udp dport 67 accept",
      "udp sport 546 udp dport 547 accept",
      "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } accept",
      "ct direction reply accept",
      ...askedRules(state),
      ...spared,
      // Connections from before the switch, such as the one that it was thrown over, have the uplink's address.
      ...FAMILIES.map(
        (family) => `meta nfproto ipv${family} tcp flags ack / syn,ack${notOwn(state, family)} accept`,
      ),
      "counter drop",
    ],
    forward: [
      "iifname @tunnels accept",
      "oifname @tunnels accept",
      "ct direction reply accept",
      ...spared,
      "counter drop",
    ],
  };
}

const FAMILIES = [4, 6] as const;

const notOwn = ({ addresses }: NodeState, family: Family): string => {
  const own = addresses.filter((each) => familyOf(each) === family);
  // One address for each family.
  return own.length === 0 ? "" : ` ${ipOf(family)} saddr != ${own[0]}`;
};
