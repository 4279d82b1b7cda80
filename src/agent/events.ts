// Which of the kernel's news may mean that this machine is not as it should be: others' routes and tables come and go.
import { IDENTITY, NFT_TABLE, ROUTE_PROTOCOL, type NodeState } from "../core/node-state.ts";

/** For a line of `ip monitor link address route rule netconf`. */
export function routingNews(state: NodeState): (line: string) => boolean {
  const words = new Set([
    IDENTITY,
    ...state.interfaces.map(({ name }) => name),
    // `ip` leaves out what a host's prefix has behind the slash.
    ...state.routes.map(({ prefix }) => prefix.replace(prefix.includes(":") ? /\/128$/ : /\/32$/, "")),
    // Settings of all interfaces.
    "all",
  ]);
  return (line) =>
    line.includes(` proto ${ROUTE_PROTOCOL}`) ||
    line.split(/[\s:@]+/).some((word) => words.has(word)) ||
    line.split(/\s+/).some((word) => words.has(word));
}

/** For a line of `nft monitor`. */
export const firewallNews = (line: string): boolean =>
  new RegExp(`\\binet ${NFT_TABLE}\\b`).test(line) || line.includes("flush ruleset");

/**
 * A shell command that prints the settings of WireGuard: of `wg show all dump` what does not change by itself (wg(8): endpoint,
 * latest handshake, bytes received and sent), and no key that is not public, so that none comes into this process.
 */
export const WIREGUARD_SETTINGS = `wg show all dump | awk -F'\\t' 'NF == 9 { print $1, $2, $5, $9 } NF == 5 { print $1, $3, $4, $5 }'`;
