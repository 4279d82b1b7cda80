// systemd-networkd's files: a .netdev and a .network for each tunnel, and beside them what networkd does not do itself.
import { hostPrefix } from "../core/address.ts";
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

const NETWORK = "/etc/systemd/network";
/** Sorted before the files for all names that images have. */
const RANK = "10-tofro";

/** For systemd 248 and newer. `install.sh` puts the files where they belong; the .netdev hold secrets. */
export const networkd: Exporter = (head, state, secrets) =>
  installed(head, state, {
    service: "systemd-networkd.service",
    own: [
      ...state.interfaces.flatMap((each) => [
        { name: `${each.name}.netdev`, lines: netdev(each, keysOf(secrets, state.node, each)) },
        { name: `${each.name}.network`, lines: network(state, each) },
      ]),
      { name: "networkd.conf", lines: OTHERS },
    ],
    install: install(state),
    limits: limitsOf(state),
  });

function netdev(
  { name, mtu, listenPort, fwmark, peer }: TunnelInterface,
  { privateKey, presharedKey }: InterfaceKeys,
): string[] {
  return [
    "[NetDev]",
    `Name=${name}`,
    "Kind=wireguard",
    `MTUBytes=${mtu}`,
    "",
    "[WireGuard]",
    privateKey === undefined ? `PrivateKeyFile=${OWN_KEY_FILE}` : `PrivateKey=${privateKey}`,
    `ListenPort=${listenPort}`,
    ...(fwmark === undefined ? [] : [`FirewallMark=${fwmark}`]),
    "",
    "[WireGuardPeer]",
    `PublicKey=${peer.publicKey}`,
    ...(presharedKey === undefined ? [] : [`PresharedKey=${presharedKey}`]),
    // A line each: one with ten thousand of them would be longer than systemd reads.
    ...peer.allowedIps.map((prefix) => `AllowedIPs=${prefix}`),
    ...(peer.endpoint === undefined ? [] : [`Endpoint=${hostPort(peer.endpoint)}`]),
    ...(peer.keepaliveS === undefined ? [] : [`PersistentKeepalive=${peer.keepaliveS}`]),
  ];
}

const network = (state: NodeState, each: TunnelInterface): string[] => [
  "[Match]",
  `Name=${each.name}`,
  "",
  "[Link]",
  "RequiredForOnline=no",
  "",
  "[Network]",
  "LinkLocalAddressing=no",
  "IPv6AcceptRA=no",
  ...state.addresses.flatMap((address) => [
    "",
    "[Address]",
    `Address=${hostPrefix(address)}`,
    ...(address.includes(":") ? ["DuplicateAddressDetection=none"] : []),
  ]),
  ...state.routes.flatMap((route) => (route.interface === each.name ? ["", ...routeLines(route)] : [])),
  ...rulesOf(state, each).flatMap((rule) => ["", ...ruleLines(rule)]),
];

const routeLines = ({ prefix, table, source, mtu, advmss }: Route): string[] => [
  "[Route]",
  `Destination=${prefix}`,
  // IPv6 has no scopes of routes.
  ...(prefix.includes(":") ? [] : ["Scope=link"]),
  `PreferredSource=${source}`,
  `Protocol=${ROUTE_PROTOCOL}`,
  ...(table === "main" ? [] : [`Table=${table}`]),
  ...(mtu === undefined ? [] : [`MTUBytes=${mtu}`]),
  ...(advmss === undefined ? [] : [`TCPAdvertisedMaximumSegmentSize=${advmss}`]),
];

const ruleLines = ({ priority, iif, from, to, fwmark, table, suppressPrefixLength }: Rule): string[] => [
  "[RoutingPolicyRule]",
  `Priority=${priority}`,
  ...(iif === undefined ? [] : [`IncomingInterface=${iif}`]),
  // Also where it is all of them: it says the family.
  `From=${from}`,
  ...(to === undefined ? [] : [`To=${to}`]),
  ...(fwmark === undefined ? [] : [`FirewallMark=${fwmark}`]),
  table === "unreachable" ? "Type=unreachable" : `Table=${table}`,
  ...(suppressPrefixLength === undefined ? [] : [`SuppressPrefixLength=${suppressPrefixLength}`]),
];

/** networkd takes away what it did not put there itself: routes and rules of other programs, tofro's own agent among them. */
const OTHERS = ["[Network]", "ManageForeignRoutes=no", "ManageForeignRoutingPolicyRules=no"];

/** Files of an earlier export first: a tunnel may be gone. networkd must be able to read keys, and nobody else. */
const install = (state: NodeState): string[] => [
  `mkdir -p ${NETWORK} /etc/systemd/networkd.conf.d /etc/sysctl.d /etc/tofro`,
  `chmod 755 ${NETWORK} /etc/systemd/networkd.conf.d /etc/sysctl.d`,
  `were=$(cat ${NETWORK}/${RANK}-*.netdev 2>/dev/null | sed -n 's/^Name=//p')`,
  `rm -f ${NETWORK}/${RANK}-*`,
  `for each in ${state.interfaces.map(({ name }) => name).join(" ")}; do`,
  `  install -m 640 -g systemd-network $each.netdev ${NETWORK}/${RANK}-$each.netdev`,
  `  install -m 644 $each.network ${NETWORK}/${RANK}-$each.network`,
  "done",
  "install -m 644 networkd.conf /etc/systemd/networkd.conf.d/tofro.conf",
  ...installFirewall,
  ...(state.interfaces.length === 0 ? [] : OWN_KEY),
  // It changes nothing of an interface that is there, and removes none (systemd.netdev(5)).
  '[ -z "$were" ] || echo Now: for each in $were\\; do ip link del \\$each\\; done',
  `echo 'Now: ${FIREWALL_NOW}; systemctl restart systemd-networkd'`,
];

/** Where the key stays on the machine, networkd reads it as its own user. */
const OWN_KEY = [
  `if [ -e ${OWN_KEY_FILE} ]; then chgrp systemd-network /etc/tofro ${OWN_KEY_FILE}; chmod 710 /etc/tofro; chmod 640 ${OWN_KEY_FILE}; fi`,
];

const limitsOf = (state: NodeState): Limit[] => [
  ...(state.rules.length === 0
    ? []
    : [
        {
          lacks: `protocol ${ROUTE_PROTOCOL} on rules`,
          instead:
            "networkd marks rules as static; they are told from others by their priority, 11600 to 11609.",
        },
      ]),
  ...routerAdvertisements(state, "networkd"),
];
