// OpenWrt: one script that writes UCI's network and firewall sections in a batch, with our nftables table beside them.
import { familyOf, hostPrefix, lengthOf } from "../core/address.ts";
import { ROUTE_PROTOCOL, type NodeState, type Route, type Rule } from "../core/node-state.ts";
import type { TunnelInterface } from "../core/node-state.ts";
import { fed, limitLines, type Exporter, type Limit } from "./exported.ts";
import { nftScript } from "./nftables.ts";
import { OWN_KEY_FILE } from "./wg-quick.ts";
import { keysOf, type InterfaceKeys } from "./wireguard.ts";

/** The firewall zone of the tunnels, and what all our sections are found by. */
const ZONE = "tofro";
const NFT_FILE = "/etc/tofro/tofro.nft";

/** For OpenWrt 22.03 and newer, whose firewall is nftables. The script holds secrets. */
export const openwrt: Exporter = (head, state, secrets) => {
  const names = sectionNames(state.interfaces.map(({ name }) => name));
  const renamed = withNames(state, names);
  const limits = limitsOf(state, names);
  const batch = [
    ...renamed.interfaces.flatMap((each) => interfaceLines(renamed, each, keysOf(secrets, state.node, each))),
    ...renamed.routes.flatMap(routeLines),
    ...renamed.rules.flatMap(ruleLines),
    ...firewallLines(renamed),
  ];
  const lines = [
    `${head}${state.node}. Change the network file and export again.`,
    "# `sh tofro.sh` on the router: replaces what an earlier one wrote. Needs wireguard-tools and kmod-wireguard.",
    ...limitLines(limits),
    "set -e; umask 077",
    "mkdir -p /etc/tofro",
    ...REMOVE,
    fed("uci batch", `${batch.join("\n")}\n`),
    ...(batch.some((line) => line.includes(OWN_KEY)) ? [OWN_KEY_LINE] : []),
    fed(`cat >${NFT_FILE}`, nftScript(renamed)),
    fed(
      "cat >/etc/sysctl.d/60-tofro.conf",
      renamed.sysctls.map(({ key, value }) => `${key}=${value}\n`).join(""),
    ),
    "uci commit network; uci commit firewall",
    "sysctl -qp /etc/sysctl.d/60-tofro.conf 2>/dev/null || true",
    "/etc/init.d/network reload; /etc/init.d/firewall restart",
    "",
  ];
  return { files: [{ name: "tofro.sh", text: lines.join("\n") }], limits };
};

/** All sections of ours say `tofro`, an option that means nothing to anybody else. */
const REMOVE = [
  "for config in network firewall; do",
  `  for each in $(uci -q show $config | sed -n "s/^$config[.]\\([^.]*\\)[.]${ZONE}='1'$/\\1/p"); do uci -q delete $config.$each; done`,
  "done",
];

const OWN_KEY = "__TOFRO_OWN_KEY__";
/** On stdin: a key never is an argument of anything. */
const OWN_KEY_LINE = `uci -q show network | sed -n "s/='${OWN_KEY}'$//p" | while read -r each; do { printf "set %s='" "$each"; tr -d '\\n' <${OWN_KEY_FILE}; echo "'"; } | uci -q batch; done`;

/** A named section with options (strings) and lists, in UCI's batch language. */
function section(
  config: "network" | "firewall",
  name: string,
  type: string,
  options: readonly (readonly [string, string | number | readonly string[]])[],
): string[] {
  const path = `${config}.${name}`;
  return [
    `set ${path}=${type}`,
    ...options.flatMap(([key, value]) =>
      typeof value === "object"
        ? value.map((each) => `add_list ${path}.${key}='${each}'`)
        : [`set ${path}.${key}='${value}'`],
    ),
    `set ${path}.${ZONE}='1'`,
  ];
}

