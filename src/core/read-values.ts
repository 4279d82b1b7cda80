// Texts of the file as values: addresses, prefixes, endpoints, numbers, names, keys; what is none is reported and left out.
import { contains, parseAddress, parsePrefix } from "./address.ts";
import type { Address, Prefix } from "./address.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote, shift } from "./diagnostics.ts";
import type { Position } from "./error.ts";
import { describeOdd, firstOdd } from "./look-alike.ts";
import { RESERVED_NAMES } from "./spec.ts";
import type { EndpointSpec, Located } from "./spec.ts";
import type { Text } from "./yaml-tree.ts";
import { WIREGUARD_KEY } from "./wireguard-key.ts";

/** The place `offset` units into a text, or its beginning where columns cannot be counted. */
export const within = (text: Text, offset: number): Position =>
  text.exact ? shift(text.at, offset) : text.at;

export function readAddress(text: Text, found: Diagnostics): Located<Address> | undefined {
  const value = parseAddress(text.text);
  if (value !== undefined) return { value, at: text.at };
  const prefix = parsePrefix(text.text);
  const hint = prefix
    ? `write ${quote(prefix.address)}: the overlay says how long the prefix is`
    : "write one such as 10.0.0.1 or fd00::1";
  found.error("bad-address", text.at, `${quote(text.text)} is not an IP address`, hint);
  return undefined;
}

/** A resolver's address: its name would have to be resolved first. */
export function readResolver(text: Text, found: Diagnostics): Located<Address> | undefined {
  const value = parseAddress(text.text);
  if (value !== undefined) return { value, at: text.at };
  const address = parsePrefix(text.text)?.address;
  const hint = address === undefined ? "write one such as 9.9.9.9 or 2620:fe::fe" : `write ${quote(address)}`;
  found.error("bad-address", text.at, `${quote(text.text)} is not an IP address`, hint);
  return undefined;
}

export function readPrefix(text: Text, found: Diagnostics): Located<Prefix> | undefined {
  const read = parsePrefix(text.text);
  if (read === undefined) {
    const address = parseAddress(text.text);
    const hint = address
      ? `write its length too: ${quote(`${address}/${address.includes(":") ? 128 : 32}`)} is this address alone`
      : "write one such as 10.0.0.0/24 or fd00::/64";
    found.error("bad-prefix", text.at, `${quote(text.text)} is not a prefix`, hint);
    return undefined;
  }
  if (!read.prefix.startsWith(`${read.address}/`)) {
    found.error(
      "host-bits",
      text.at,
      `${quote(text.text)} has bits set behind its length`,
      `write ${quote(read.prefix)}`,
    );
  }
  return { value: read.prefix, at: text.at };
}

/** A decimal number between two bounds; `what` begins the message. */
export function readNumber(
  text: Text,
  what: string,
  code: string,
  least: number,
  most: number,
  found: Diagnostics,
): Located<number> | undefined {
  const value = /^[0-9]{1,9}$/.test(text.text) ? Number(text.text) : undefined;
  if (value !== undefined && value >= least && value <= most) return { value, at: text.at };
  const message = /^-?[0-9]+$/.test(text.text)
    ? `${what} ${text.text.slice(0, 20)} is out of range`
    : `${what} ${quote(text.text)} is not a whole number`;
  found.error(code, text.at, message, `write a number from ${least} to ${most}`);
  return undefined;
}

