// The values that WireGuard's tools write: keys, interface names, endpoints, addresses; and how a message quotes a line of theirs.
import { parseAddress, parsePrefix, type Address, type Prefix } from "../address.ts";
import { quote } from "../diagnostics.ts";

export const INTERFACE_NAME = /^[A-Za-z0-9_=+.-]{1,15}$/;

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** An address with the prefix that it was written with, as a kernel takes it: the address, and a route to the rest. */
export interface WrittenAddress {
  readonly address: Address;
  readonly prefix: Prefix;
}

/** `10.0.0.1/24`, or `10.0.0.1` for a host. */
export function writtenAddress(text: string): WrittenAddress | undefined {
  const bare = parseAddress(text);
  return parsePrefix(bare === undefined ? text : `${text}/${text.includes(":") ? 128 : 32}`);
}

/** `198.51.100.1:51820`, `[2001:db8::1]:51820`, `host:51820`. */
export function endpointOf(text: string): Endpoint | undefined {
  const [, host, port] = /^\[?([^\]\s]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || Number(port) === 0 || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

/** A decimal number from 0 to `most`. */
export function numberUpTo(most: number, text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= most ? Number(text) : undefined;
}

/** The user's text as a message shows it, without what may be a key, or a good part of one. */
export const quoteLine = (text: string): string => quote(text.replace(/[A-Za-z0-9+/]{20,}=?/g, "…"));

/** Of an interface whose file is called by it: `a/wg0.conf`, `a/wg0.dump`, `a/wg0`. */
export const nameOfFile = (path: string): string => path.replace(/^.*\//, "").replace(/\.[A-Za-z]+$/, "");
