// A plain shell script for each machine: `up` brings its state up from whatever was there of ours, `down` takes it away.
import { hostPrefix } from "../core/address.ts";
import { NFT_TABLE, ROUTE_PROTOCOL, type NodeState, type TunnelInterface } from "../core/node-state.ts";
import { isOfUplink } from "../core/uplink-rules.ts";
import { fed, limitLines, type Exporter, type Limit } from "./exported.ts";
import { routeReplace, ruleAdd } from "./iproute.ts";
import { interfaceSysctls, machineSysctls, putBack, switchedOn } from "./kept-sysctls.ts";
import { nftScript } from "./nftables.ts";
import { OWN_KEY_FILE } from "./wg-quick.ts";
import { keysOf, setconfText, type InterfaceKeys } from "./wireguard.ts";

/** Names of our interfaces, one a line, and what sysctls were before. */
const RUN = "/run/tofro/shell";

/** It holds secrets: mode 0600. All of the plan is in it. */
export const shell: Exporter = (head, state, secrets) => {
  const limits: Limit[] =
    state.firewall.exits?.killSwitch === undefined
      ? []
      : [
          {
            lacks: "a kill switch that stands while `up` runs again",
            instead:
              "It takes down what was there first, and for that moment traffic may leave by the uplink.",
          },
        ];
  const lines = [
    `${head}${state.node}. Change the network file and export again.`,
    "# `sh tofro.sh up` as root, at each boot too; again after each change; `sh tofro.sh down` leaves the machine as it was.",
    ...limitLines(limits),
    "set -e; umask 077",
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    "down() {",
    ...DOWN.map(indented),
    "}",
    "up() {",
    `  mkdir -p ${RUN}/saved`,
    fed("  nft -f -", nftScript(state)),
    ...switchedOn(RUN, machineSysctls(state)).map(indented),
    // Before the tunnels send anything.
    ...state.rules.filter(isOfUplink).map((rule) => `  ip ${ruleAdd(rule)}`),
    ...state.interfaces.flatMap((each) => interfaceLines(state, each, keysOf(secrets, state.node, each))),
    ...state.routes.map((route) => `  ip ${routeReplace(route)}`),
    ...state.rules.filter((rule) => !isOfUplink(rule)).map((rule) => `  ip ${ruleAdd(rule)}`),
    "}",
    'case "$1" in',
    // Without the way back a half of it would stay.
    "  up) down; trap 'down' EXIT; trap 'exit 1' INT TERM HUP; up; trap - EXIT ;;",
    "  down) down ;;",
    '  *) echo "usage: sh $0 up|down" >&2; exit 2 ;;',
    "esac",
    "",
  ];
  return { files: [{ name: "tofro.sh", text: lines.join("\n") }], limits };
};

// It knows nothing of the plan: the file may have been replaced since.
const DOWN = [
  // Without this folder they are somebody else's, such as apply's.
  `if [ -e ${RUN} ]; then`,
  `  for f in -4 -6; do while ip $f rule del protocol ${ROUTE_PROTOCOL} 2>/dev/null; do :; done; done`,
  `  for i in $(cat ${RUN}/interfaces 2>/dev/null); do ip link del $i 2>/dev/null || true; done`,
  `  ${putBack(RUN).join("; ")}`,
  `  nft delete table inet ${NFT_TABLE} 2>/dev/null || true`,
  `  rm -r ${RUN}; rmdir /run/tofro 2>/dev/null || true`,
  "fi",
];

function interfaceLines(state: NodeState, each: TunnelInterface, keys: InterfaceKeys): string[] {
  const { name, mtu, peer } = each;
  return [
    // Noted only once it is ours: `down` must not delete another's of the same name.
    `  ip link add ${name} type wireguard 2>/dev/null || wireguard-go ${name} >/dev/null`,
    `  echo ${name} >>${RUN}/interfaces`,
    fed(`  wg setconf ${name} /dev/stdin`, setconfText(each, keys)),
    ...(keys.privateKey === undefined ? [`  wg set ${name} private-key ${OWN_KEY_FILE}`] : []),
    ...interfaceSysctls(state, name).map(({ key, value }) => `  sysctl -qw ${key}=${value}`),
    ...state.addresses.map(
      (address) =>
        // Without `nodad` an IPv6 address is tentative for a moment, and no route may name it as its source.
        `  ip address add ${hostPrefix(address)} dev ${name}${address.includes(":") ? " nodad" : ""}`,
    ),
    `  ip link set ${name} mtu ${mtu} up`,
    ...(peer.keepaliveS === undefined
      ? []
      : [`  wg set ${name} peer ${peer.publicKey} persistent-keepalive ${peer.keepaliveS}`]),
  ];
}

const indented = (line: string): string => `  ${line}`;
