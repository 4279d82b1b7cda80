// The part of a tunnel that WireGuard itself knows, in the format of wg(8) `setconf`.
import type { TunnelInterface } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";

/** Private key (absent: the node keeps it to itself) and preshared key of an interface, base64. */
export interface InterfaceKeys {
  readonly privateKey?: string;
  readonly presharedKey?: string;
}

export function keysOf(secrets: Secrets, node: string, { tunnel }: TunnelInterface): InterfaceKeys {
  const privateKey = secrets.privateKeys.get(node);
  const presharedKey = secrets.presharedKeys.get(tunnel);
  return {
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(presharedKey === undefined ? {} : { presharedKey }),
  };
}

/** The file for `wg setconf`, without the keepalive: nothing is sent before it is switched on. It holds secrets. */
export const setconfText = (each: TunnelInterface, keys: InterfaceKeys): string =>
  [
    "[Interface]",
    ...(keys.privateKey === undefined ? [] : [`PrivateKey = ${keys.privateKey}`]),
    `ListenPort = ${each.listenPort}`,
    ...markLines(each),
    ...peerLines(each, keys),
    "",
  ].join("\n");

export const markLines = ({ fwmark }: TunnelInterface): string[] =>
  fwmark === undefined ? [] : [`FwMark = ${fwmark}`];

export function peerLines({ peer }: TunnelInterface, { presharedKey }: InterfaceKeys): string[] {
  return [
    "[Peer]",
    `PublicKey = ${peer.publicKey}`,
    ...(presharedKey === undefined ? [] : [`PresharedKey = ${presharedKey}`]),
    `AllowedIPs = ${peer.allowedIps.join(", ")}`,
    ...(peer.endpoint === undefined ? [] : [`Endpoint = ${hostPort(peer.endpoint)}`]),
  ];
}

/** `host:port`, IPv6 addresses in brackets (RFC 3986, 3.2.2). */
export const hostPort = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
