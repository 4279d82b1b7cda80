// What one lab host runs at its start, as a shell script: addresses, fixed neighbours, routes, NAT and forwarding.
import type { Address } from "../core/address.ts";
import { familyOf, hostPrefix } from "../core/address.ts";
import type { Forward, Underlay, UnderlayHost, WireEnd } from "./underlay.ts";

/** The whole script; the wires' interfaces must be there. */
export function setupScript(host: UnderlayHost, underlay: Underlay): string {
  const own = underlay.wires.flatMap(({ ends: [a, b] }) => [
    ...(a.host === host.name ? [{ here: a, there: b }] : []),
    ...(b.host === host.name ? [{ here: b, there: a }] : []),
  ]);
  const lines = own.flatMap(({ here, there }) => interfaceLines(here, there));
  const rules = ruleset(host);
  return [
    "set -e",
    ...(rules === undefined ? [] : forwarding(host.addresses)),
    "ip -batch - <<'END'",
    ...lines,
    "END",
    ...new Set(own.flatMap(({ here }) => sourceRules(here))),
    ...(rules === undefined ? [] : ["nft -f - <<'END'", rules, "END"]),
    "",
  ].join("\n");
}

/** Otherwise an IPv6 address stays tentative for a moment, and no route can name it as its source yet. */
const noDad = (address: Address): string => (familyOf(address) === 6 ? " nodad" : "");

/** The text for `ip -batch`: one interface. */
function interfaceLines(here: WireEnd, there: WireEnd): string[] {
  const tables =
    here.table === undefined ? [""] : [` table ${here.table}`, ...(here.isInMain === true ? [""] : [])];
  const device = `dev ${here.interface}`;
  return [
    ...here.addresses.map((address) => `address add ${hostPrefix(address)} ${device}${noDad(address)}`),
    `link set ${here.interface} up`,
    ...there.addresses.flatMap((address, index) => {
      const source = here.addresses[index];
      const all = familyOf(address) === 4 ? "0.0.0.0/0" : "::/0";
      return [
        `neighbour replace ${address} lladdr ${there.mac} ${device} nud permanent`,
        ...tables.flatMap((table) => [
          `route add ${hostPrefix(address)} ${device} src ${source}${table}`,
          ...(here.isGateway === true
            ? [`route add ${all} via ${address} ${device} src ${source}${table}`]
            : []),
        ]),
      ];
    }),
  ];
}

/** As a machine with two providers has them: what has an uplink's address leaves there. Behind tofro's own. */
const sourceRules = ({ addresses, table }: WireEnd): string[] =>
  table === undefined
    ? []
    : addresses.map(
        (address) =>
          `ip -${familyOf(address)} rule add from ${hostPrefix(address)} lookup ${table} priority 30000`,
      );

const forwarding = (addresses: readonly Address[]): string[] =>
  addresses.map((address) =>
    familyOf(address) === 4
      ? "echo 1 >/proc/sys/net/ipv4/ip_forward"
      : "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding",
  );

function ruleset({ role, addresses }: UnderlayHost): string | undefined {
  if (role.kind === "nat") return natRules(role.inside);
  if (role.kind === "forwarder" && role.forward) return forwardRules(addresses, role.forward);
  return undefined;
}

/** A home router: what nobody inside asked for does not come in; it answers pings itself. */
const natRules = (inside: string): string => `table inet underlay {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "${inside}" } accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "${inside}" accept
    ct state established,related accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    iifname "${inside}" masquerade
  }
}`;

/** DNAT and masquerade: with DNAT alone WireGuard's roaming would move both ends to the direct way. */
function forwardRules(own: readonly Address[], { port, to, toPort }: Forward): string {
  const rules = own.map((address, index) => {
    const target = to[index]!;
    return familyOf(address) === 4
      ? `    ip daddr ${address} udp dport ${port} dnat ip to ${target}:${toPort}`
      : `    ip6 daddr ${address} udp dport ${port} dnat ip6 to [${target}]:${toPort}`;
  });
  return `table inet underlay {
  chain prerouting {
    type nat hook prerouting priority dstnat;
${rules.join("\n")}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ct status dnat masquerade
  }
}`;
}
