// Changes as the shell lines that carry them out: what `plan` prints is what `apply` runs.
import { familyOf } from "../core/address.ts";
import type { Change, WireguardSettings } from "../core/diff.ts";
import { IDENTITY, NFT_TABLE } from "../core/node-state.ts";
import { routeReplace, routeDelete, ruleAdd, ruleDelete } from "./iproute.ts";
import { hostPort } from "./wireguard.ts";

/** Where a machine keeps what must outlive a reboot: mode 0700, keys in it 0600. */
export const ETC = "/etc/tofro";
export const nodeKeyFile = (folder: string): string => `${folder}/private.key`;
export const presharedKeyFile = (folder: string, name: string): string => `${folder}/${name}.psk`;

/** What the same change needs to know of the machine. */
export interface ChangeMeans {
  /** How the machine makes WireGuard interfaces. */
  readonly wireguard: "kernel" | "userspace";
  /** The folder on the machine that holds the keys. */
  readonly keys: string;
}

/** A heredoc is one line with newlines in it. */
function changeLines(change: Change, means: ChangeMeans): string[] {
  switch (change.kind) {
    case "identity-add":
      return [
        change.device === "dummy"
          ? `ip link add ${IDENTITY} type dummy`
          : `ip tuntap add dev ${IDENTITY} mode tun`,
        `ip link set ${IDENTITY} alias '${aliasOf("identity")}'`,
      ];
    case "identity-up":
      return [`ip link set ${IDENTITY} up`];
    case "identity-delete":
      return [`ip link del ${IDENTITY}`];
    case "interface-add":
      return [
        means.wireguard === "kernel"
          ? `ip link add ${change.name} type wireguard`
          : `wireguard-go ${change.name}`,
        ...changeLines({ ...change, kind: "alias" }, means),
      ];
    case "alias":
      return [`ip link set ${change.name} alias '${aliasOf(change.tunnel)}'`];
    case "interface-delete":
      return [`ip link del ${change.name}`];
    case "wireguard":
      return wireguardLines(change.name, change.set, means.keys);
    case "address-add":
      return [`ip address add ${change.address} dev ${change.name}${nodad(change.address)}`];
    case "address-delete":
      return [`ip address del ${change.address} dev ${change.name}`];
    case "link":
      return [`ip link set ${change.name} mtu ${change.mtu} ${change.up ? "up" : "down"}`];
    case "route-replace":
      return [`ip ${routeReplace(change.route)}`];
    case "route-delete":
      return [`ip ${routeDelete(change.route)}`];
    case "rule-add":
      return [`ip ${ruleAdd(change.rule)}`];
    case "rule-delete":
      return [`ip ${ruleDelete(change.rule)}`];
    case "sysctl":
      return [`sysctl -qw ${change.key}=${change.value}`];
    case "firewall":
      return [nft([`add table inet ${NFT_TABLE}`, `delete table inet ${NFT_TABLE}`, change.listing])];
    case "elements-add":
    case "elements-delete":
      return [nft(elementLines(change))];
    case "firewall-delete":
      return [`nft delete table inet ${NFT_TABLE}`];
  }
}

/** Bytes that one argument of a command may have, with room to spare (MAX_ARG_STRLEN, 128 KiB). */
const LONGEST_ARGUMENT = 100_000;
/** From so many routes on, one `ip` for all of them is worth reading less well. */
const BATCH = 50;

/**
 * The lines of many changes. With `all`, one that fails does not keep the others from being tried.
 * A hundred thousand routes are one process, not as many (ip(8), -batch).
 */
export function linesOf(
  changes: readonly Change[],
  means: ChangeMeans,
  tries: "until-one-fails" | "all",
): string[] {
  const lines: string[] = [];
  let routes: string[] = [];
  const flush = (): void => {
    const force = tries === "all" ? "-force " : "";
    if (routes.length < BATCH) lines.push(...routes.map((each) => `ip ${each}`));
    else lines.push(`ip ${force}-batch - <<'IP'\n${routes.join("\n")}\nIP`);
    routes = [];
  };
  for (const change of changes) {
    if (change.kind === "route-replace") routes.push(routeReplace(change.route));
    else if (change.kind === "route-delete") routes.push(routeDelete(change.route));
    else {
      flush();
      lines.push(...changeLines(change, means));
    }
  }
  flush();
  return lines;
}

const aliasOf = (tunnel: string): string => `tofro: ${tunnel}`;

const nodad = (address: Parameters<typeof familyOf>[0]): string => (familyOf(address) === 6 ? " nodad" : "");

function wireguardLines(
  name: string,
  { listenPort, privateKey, fwmark, removePeer, peer, greet }: WireguardSettings,
  keys: string,
): string[] {
  const allowed = peer?.allowedIps?.join(",");
  const isLong = allowed !== undefined && allowed.length > LONGEST_ARGUMENT;
  const words = [
    ...(listenPort === undefined ? [] : [`listen-port ${listenPort}`]),
    ...(privateKey === undefined ? [] : [`private-key ${nodeKeyFile(keys)}`]),
    ...(fwmark === undefined ? [] : [`fwmark ${fwmark}`]),
    ...(removePeer === undefined ? [] : [`peer ${removePeer} remove`]),
    ...(peer === undefined ? [] : [`peer ${peer.publicKey}`]),
    ...(peer?.presharedKey === undefined
      ? []
      : [`preshared-key ${peer.presharedKey ? presharedKeyFile(keys, name) : "/dev/null"}`]),
    ...(peer?.endpoint === undefined ? [] : [`endpoint ${hostPort(peer.endpoint)}`]),
    ...(peer?.keepaliveS === undefined ? [] : [`persistent-keepalive ${peer.keepaliveS}`]),
    ...(allowed === undefined || isLong ? [] : [`allowed-ips ${allowed}`]),
  ];
  return [
    `wg set ${name} ${words.join(" ")}`,
    // To a peer that is there it does the same as `allowed-ips` (wg(8)).
    ...(isLong && peer !== undefined
      ? [
          `wg addconf ${name} /dev/stdin <<'WG'\n[Peer]\nPublicKey = ${peer.publicKey}\nAllowedIPs = ${allowed}\nWG`,
        ]
      : []),
    // WireGuard speaks when a keepalive is switched on, and else only when there is something to send.
    ...(greet === undefined ? [] : greet.keepaliveS === 0 ? [25, 0] : [0, greet.keepaliveS]).map(
      (seconds) => `wg set ${name} peer ${greet?.publicKey} persistent-keepalive ${seconds}`,
    ),
  ];
}

/** Elements as the listing has them, which says `counter` behind those that count. */
const elementLines = ({ kind, elements }: Extract<Change, { readonly elements: unknown }>): string[] =>
  Array.from(elements, ([set, list]) => {
    const keys = list.map((each) => each.replace(/ counter$/, ""));
    const verb = kind === "elements-add" ? "add" : "delete";
    return `${verb} element inet ${NFT_TABLE} ${set} { ${keys.join(", ")} }`;
  });

const nft = (lines: readonly string[]): string => `nft -f - <<'NFT'\n${lines.join("\n")}\nNFT`;
