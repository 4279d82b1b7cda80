// NetworkManager's keyfiles: a connection for each tunnel, and beside them what NetworkManager does not do itself.
import { familyOf, hostPrefix, type Family } from "../core/address.ts";
import {
  ROUTE_PROTOCOL,
  type NodeState,
  type Route,
  type Rule,
  type TunnelInterface,
} from "../core/node-state.ts";
import type { Exporter, Limit } from "./exported.ts";
import { FIREWALL_NOW, installed, installFirewall, routerAdvertisements } from "./installed.ts";
import { OWN_KEY_FILE, rulesOf } from "./wg-quick.ts";
import { hostPort, keysOf, type InterfaceKeys } from "./wireguard.ts";

const CONNECTIONS = "/etc/NetworkManager/system-connections";
const PREFIX = "tofro-";
/** In place of a key that stays on the machine; `install.sh` fills it in there. */
const OWN_KEY = "OWN-KEY";

/** For NetworkManager 1.42 and newer, on a machine with systemd. The keyfiles hold secrets. */
export const networkmanager: Exporter = (head, state, secrets) =>
  installed(head, state, {
    service: "NetworkManager.service",
    own: state.interfaces.map((each) => ({
      name: `${each.name}.nmconnection`,
      lines: connection(state, each, keysOf(secrets, state.node, each)),
    })),
    install: install(state),
    limits: limitsOf(state),
  });

const connection = (
  state: NodeState,
  each: TunnelInterface,
  { privateKey, presharedKey }: InterfaceKeys,
): string[] => [
  ...tunnelLines(each, privateKey, presharedKey),
  ...([4, 6] as const).flatMap((family) => ["", ...familyLines(state, each, family)]),
];

const tunnelLines = (
  { name, mtu, listenPort, fwmark, peer }: TunnelInterface,
  privateKey: string | undefined,
  presharedKey: string | undefined,
): string[] => [
  "[connection]",
  `id=${PREFIX}${name}`,
  "type=wireguard",
  `interface-name=${name}`,
  "",
  "[wireguard]",
  `private-key=${privateKey ?? OWN_KEY}`,
  `listen-port=${listenPort}`,
  `mtu=${mtu}`,
  ...(fwmark === undefined ? [] : [`fwmark=${fwmark}`]),
  // Routes and rules are those below.
  "peer-routes=false",
  "ip4-auto-default-route=0",
  "ip6-auto-default-route=0",
  "",
  `[wireguard-peer.${peer.publicKey}]`,
  `allowed-ips=${peer.allowedIps.map((prefix) => `${prefix};`).join("")}`,
  ...(peer.endpoint === undefined ? [] : [`endpoint=${hostPort(peer.endpoint)}`]),
  ...(peer.keepaliveS === undefined ? [] : [`persistent-keepalive=${peer.keepaliveS}`]),
  ...(presharedKey === undefined ? [] : [`preshared-key=${presharedKey}`, "preshared-key-flags=0"]),
];

function familyLines(state: NodeState, each: TunnelInterface, family: Family): string[] {
  const addresses = state.addresses.filter((address) => familyOf(address) === family);
  if (addresses.length === 0) return [`[ipv${family}]`, "method=disabled"];
  const routes = state.routes.filter(
    ({ prefix, interface: name }) => name === each.name && familyOf(prefix) === family,
  );
  const rules = rulesOf(state, each).filter(({ from }) => familyOf(from) === family);
  return [
    `[ipv${family}]`,
    "method=manual",
    ...addresses.map((address, index) => `address${index + 1}=${hostPrefix(address)}`),
    ...routes.flatMap((route, index) => [
      `route${index + 1}=${route.prefix}`,
      `route${index + 1}_options=${routeOptions(route)}`,
    ]),
    ...rules.map((rule, index) => `routing-rule${index + 1}=${ruleText(rule)}`),
    ...(family === 6 ? ["addr-gen-mode=0", "ip6-privacy=0"] : []),
  ];
}

const routeOptions = ({ table, source, mtu, advmss }: Route): string =>
  [
    `src=${source}`,
    ...(table === "main" ? [] : [`table=${table}`]),
    ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
    ...(advmss === undefined ? [] : [`advmss=${advmss}`]),
  ].join(",");

const ruleText = ({ priority, iif, from, to, fwmark, table, suppressPrefixLength }: Rule): string =>
  [
    `priority ${priority}`,
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    // Also where it is all of them, as in the other targets.
    `from ${from}`,
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}`]),
    table === "unreachable" ? "type unreachable" : `table ${table === "main" ? 254 : table}`,
    ...(suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${suppressPrefixLength}`]),
  ].join(" ");

/** A key of the machine's own is filled in by the shell itself: it never is an argument of anything. */
const install = (state: NodeState): string[] => [
  `mkdir -p ${CONNECTIONS} /etc/sysctl.d /etc/tofro`,
  "chmod 755 /etc/sysctl.d",
  `rm -f ${CONNECTIONS}/${PREFIX}*.nmconnection`,
  `for each in ${state.interfaces.map(({ name }) => name).join(" ")}; do`,
  `  while IFS= read -r line; do`,
  `    if [ "$line" = private-key=${OWN_KEY} ]; then IFS= read -r key <${OWN_KEY_FILE}; line=private-key=$key; fi`,
  `    printf '%s\\n' "$line"`,
  `  done <$each.nmconnection >${CONNECTIONS}/${PREFIX}$each.nmconnection`,
  "done",
  ...installFirewall,
  `echo 'Now: ${FIREWALL_NOW}; nmcli connection reload; ${state.interfaces
    .map(({ name }) => `nmcli connection up ${PREFIX}${name}`)
    .join("; ")}'`,
];

/** A connection has rules of the families that it has addresses of, and the underlay may have the other. */
function foreignRules({ rules, addresses }: NodeState): Limit[] {
  const families = new Set(addresses.map(familyOf));
  const lost = rules.filter(({ from }) => !families.has(familyOf(from)));
  if (lost.length === 0) return [];
  const family = `IPv${familyOf(lost[0]!.from)}`;
  return [
    {
      lacks: `${family} rules for uplinks`,
      instead: `The tunnels have no ${family}, so NetworkManager sets no rule of it. Add them to the uplink's own connection: ${lost.map((rule) => `routing-rule="${ruleText(rule)}"`).join(", ")}.`,
    },
  ];
}

const limitsOf = (state: NodeState): Limit[] => [
  {
    lacks: `protocol ${ROUTE_PROTOCOL} on routes${state.rules.length === 0 ? "" : " and rules"}`,
    instead: "NetworkManager marks them as static; they are those of its connections.",
  },
  ...foreignRules(state),
  ...routerAdvertisements(state, "NetworkManager"),
];
