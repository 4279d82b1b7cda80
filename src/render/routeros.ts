// MikroTik RouterOS 7: a script for `/import` that replaces what an earlier one made. What it makes says `tofro` in its comment.
import { familyOf, hostPrefix, type Family } from "../core/address.ts";
import type { NodeState, Route, Rule, TunnelInterface } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";
import { limitLines, type Exporter } from "./exported.ts";
import { firewallOf } from "./routeros-firewall.ts";
import { command, MARK, withoutExits } from "./routeros-command.ts";
import { limitsOf } from "./routeros-limits.ts";
import { keysOf } from "./wireguard.ts";

/** The script holds secrets. */
export const routeros: Exporter = (head, whole, secrets) => {
  const state = withoutExits(whole);
  const limits = limitsOf(whole);
  const lines = [
    `${head}${state.node}. Change the network file and export again.`,
    "# For RouterOS 7: copy it to the router, `/import tofro.rsc`, and remove it there, for it holds keys.",
    ...limitLines(limits),
    ':if ([/ip/settings/get rp-filter] = "strict") do={ :error "tofro: /ip/settings rp-filter=strict drops what comes back another way; set it to loose or no" }',
    ...(secrets.privateKeys.has(state.node) ? [] : OWN_KEY),
    ...MENUS.map((menu) => `${menu}/remove [find where comment~"^${MARK}"]`),
    ...settings(state),
    command("/interface/list/add", [["name", MARK]]),
    // Disabled until everything stands: the guard first.
    ...state.interfaces.flatMap((each) => tunnel(state, each, secrets)),
    ...firewallOf(state),
    ...state.interfaces.flatMap((each) => addresses(state, each)),
    ...tablesOf(state).map((table) => `/routing/table/add name="${table}" fib comment="${MARK}"`),
    ...state.routes.map(route),
    ...state.rules.toSorted((a, b) => a.priority - b.priority).map(rule),
    `/interface/wireguard/enable [find where comment~"^${MARK}"]`,
    "",
  ];
  return { files: [{ name: "tofro.rsc", text: lines.join("\n") }], limits };
};

/** In this order: what is referred to goes last. */
const MENUS = [
  ...(["/ip", "/ipv6"] as const).flatMap((family) =>
    ["filter", "mangle", "raw", "address-list"].map((menu) => `${family}/firewall/${menu}`),
  ),
  "/routing/rule",
  "/ip/route",
  "/ipv6/route",
  "/routing/table",
  "/ip/address",
  "/ipv6/address",
  "/interface/list/member",
  "/interface/list",
  "/interface/wireguard/peers",
  "/interface/wireguard",
];

const OWN_KEY = [
  ":global tofroPrivateKey",
  ':if ([:typeof $tofroPrivateKey] != "str") do={ :error "tofro: first `:global tofroPrivateKey \\"KEY\\"`, the private key that stays on this router" }',
];

const settings = ({ sysctls }: NodeState): string[] =>
  sysctls.flatMap(({ key }) => {
    if (key === "net.ipv4.ip_forward") return ["/ip/settings/set ip-forward=yes"];
    return key === "net.ipv6.conf.all.forwarding" ? ["/ipv6/settings/set forward=yes"] : [];
  });

function tunnel(state: NodeState, each: TunnelInterface, secrets: Secrets): string[] {
  const { name, mtu, listenPort, peer } = each;
  const { privateKey, presharedKey } = keysOf(secrets, state.node, each);
  return [
    command("/interface/wireguard/add", [
      ["name", name],
      ["listen-port", listenPort],
      ["mtu", mtu],
      privateKey === undefined ? "private-key=$tofroPrivateKey" : ["private-key", privateKey],
      "disabled=yes",
    ]),
    command("/interface/list/member/add", [
      ["list", MARK],
      ["interface", name],
    ]),
    command("/interface/wireguard/peers/add", [
      ["interface", name],
      ["public-key", peer.publicKey],
      ...(presharedKey === undefined ? [] : [["preshared-key", presharedKey] as const]),
      ["allowed-address", peer.allowedIps.join(",")],
      ...(peer.endpoint === undefined
        ? []
        : ([
            ["endpoint-address", peer.endpoint.host],
            ["endpoint-port", peer.endpoint.port],
          ] as const)),
      ...(peer.keepaliveS === undefined ? [] : [`persistent-keepalive=${peer.keepaliveS}s`]),
    ]),
  ];
}

const addresses = (state: NodeState, { name }: TunnelInterface): string[] =>
  state.addresses.map((address) =>
    command(`${menuOf(familyOf(address))}/address/add`, [
      ["address", hostPrefix(address)],
      ["interface", name],
      ...(familyOf(address) === 6 ? ["advertise=no", "no-dad=yes"] : []),
    ]),
  );

const route = ({ prefix, interface: name, table, source }: Route): string =>
  command(`${menuOf(familyOf(prefix))}/route/add`, [
    ["dst-address", prefix],
    ["gateway", name],
    ...(familyOf(prefix) === 6 ? [] : [["pref-src", source] as const]),
    ["routing-table", tableName(table)],
  ]);

/** They are looked at in the order in which they stand. */
const rule = ({ iif, from, table }: Rule): string =>
  command("/routing/rule/add", [
    ["src-address", from],
    ...(iif === undefined ? [] : [["interface", iif] as const]),
    "action=lookup",
    ["table", tableName(table)],
  ]);

const tableName = (table: Rule["table"]): string => (table === "main" ? "main" : `${MARK}-${table}`);

const tablesOf = ({ routes }: NodeState): string[] => [
  ...new Set(routes.flatMap(({ table }) => (table === "main" ? [] : [tableName(table)]))),
];

const menuOf = (family: Family): string => (family === 4 ? "/ip" : "/ipv6");
