// One wg-quick file per tunnel interface, complete and sufficient: wg-quick(8) alone brings the node to its state.
//
// The files of one node share sysctls and our nftables table. The first one up notes what it finds in /run, the last
// one down puts it back. wg-quick cuts lines at `#` and replaces `%i`; hooks run in bash.
import { familyOf, hostPrefix, lengthOf } from "../core/address.ts";
import type { Plan } from "../core/plan.ts";
import type { Secrets } from "../core/secrets.ts";
import { NFT_TABLE, ROUTE_PROTOCOL, type NodeState, type TunnelInterface } from "../core/node-state.ts";
import { isOfUplink } from "../core/uplink-rules.ts";
import { interfaceSysctls, machineSysctls, putBack, switchedOn } from "./kept-sysctls.ts";
import { routeReplace, ruleAdd, ruleDelete } from "./iproute.ts";
import { keysOf, markLines, peerLines, type InterfaceKeys } from "./wireguard.ts";
import { elementCommands, tableParts } from "./nftables.ts";

/** Where a node that keeps its private key to itself has it. */
export const OWN_KEY_FILE = "/etc/tofro/private.key";
const RUN = "/run/tofro/wg-quick";

export interface WgQuickFile {
  readonly node: string;
  readonly interface: string;
  readonly text: string;
}

/** How every file made from this network begins. */
export const madeBy = (plan: Plan): string => `# Made by tofro from ${plan.spec.file.replace(/^.*\//, "")}: `;

/** Every node's files. They hold private keys. */
export const wgQuickFiles = (plan: Plan, secrets: Secrets): WgQuickFile[] =>
  plan.states.flatMap((state) =>
    state.interfaces.map((each) => ({
      node: state.node,
      interface: each.name,
      text: wgQuickFile(madeBy(plan), state, each, keysOf(secrets, state.node, each)),
    })),
  );

/** The text of `<interface>.conf`. It holds secrets: mode 0600. */
function wgQuickFile(head: string, state: NodeState, each: TunnelInterface, keys: InterfaceKeys): string {
  const { peer } = each;
  const way =
    peer.forwarder !== undefined
      ? ` over the forwarder ${peer.forwarder}`
      : peer.uplink !== undefined
        ? ` over the uplink ${peer.uplink}`
        : "";
  const uplinkRules = rulesOf(state, each).filter(isOfUplink);
  const lines = [
    `${head}${state.node} to ${peer.node}${way}. Change the network file and export again.`,
    "[Interface]",
    keys.privateKey === undefined
      ? `PostUp = wg set %i private-key ${OWN_KEY_FILE}`
      : `PrivateKey = ${keys.privateKey}`,
    `ListenPort = ${each.listenPort}`,
    ...markLines(each),
    `Address = ${state.addresses.map(hostPrefix).join(", ")}`,
    `MTU = ${each.mtu}`,
    "Table = off",
    // Before it sends anything.
    ...ruleHooks(uplinkRules).map((hook) => `PreUp = ${hook}`),
    ...upHooks(state, each).map((hook) => `PostUp = ${hook}`),
    ...downHooks(state).map((hook) => `PostDown = ${hook}`),
    "",
    ...peerLines(each, keys),
    ...(peer.keepaliveS === undefined ? [] : [`PersistentKeepalive = ${peer.keepaliveS}`]),
    "",
  ];
  return lines.join("\n");
}

function upHooks(state: NodeState, each: TunnelInterface): string[] {
  return [
    `mkdir -p ${RUN}/up ${RUN}/saved && touch ${RUN}/up/%i`,
    ...shortLines(tableParts(state)).map((line) => `nft '${line}'`),
    `nft '${elementCommands(state.firewall, each.name).join("; ")}'`,
    ...interfaceSysctls(state, each.name).map(({ key, value }) => `sysctl -qw ${key}=${value}`),
    ...switchedOn(RUN, machineSysctls(state)),
    ...(state.addresses.some((address) => familyOf(address) === 6) ? [ADDRESS_READY] : []),
    ...state.routes
      .filter((route) => route.interface === each.name)
      .map((route) => `ip ${routeReplace(route)}`),
    ...ruleHooks(rulesOf(state, each).filter((rule) => !isOfUplink(rule))),
  ];
}

