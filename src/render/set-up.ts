// A shell script that brings a bare machine to its state at once; its WireGuard interfaces are there already.
import { familyOf, hostPrefix } from "../core/address.ts";
import type { NodeState } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";
import { routeReplace, ruleAdd } from "./iproute.ts";
import { nftScript } from "./nftables.ts";
import { keysOf, setconfText } from "./wireguard.ts";

/** Guard first, then the tunnels, then what leads into them. It holds secrets: for the stdin of `sh -s`, never for argv. */
export function setUpScript(state: NodeState, secrets: Secrets): string {
  const links = state.interfaces.flatMap(({ name, mtu }) => [
    ...state.addresses.map((address) => `address add ${hostPrefix(address)} dev ${name}`),
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

const fed = (command: string, input: string): string => `${command} <<'TOFRO'\n${input}TOFRO`;
