// The part of our nftables table by which a node forwards the tunnels of others: WireGuard's packets to a port go on to another
// node, as they are and from this node's own address.
//
// With `dnat` alone the far node would answer the dialler directly, and WireGuard's roaming would move both ends off the forwarder.
import { familyOf } from "../core/address.ts";
import { fnv1a } from "../core/fnv.ts";
import type { UdpForward } from "../core/node-state.ts";

interface Chain {
  readonly name: string;
  readonly type: "filter" | "nat";
  readonly hook: string;
  readonly rules: readonly string[];
}

/**
 * The type, 1 to 4, and three zero octets (<https://www.wireguard.com/protocol/>): the first word behind the UDP header.
 */
const WIREGUARD = "@th,64,32 { 0x1000000, 0x2000000, 0x3000000, 0x4000000 }";
/** No address of this node is named anywhere, so it may change. */
const HERE = "iifname != @tunnels fib daddr type local";

export const forwardChains = (forwards: readonly UdpForward[]): Chain[] =>
  forwards.length === 0
    ? []
    : [
        {
          name: "relay",
          type: "filter",
          hook: "prerouting priority raw",
          rules: forwards.flatMap((forward) => [thereRule(forward), backRule(forward)]),
        },
        {
          name: "relay_to",
          type: "nat",
          hook: "prerouting priority dstnat",
          rules: forwards.map(toRule),
        },
        {
          name: "relay_from",
          type: "nat",
          hook: "postrouting priority srcnat",
          rules: forwards.map((forward) => `ct zone ${zoneOf(forward)} ct status dnat masquerade`),
        },
      ];

const ipOf = ({ to }: UdpForward): string => (familyOf(to) === 4 ? "ip" : "ip6");

/** Every packet, not only the first of a connection: what is not from there, or not WireGuard's, stays here. */
const thereRule = (forward: UdpForward): string => {
  const source =
    forward.from === undefined
      ? `meta nfproto ipv${familyOf(forward.to)}`
      : `${ipOf(forward)} saddr ${forward.from}`;
  return `${HERE} ${source} udp dport ${forward.port} ${WIREGUARD} ct zone set ${zoneOf(forward)}`;
};

const backRule = (forward: UdpForward): string =>
  `${HERE} ${ipOf(forward)} saddr ${forward.to} udp sport ${forward.toPort} ct zone set ${zoneOf(forward)}`;

const toRule = (forward: UdpForward): string => {
  const host = familyOf(forward.to) === 4 ? forward.to : `[${forward.to}]`;
  return `ct zone ${zoneOf(forward)} udp dport ${forward.port} dnat ${ipOf(forward)} to ${host}:${forward.toPort}`;
};

/**
 * A conntrack zone of its own for each forward. A dialler that goes on sending keeps its connection alive for ever, also one from
 * before these rules, or to where an earlier plan forwarded; in another zone it is another connection, and these rules count.
 */
const zoneOf = ({ port, to, toPort }: UdpForward): number => 1 + (fnv1a(`${port} ${to} ${toPort}`) % 65535);
