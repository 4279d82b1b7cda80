// The part of our nftables table by which queries of DNS go to the resolvers that the file names, through the tunnels, and
// nowhere else; whatever program sends them, and whatever resolver it was told of.
//
//   ask_names   queries for our own endpoints are the tunnels' own packets: there is no tunnel before they are answered
//   ask         the node's other queries get a resolver as their destination, and are routed once more
//   ask_behind  likewise those of hosts behind the node
//   ask_as      what was to leave by another interface has another source, which no tunnel takes
//   ask_only    what is left goes to nobody: of connections from before, and where no resolver is of that family
//
// A chain of type nat sees the first packet of a connection, and conntrack does the same to the others.
import { contains, familyOf, type Address, type Family } from "../core/address.ts";
import { FWMARK, type Dns, type Exits, type NodeState } from "../core/node-state.ts";
import { isNamed } from "../core/topology.ts";
import { tunnelMarks } from "../core/uplink-rules.ts";

interface Chain {
  readonly name: string;
  readonly type: "filter" | "nat" | "route";
  readonly hook: string;
  readonly rules: readonly string[];
}

const FAMILIES = [4, 6] as const;
/** Before the kill switch: what is refused at once need not be waited for. */
const REFUSE = "filter - 1";
const ipOf = (family: Family): string => (family === 4 ? "ip" : "ip6");
const QUERIES = "meta l4proto { tcp, udp } th dport 53";
/** First in a chain: everything else is none of its business. */
const NO_QUERY = ["meta l4proto != { tcp, udp } accept", "th dport != 53 accept"];
/** To a resolver on the machine itself; what that asks of others is caught in its turn. And WireGuard's, which may use any port. */
const ownRules = (state: NodeState): string[] => [
  'oifname "lo" accept',
  ...tunnelMarks(state).map((mark) => `meta mark ${mark} accept`),
];

/** `families` are the overlay's: the table has sets of these. */
export function dnsChains(state: NodeState, families: readonly Family[]): Chain[] {
  const { exits, prefixes } = state.firewall;
  const dns = exits?.dns;
  if (exits === undefined || dns === undefined) return [];
  const spared = sparedRules(dns, families);
  const toOurs = FAMILIES.flatMap((family) => {
    const all = resolversOf(dns, family);
    return all.length === 0 ? [] : [`${ipOf(family)} daddr { ${all.join(", ")} } accept`];
  });
  const behind = prefixes.length > 0;
  const names = nameRules(state);
  return [
    ...(names.length === 0
      ? []
      : [{ name: "ask_names", type: "route", hook: "output priority mangle", rules: names } as const]),
    {
      name: "ask",
      type: "nat",
      hook: "output priority -100",
      rules: [
        ...NO_QUERY,
        ...ownRules(state),
        ...spared,
        ...FAMILIES.flatMap((family) => leadRules(dns, family)),
      ],
    },
    ...(behind
      ? [
          {
            name: "ask_behind",
            type: "nat",
            hook: "prerouting priority dstnat",
            rules: [
              ...NO_QUERY,
              "iifname @tunnels accept",
              "fib daddr type local accept",
              ...spared,
              ...families.flatMap((family) =>
                leadRules(dns, family, `${ipOf(family)} saddr @behind${family} `),
              ),
            ],
          } as const,
        ]
      : []),
    {
      name: "ask_as",
      type: "nat",
      hook: "postrouting priority srcnat",
      rules: [
        ...state.addresses.flatMap((own) => sourceRules(exits, dns, own)),
        ...(names.length === 0 ? [] : state.addresses.map(unboundRule)),
      ],
    },
    {
      name: "ask_only",
      type: "filter",
      hook: `output priority ${REFUSE}`,
      rules: [
        ...NO_QUERY,
        ...ownRules(state),
        "ct direction reply accept",
        ...spared,
        ...toOurs,
        ...refusals(""),
      ],
    },
    ...(behind
      ? [
          {
            name: "ask_only_behind",
            type: "filter",
            hook: `forward priority ${REFUSE}`,
            rules: [
              ...NO_QUERY,
              "iifname @tunnels accept",
              "ct direction reply accept",
              ...spared,
              ...toOurs,
              ...families.flatMap((family) => refusals(`${ipOf(family)} saddr @behind${family} `)),
            ],
          } as const,
        ]
      : []),
    ...(exits.killSwitch === undefined
      ? []
      : [
          {
            name: "stay_asking",
            type: "filter",
            hook: "postrouting priority filter",
            rules: [
              'oifname "lo" accept',
              "oifname @tunnels accept",
              ...queriesOf(state, dns, "counter drop"),
            ],
          } as const,
        ]),
  ];
}

