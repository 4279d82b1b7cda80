// One wg-quick file per tunnel interface, complete and sufficient: wg-quick(8) alone brings the node to its state.
//
// The files of one node share sysctls and our nftables table. The first one up notes what it finds in /run, the last
// one down puts it back. wg-quick cuts lines at `#` and replaces `%i`; hooks run in bash.
import { familyOf, hostPrefix } from "../core/address.ts";
import type { Plan } from "../core/plan.ts";
import type { Secrets } from "../core/secrets.ts";
import { NFT_TABLE, type NodeState, type TunnelInterface } from "../core/node-state.ts";
import { routeReplace, ruleAdd, ruleDelete } from "./iproute.ts";
import { keysOf, peerLines, type InterfaceKeys } from "./wireguard.ts";
import { elementCommands, tableCommands } from "./nftables.ts";

/** Where a node that keeps its private key to itself has it. */
const OWN_KEY_FILE = "/etc/tofro/private.key";
/** How every file of ours begins. */
export const MADE_BY = "# Made by tofro";
const RUN = "/run/tofro/wg-quick";
const V6 = "/proc/sys/net/ipv6/conf";

export interface WgQuickFile {
  readonly node: string;
  readonly interface: string;
  readonly text: string;
}

/** Every node's files. They hold private keys. */
export const wgQuickFiles = (plan: Plan, secrets: Secrets): WgQuickFile[] =>
  plan.states.flatMap((state) =>
    state.interfaces.map((each) => ({
      node: state.node,
      interface: each.name,
      text: wgQuickFile(state, each, keysOf(secrets, state.node, each)),
    })),
  );

/** The text of `<interface>.conf`. It holds secrets: mode 0600. */
function wgQuickFile(state: NodeState, each: TunnelInterface, keys: InterfaceKeys): string {
  const { peer } = each;
  const way = peer.forwarder === undefined ? "" : ` over the forwarder ${peer.forwarder}`;
  const lines = [
    `${MADE_BY}: ${state.node} to ${peer.node}${way}. Change the network file and export again.`,
    "[Interface]",
    keys.privateKey === undefined
      ? `PostUp = wg set %i private-key ${OWN_KEY_FILE}`
      : `PrivateKey = ${keys.privateKey}`,
    `ListenPort = ${each.listenPort}`,
    `Address = ${state.addresses.map(hostPrefix).join(", ")}`,
    `MTU = ${each.mtu}`,
    "Table = off",
    ...upHooks(state, each).map((hook) => `PostUp = ${hook}`),
    ...downHooks(state, each).map((hook) => `PostDown = ${hook}`),
    "",
    ...peerLines(each, keys),
    ...(peer.keepaliveS === undefined ? [] : [`PersistentKeepalive = ${peer.keepaliveS}`]),
    "",
  ];
  return lines.join("\n");
}

function upHooks(state: NodeState, each: TunnelInterface): string[] {
  const own = state.sysctls.filter(({ key }) => isOfInterface(key, each.name));
  const forwarding = sharedSysctls(state);
  return [
    `mkdir -p ${RUN}/up && touch ${RUN}/up/%i`,
    `nft '${tableCommands(state).join("; ")}'`,
    `nft '${elementCommands("add", state.firewall, each.name).join("; ")}'`,
    ...own.map(({ key, value }) => `sysctl -qw ${key}=${value}`),
    ...(forwarding.some(({ key }) => key.startsWith("net.ipv6.")) ? keepRouterAdvertisements() : []),
    ...forwarding.flatMap(({ key, value }) => [
      `was=$(sysctl -n ${key}); (set -C; echo $was > ${RUN}/${key}) 2>/dev/null || true`,
      `sysctl -qw ${key}=${value}`,
    ]),
    ...(state.addresses.some((address) => familyOf(address) === 6) ? [ADDRESS_READY] : []),
    ...state.routes
      .filter((route) => route.interface === each.name)
      .map((route) => `ip ${routeReplace(route)}`),
    ...rulesOf(state, each).flatMap((rule) => [
      `ip ${ruleDelete(rule)} 2>/dev/null || true`,
      `ip ${ruleAdd(rule)}`,
    ]),
  ];
}

/** An IPv6 address is tentative for a moment, and no route may name it as its source so long. */
const ADDRESS_READY = 'while [ -n "$(ip -6 address show dev %i tentative)" ]; do sleep 0.02; done';

/** Forwarding makes an interface ignore router advertisements; 2 keeps them where they were heeded. */
function keepRouterAdvertisements(): string[] {
  const saved = `${RUN}/ipv6-interfaces`;
  return [
    `was=$(grep -H . ${V6}/all/forwarding ${V6}/*/forwarding ${V6}/*/accept_ra); (set -C; echo "$was" > ${saved}) 2>/dev/null || true`,
    `for ra in ${V6}/*/accept_ra; do if [ $(cat $ra) = 1 ]; then echo 2 > $ra; fi; done`,
  ];
}

function downHooks(state: NodeState, each: TunnelInterface): string[] {
  const restore = sharedSysctls(state).map(({ key }) => `sysctl -qw ${key}=$(cat ${RUN}/${key})`);
  const restore6 = sharedSysctls(state).some(({ key }) => key.startsWith("net.ipv6."))
    ? [
        `while IFS=: read -r key was; do if [ -e $key ]; then echo $was > $key; fi; done < ${RUN}/ipv6-interfaces`,
      ]
    : [];
  const last = [
    ...restore,
    ...restore6,
    `nft delete table inet ${NFT_TABLE}`,
    `rm -r ${RUN}`,
    "rmdir /run/tofro 2>/dev/null || true",
  ];
  return [
    ...rulesOf(state, each).map((rule) => `ip ${ruleDelete(rule)} 2>/dev/null || true`),
    `nft '${elementCommands("delete", state.firewall, each.name).join("; ")}' 2>/dev/null || true`,
    `rm -f ${RUN}/up/%i; if rmdir ${RUN}/up 2>/dev/null; then ${last.join("; ")}; fi`,
  ];
}

const isOfInterface = (key: string, name: string): boolean => key.includes(`.conf.${name}.`);

const sharedSysctls = (state: NodeState): NodeState["sysctls"] =>
  state.sysctls.filter(({ key }) => !state.interfaces.some((each) => isOfInterface(key, each.name)));

const rulesOf = (state: NodeState, each: TunnelInterface): NodeState["rules"] =>
  state.rules.filter((rule) => rule.iif === each.name);