/** `host`, `host:port`, `[v6]`, `[v6]:port` or bare v6; without `defaultPort` the port must be written. */
export function readEndpoint(
  text: Text,
  defaultPort: number | undefined,
  found: Diagnostics,
): EndpointSpec | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(text.text);
  const bare = text.text.includes(":") ? parseAddress(text.text) : undefined;
  const [host, portText] = bare === undefined ? [match?.[1] ?? match?.[2], match?.[3]] : [bare, undefined];
  if (host === undefined) {
    const hint = 'write `host`, `host:port` or, for IPv6, "[2001:db8::1]:51820"';
    found.error("bad-endpoint", text.at, `${quote(text.text)} is not a host with a port`, hint);
    return undefined;
  }
  const checked = readHost(host, match?.[1] !== undefined && bare === undefined, text.at, found);
  if (portText === undefined) {
    if (defaultPort === undefined) {
      found.error(
        "missing-port",
        text.at,
        `${quote(text.text)} names no port`,
        "write `host:port`, as the provider told you",
      );
      return undefined;
    }
    return checked === undefined ? undefined : { host: checked, port: defaultPort, at: text.at };
  }
  const offset = text.text.length - portText.length;
  const port = readNumber(
    { ...text, text: portText, at: within(text, offset) },
    "port",
    "port-range",
    1,
    65535,
    found,
  );
  return port === undefined || checked === undefined
    ? undefined
    : { host: checked, port: port.value, at: text.at };
}

/** Nobody can be dialled at these: unspecified, multicast, broadcast, link-local without a zone. */
const UNDIALLABLE = ["0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8", "fe80::/10"].map(
  (text) => parsePrefix(text)!.prefix,
);

function readHost(host: string, bracketed: boolean, at: Position, found: Diagnostics): string | undefined {
  const address = parseAddress(host);
  if (address !== undefined) {
    if (UNDIALLABLE.some((prefix) => contains(prefix, address))) {
      found.error(
        "bad-host",
        at,
        `nobody can dial ${quote(address)}`,
        "write the node's public address or host name",
      );
      return undefined;
    }
    return address;
  }
  const labels = host.replace(/\.$/, "").split(".");
  const numeric = /^[0-9]+$/.test(labels.at(-1) ?? "");
  const fine =
    host.length <= 253 &&
    labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label));
  if (fine && !numeric && !bracketed) return host;
  const odd = /[^\x20-\x7e]/u.exec(host)?.[0];
  const kind = bracketed ? "an IPv6 address" : numeric ? "an IPv4 address" : "a host name";
  const why = odd === undefined ? "" : `: ${describeOdd(odd).shown}`;
  const hint =
    host === ""
      ? "write a host name or an address before the colon"
      : "write an address, or a host name of letters, digits, `-` and `.`";
  found.error("bad-host", at, `${quote(host)} is not ${kind}${why}`, hint);
  return undefined;
}

/** Reports a node's or forwarder's name that could not become a file or interface name, or could not stand in a path line. */
export function checkName(name: string, at: Position, found: Diagnostics): void {
  const rule = "names are ASCII letters, digits, `-` and `_`, at most 63";
  const odd = firstOdd(name);
  if (name === "") found.error("bad-name", at, "a name is empty", rule);
  else if (odd !== undefined) {
    const { shown, instead } = describeOdd(odd.char);
    const typed =
      instead !== undefined && /^[A-Za-z0-9_-]$/.test(instead)
        ? `type ${quote(instead)} instead; ${rule}`
        : rule;
    found.error(
      "bad-name",
      shift(at, 0),
      `the name ${quote(name)} contains ${/[\x21-\x7e]/.test(odd.char) ? quote(odd.char) : shown}`,
      typed,
    );
  } else if (name.startsWith("-"))
    found.error(
      "bad-name",
      at,
      `the name ${quote(name)} begins with \`-\``,
      "begin it with a letter, digit or `_`",
    );
  else if (name.length > 63)
    found.error("bad-name", at, `the name ${quote(name)} is ${name.length} characters long`, rule);
  else if (RESERVED_NAMES.some((word) => word === name) || name === "__proto__") {
    found.error("reserved-name", at, `${quote(name)} is a reserved word`, "choose another name");
  }
}

/** A Curve25519 public key: 32 bytes as base64, whose last character carries four bits only. */
export function readPublicKey(text: Text, found: Diagnostics): Located<string> | undefined {
  if (WIREGUARD_KEY.test(text.text) && !/^A{43}=$/.test(text.text)) {
    return { value: text.text, at: text.at };
  }
  found.error(
    "bad-public-key",
    text.at,
    "this is not a WireGuard public key",
    "paste the output of `wg pubkey`: 44 characters of base64 with `=` at the end; or write `node`, and apply makes the key there",
  );
  return undefined;
}