function interfaceLines(
  state: NodeState,
  { name, mtu, listenPort, fwmark, peer }: TunnelInterface,
  { privateKey, presharedKey }: InterfaceKeys,
): string[] {
  return [
    ...section("network", name, "interface", [
      ["proto", "wireguard"],
      ["private_key", privateKey ?? OWN_KEY],
      ["listen_port", listenPort],
      ["mtu", mtu],
      ...(fwmark === undefined ? [] : [["fwmark", `0x${fwmark.toString(16)}`] as const]),
      ["addresses", state.addresses.map(hostPrefix)],
      // netifd would route endpoints apart, which the plan has no need of.
      ["nohostroute", 1],
    ]),
    ...section("network", `${name}_peer`, `wireguard_${name}`, [
      ["public_key", peer.publicKey],
      ...(presharedKey === undefined ? [] : [["preshared_key", presharedKey] as const]),
      ["allowed_ips", peer.allowedIps],
      ["route_allowed_ips", 0],
      ...(peer.endpoint === undefined
        ? []
        : ([
            ["endpoint_host", peer.endpoint.host],
            ["endpoint_port", peer.endpoint.port],
          ] as const)),
      ...(peer.keepaliveS === undefined ? [] : [["persistent_keepalive", peer.keepaliveS] as const]),
    ]),
  ];
}

const routeLines = ({ prefix, interface: name, table, source, mtu }: Route, index: number): string[] => {
  const isSix = familyOf(prefix) === 6;
  return section("network", `tofro_route${index}`, isSix ? "route6" : "route", [
    ["interface", name],
    ["target", prefix],
    // With IPv6 netifd makes it a match on the packet's source, not its choice.
    ...(isSix ? [] : [["source", source] as const]),
    ...(table === "main" ? [] : [["table", table] as const]),
    ...(mtu === undefined ? [] : [["mtu", mtu] as const]),
    ["proto", ROUTE_PROTOCOL],
  ]);
};

const ruleLines = (
  { priority, iif, from, to, fwmark, table, suppressPrefixLength }: Rule,
  index: number,
): string[] =>
  section("network", `tofro_rule${index}`, familyOf(from) === 6 ? "rule6" : "rule", [
    ["priority", priority],
    ...(iif === undefined ? [] : [["in", iif] as const]),
    ...(lengthOf(from) === 0 ? [] : [["src", from] as const]),
    ...(to === undefined ? [] : [["dest", to] as const]),
    ...(fwmark === undefined ? [] : [["mark", `0x${fwmark.toString(16)}`] as const]),
    table === "unreachable" ? ["action", "unreachable"] : ["lookup", table],
    ...(suppressPrefixLength === undefined ? [] : [["suppress_prefixlength", suppressPrefixLength] as const]),
  ]);

/** A zone that lets everything through: what may pass is our table's affair, and a drop of the router's own would be final. */
const firewallLines = ({ interfaces, firewall }: NodeState): string[] => [
  ...section("firewall", ZONE, "zone", [
    ["name", ZONE],
    ["network", interfaces.map(({ name }) => name)],
    ["input", "ACCEPT"],
    ["output", "ACCEPT"],
    ["forward", "ACCEPT"],
  ]),
  ...(firewall.prefixes.length === 0
    ? []
    : [
        ...section("firewall", "tofro_in", "forwarding", [
          ["src", ZONE],
          ["dest", "lan"],
        ]),
        ...section("firewall", "tofro_out", "forwarding", [
          ["src", "lan"],
          ["dest", ZONE],
        ]),
      ]),
  ...(firewall.exits === undefined || firewall.exits.leaving.length === 0
    ? []
    : section("firewall", "tofro_exit", "forwarding", [
        ["src", ZONE],
        ["dest", "wan"],
      ])),
  ...(interfaces.length === 0
    ? []
    : section("firewall", "tofro_ports", "rule", [
        ["name", "tofro"],
        ["src", "wan"],
        ["proto", "udp"],
        ["dest_port", interfaces.map(({ listenPort }) => listenPort).join(" ")],
        ["target", "ACCEPT"],
      ])),
  // Where packets go once our table has led them on; their answers are of a connection that is known.
  ...(firewall.forwards ?? []).flatMap(({ port, to, toPort }) =>
    section("firewall", `tofro_forward_${port}`, "rule", [
      ["name", "tofro"],
      ["src", "wan"],
      ["dest", "wan"],
      ["proto", "udp"],
      ["dest_ip", to],
      ["dest_port", toPort],
      ["target", "ACCEPT"],
    ]),
  ),
  ...section("firewall", "tofro_table", "include", [
    ["type", "nftables"],
    ["path", NFT_FILE],
    ["position", "ruleset-post"],
  ]),
];

