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
 * What the settings of WireGuard are in `wg show all dump`: without what changes by itself (wg(8): endpoint, latest handshake,
 * bytes received and sent), and without the text of any key that is not public.
 */
export function wireguardSettings(dump: string): string {
  return dump
    .split("\n")
    .map((line) => {
      const fields = line.split("\t");
      if (fields.length === 9) {
        const [name, peer, _presharedKey, _endpoint, allowedIps, _handshake, _received, _sent, keepalive] =
          fields;
        return [name, peer, allowedIps, keepalive].join(" ");
      }
      const [name, _privateKey, publicKey, port, mark] = fields;
      return [name, publicKey, port, mark].join(" ");
    })
    .join("\n");
}