/** Characters of a hook: wg-quick trims each in a time that grows with the square of its length, some seconds for ten thousand. */
const LONG = 2000;

/** As few as are not too long. */
function shortLines(parts: readonly (readonly string[])[]): string[] {
  const [first = "", ...rest] = parts.map((part) => part.join("; "));
  const lines = [first];
  for (const part of rest) {
    const joined = `${lines.at(-1)}; ${part}`;
    if (joined.length <= LONG) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines;
}

const ruleHooks = (rules: NodeState["rules"]): string[] =>
  rules.flatMap((rule) => [`ip ${ruleDelete(rule)} 2>/dev/null || true`, `ip ${ruleAdd(rule)}`]);

/** An IPv6 address is tentative for a moment, and no route may name it as its source so long. */
const ADDRESS_READY = 'while [ -n "$(ip -6 address show dev %i tentative)" ]; do sleep 0.02; done';

// Down knows nothing of the plan: the file may have been replaced since, or the interface deleted by hand. Whatever
// has a mark and no interface is cleared away, and with the last mark everything that the files share.
const MARKS_DOWN = [
  [
    `for i in $(ls ${RUN}/up 2>/dev/null); do if ip link show dev $i >/dev/null 2>&1; then continue; fi`,
    ...["-4", "-6"].map(
      (family) => `while ip ${family} rule del iif $i protocol ${ROUTE_PROTOCOL} 2>/dev/null; do :; done`,
    ),
    `nft list set inet ${NFT_TABLE} tunnels 2>/dev/null | grep -o '"'$i'"' | while read -r e; do nft delete element inet ${NFT_TABLE} tunnels "{ $e }"; done || true`,
    `for s in arrivals4 arrivals6 transits; do nft list set inet ${NFT_TABLE} $s 2>/dev/null | grep -o '"'$i'" [.] [^ ,}]*' | while read -r e; do nft delete element inet ${NFT_TABLE} $s "{ $e }"; done || true; done`,
    `rm -f ${RUN}/up/$i; done`,
  ].join("; "),
];

/** Where exits are: rules that name no interface, and what else the table holds of one that is gone. */
const EXITS_DOWN = [
  `for i in $(nft list table inet ${NFT_TABLE} 2>/dev/null | grep -o '"[^"]*"' | tr -d '"' | sort -u); do if [ -e /sys/class/net/$i ]; then continue; fi; for s in answers leaving4 leaving6; do nft list set inet ${NFT_TABLE} $s 2>/dev/null | grep -oE '"'$i'"( [.] [^ ,}]*)?' | while read -r e; do nft delete element inet ${NFT_TABLE} $s "{ $e }"; done || true; done; done`,
  `if [ -z "$(ls ${RUN}/up 2>/dev/null)" ]; then for f in -4 -6; do while ip $f rule del protocol ${ROUTE_PROTOCOL} 2>/dev/null; do :; done; done; fi`,
];

const LAST_DOWN = [
  [
    `if rmdir ${RUN}/up 2>/dev/null; then ${putBack(RUN).join("; ")}`,
    `nft delete table inet ${NFT_TABLE} 2>/dev/null || true`,
    `rm -r ${RUN}`,
    "rmdir /run/tofro 2>/dev/null || true; fi",
  ].join("; "),
];

const downHooks = (state: NodeState): string[] => [
  ...MARKS_DOWN,
  ...(state.firewall.exits !== undefined || state.rules.some(({ iif }) => iif === undefined)
    ? EXITS_DOWN
    : []),
  ...LAST_DOWN,
];

/**
 * Those for packets of tunnels over an uplink stand by the tunnels that have the mark; others that name no interface, by the
 * default routes that they lead to.
 */
export const rulesOf = (state: NodeState, each: TunnelInterface): NodeState["rules"] =>
  state.rules.filter((rule) => {
    if (rule.iif !== undefined) return rule.iif === each.name;
    if (isOfUplink(rule)) return rule.fwmark === each.fwmark;
    return leadsOut(state, each.name);
  });

const leadsOut = ({ routes }: NodeState, name: string): boolean =>
  routes.some((route) => route.interface === name && lengthOf(route.prefix) === 0);