/** UCI's names have no `-`, and an interface is called by its section's name. */
export function sectionNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    names.map((name) => {
      const plain = name.replaceAll(/[^A-Za-z0-9_]/g, "_");
      let free = plain;
      // The kernel's 15 characters hold; a suffix takes the place of the end.
      for (let number = 2; taken.has(free); number++) {
        const suffix = `_${number}`;
        free = plain.slice(0, 15 - suffix.length) + suffix;
      }
      taken.add(free);
      return [name, free];
    }),
  );
}

function withNames(state: NodeState, names: ReadonlyMap<string, string>): NodeState {
  const to = (name: string): string => names.get(name) ?? name;
  const { firewall } = state;
  const moved = <Item extends { readonly interface: string }>(item: Item): Item => ({
    ...item,
    interface: to(item.interface),
  });
  return {
    ...state,
    interfaces: state.interfaces.map((each) => ({ ...each, name: to(each.name) })),
    routes: state.routes.map(moved),
    rules: state.rules.map((rule) => (rule.iif === undefined ? rule : { ...rule, iif: to(rule.iif) })),
    sysctls: state.sysctls.map(({ key, value }) => ({
      key: key.replace(/(?<=\.conf\.)[^.]+(?=\.)/, to),
      value,
    })),
    firewall: {
      ...firewall,
      arrivals: firewall.arrivals.map(moved),
      transits: firewall.transits.map((pair) => ({ in: to(pair.in), out: to(pair.out) })),
      ...(firewall.exits === undefined
        ? {}
        : {
            exits: {
              ...firewall.exits,
              answers: firewall.exits.answers.map(to),
              leaving: firewall.exits.leaving.map(moved),
            },
          }),
    },
  };
}

function limitsOf(state: NodeState, names: ReadonlyMap<string, string>): Limit[] {
  const other = [...names].filter(([name, now]) => name !== now).map(([name, now]) => `${name} is ${now}`);
  const mss = state.routes.filter(({ advmss }) => advmss !== undefined).map(({ prefix }) => prefix);
  const six = state.routes.some(({ prefix }) => familyOf(prefix) === 6);
  return [
    ...(other.length === 0
      ? []
      : [
          {
            lacks: `interface names with other characters than letters, digits and _: ${other.join(", ")}`,
            instead:
              "Everything else is called so in these files, too; `show`, `trace` and `doctor` use the plan's names.",
          },
        ]),
    ...(mss.length === 0
      ? []
      : [
          {
            lacks: `the TCP MSS of routes (advmss), to ${mss.join(", ")}`,
            instead:
              "netifd has no such option: the kernel derives it from the way there, and where the way back is narrower, path-MTU discovery finds that out with a lost packet.",
          },
        ]),
    ...(six
      ? [
          {
            lacks: "the source address of IPv6 routes",
            instead:
              "The kernel takes the tunnel interface's own, which is the node's overlay address (RFC 6724, rule 5): the same.",
          },
        ]
      : []),
    ...(state.firewall.prefixes.length === 0
      ? []
      : [
          {
            lacks: "the firewall zone of the subnets behind the router",
            instead: "The files take it to be `lan`; if it is another, change the two `forwarding` sections.",
          },
        ]),
    ...(state.firewall.forwards === undefined &&
    (state.firewall.exits === undefined || state.firewall.exits.leaving.length === 0)
      ? []
      : [
          {
            lacks: "the firewall zone of the uplink",
            instead:
              state.firewall.forwards === undefined
                ? "The files take it to be `wan`; if it is another, change the `forwarding` section."
                : "The files take it to be `wan`; if it is another, change the sections that name it.",
          },
        ]),
  ];
}