/**
 * For the kill switch's chain at the node's own output, where `oifname` says which way a packet was to go before it got
 * its resolver (`nf_hook_state.out` stays as it was): `stay_asking` looks again.
 */
export function askedRules(state: NodeState): string[] {
  const dns = state.firewall.exits?.dns;
  return dns === undefined ? [] : queriesOf(state, dns, "accept");
}

const queriesOf = (state: NodeState, dns: Dns, verdict: string): string[] =>
  FAMILIES.flatMap((family) => {
    const all = resolversOf(dns, family);
    return all.length === 0
      ? []
      : [
          `${ipOf(family)} daddr { ${all.join(", ")} } ${QUERIES} meta mark != ${oneOf(tunnelMarks(state))} ${verdict}`,
        ];
  });

const oneOf = (all: readonly number[]): string => (all.length === 1 ? `${all[0]}` : `{ ${all.join(", ")} }`);

const resolversOf = ({ resolvers }: Dns, family: Family): Address[] =>
  resolvers.filter((each) => familyOf(each) === family);

/**
 * Whoever the overlay leads to may be asked, and who is excepted. Not the subnets behind the node itself: the router is there,
 * which has an uplink of its own.
 */
const sparedRules = ({ except }: Dns, families: readonly Family[]): string[] => [
  ...families.map(
    (family) => `${ipOf(family)} daddr @inside${family} ${ipOf(family)} daddr != @behind${family} accept`,
  ),
  ...FAMILIES.flatMap((family) => {
    const own = except.filter((each) => familyOf(each) === family);
    return own.length === 0 ? [] : [`${ipOf(family)} daddr { ${own.join(", ")} } accept`];
  }),
];

/** Several resolvers are asked in turn. A link-local one is asked by sockets that are bound to its link: nothing else answers these. */
function leadRules(dns: Dns, family: Family, from = ""): string[] {
  const all = resolversOf(dns, family);
  if (all.length === 0) return [];
  const to =
    all.length === 1
      ? all[0]
      : `numgen inc mod ${all.length} map { ${all.map((each, index) => `${index} : ${each}`).join(", ")} }`;
  const ip = ipOf(family);
  const linkLocal = family === 6 && from === "" ? "ip6 daddr != fe80::/10 " : "";
  return [`${from}meta nfproto ipv${family} ${linkLocal}${QUERIES} dnat ${ip} to ${to}`];
}

/** One inside has other visitors, who are guarded there; of one in the internet all that goes to it goes by the exit. */
function sourceRules({ inside }: Exits, dns: Dns, own: Address): string[] {
  const family = familyOf(own);
  const ip = ipOf(family);
  return resolversOf(dns, family).map((each) => {
    const isInside = inside.some((prefix) => contains(prefix, each));
    const queries = isInside ? ` ${QUERIES}` : "";
    return `oifname @tunnels ${ip} daddr ${each}${queries} ${ip} saddr != ${own} ${ip} saddr != @behind${family} snat ${ip} to ${own}`;
  });
}

/** Its socket may have had the overlay's source already. */
const unboundRule = (own: Address): string =>
  `meta mark ${FWMARK} oifname != @tunnels ${ipOf(familyOf(own))} saddr ${own} udp dport 53 masquerade`;

const refusals = (from: string): string[] => [
  `${from}meta l4proto tcp counter reject with tcp reset`,
  `${from}counter reject`,
];

const nameRules = ({ interfaces }: NodeState): string[] => {
  const hosts = interfaces.flatMap(({ peer: { endpoint } }) =>
    endpoint !== undefined && isNamed(endpoint) ? [endpoint.host] : [],
  );
  return [...new Set(hosts)].map(
    (host) => `oifname != "lo" udp dport 53 ${question(host)} meta mark set ${FWMARK}`,
  );
};

/** Of a UDP header, 8 octets, and DNS's, 12 (RFC 1035, section 4.1), in bits. */
const HEADERS = 160;
/** Octets that nftables compares at once. */
const PIECE = 16;

/** That a query asks for a name, by the octets of QNAME: a length before each label, 0 behind the last (RFC 1035, section 3.1). */
function question(host: string): string {
  const labels = host.replace(/[.]$/, "").split(".");
  const octets = [
    ...labels.flatMap((label) => [label.length, ...Array.from(label, (letter) => letter.charCodeAt(0))]),
    0,
  ];
  const pieces: string[] = [];
  for (let from = 0; from < octets.length; from += PIECE) {
    const piece = octets.slice(from, from + PIECE);
    const value = piece.map((octet) => octet.toString(16).padStart(2, "0")).join("");
    pieces.push(`@th,${HEADERS + 8 * from},${8 * piece.length} 0x${value}`);
  }
  return pieces.join(" ");
}
