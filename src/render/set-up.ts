// A shell script that brings a bare machine to its state at once; its WireGuard interfaces are there already.
import { familyOf, hostPrefix } from "../core/address.ts";
import type { NodeState, TunnelInterface } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";
import { fed } from "./exported.ts";
import { routeReplace, ruleAdd } from "./iproute.ts";
import { nftScript } from "./nftables.ts";
import { keysOf, setconfText } from "./wireguard.ts";

/**
 * Guard first, then the tunnels, then what leads into them; nothing is dialled before `dialScript`. It holds secrets:
 * for the stdin of `sh -s`, never for argv.
 */
export function setUpScript(state: NodeState, secrets: Secrets): string {
  const links = state.interfaces.flatMap(({ name, mtu }) => [
    // Without `nodad` an IPv6 address is tentative for a moment, and no route may name it as its source.
    ...state.addresses.map((address) => `address add ${hostPrefix(address)} dev ${name} nodad`),
    `link set dev ${name} mtu ${mtu} up`,
  ]);
  const rules = ([4, 6] as const).flatMap((family) =>
    state.rules.filter((rule) => familyOf(rule.from) === family).map((rule) => `ip ${ruleAdd(rule)}`),
  );
  return [
    "set -e",
    fed("nft -f -", nftScript(state)),
    ...state.sysctls.map(({ key, value }) => `sysctl -qw ${key}=${value}`),
    ...state.interfaces.map((each) =>
      fed(`wg setconf ${each.name} /dev/stdin`, setconfText(each, keysOf(secrets, state.node, each))),
    ),
    fed("ip -batch -", [...links, ...state.routes.map(routeReplace), ""].join("\n")),
    ...rules,
    "",
  ].join("\n");
}

/**
 * Makes all tunnels live that this machine dials; to run when all machines are set up. WireGuard tries again only after
 * 5 s (REKEY_TIMEOUT), so a handshake sent before the other end listens costs that. Waits 3 s at most: a tunnel that
 * does not come up is no error here.
 */
export function dialScript(state: NodeState): string {
  // Where both could dial only one does: of two handshakes that cross, WireGuard completes neither.
  const dialled = state.interfaces.filter(
    ({ peer, publicKey }) =>
      peer.endpoint !== undefined && (peer.keepaliveS !== undefined || publicKey < peer.publicKey),
  );
  const keepalive = (each: TunnelInterface, seconds: number): string =>
    `wg set ${each.name} peer ${each.peer.publicKey} persistent-keepalive ${seconds}`;
  return [
    "set -e",
    // A keepalive that is switched on is sent at once, and takes a handshake.
    ...dialled.map((each) => keepalive(each, each.peer.keepaliveS ?? 1)),
    ...dialled.map(
      ({ name }) =>
        `for try in $(seq 60); do [ "$(wg show ${name} latest-handshakes | cut -f2)" = 0 ] || break; sleep 0.05; done`,
    ),
    ...dialled.filter(({ peer }) => peer.keepaliveS === undefined).map((each) => keepalive(each, 0)),
    "",
  ].join("\n");
}
