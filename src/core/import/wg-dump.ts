// `wg show all dump` (wg(8)): a line for an interface, one for each peer, fields between tabs. It holds private keys: no field is quoted.
import type { Prefix } from "../address.ts";
import { shift, type Diagnostics } from "../diagnostics.ts";
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";
import type { ConfigFile, PeerSection } from "./config-file.ts";
import type { Output } from "./output.ts";
import { endpointOf, INTERFACE_NAME, nameOfFile, numberUpTo, writtenAddress } from "./values.ts";
import { WIREGUARD_KEY } from "../wireguard-key.ts";

/** As both forms of `wg show` tell an interface. */
export type SeenInterface = ConfigFile & { peers: PeerSection[] };

export interface SeenTunnels {
  readonly interfaces: readonly ConfigFile[];
  /** It was `all`: there are no others. */
  readonly isWhole: boolean;
}

type Field = Located<string>;
const AGAIN =
  "save `wg show all dump` again, whole: an interface has 4 fields, a peer 8, with the name before them";

/** Without `all` an interface is called as the file is: `wg show wg0 dump > wg0.dump`. */
export function readDump({ path, lines }: Output, found: Diagnostics): SeenTunnels {
  const interfaces = new Map<string, SeenInterface>();
  const isWhole = lines.some((line) => [5, 9].includes(fieldsOf(line).length));
  for (const line of lines) {
    const fields = fieldsOf(line);
    // With `all` the name stands first.
    const name = isWhole ? fields.shift()!.value : nameOfFile(path);
    const before = found.count;
    if (fields.length !== 4 && fields.length !== 8)
      found.error(
        "bad-output",
        line.at,
        "this is neither an interface's line of `wg show` nor a peer's",
        AGAIN,
      );
    else if (!INTERFACE_NAME.test(name))
      found.error("bad-name", line.at, "the first field is no interface's name", AGAIN);
    else if (fields.length === 4) {
      const seen = interfaceOf(name, fields, found);
      interfaces.set(name, { ...(found.count === before ? seen : bareInterface(name)), path, at: line.at });
    } else if (!interfaces.has(name))
      found.error("bad-output", line.at, "a peer of an interface that has no line before it", AGAIN);
    else {
      const peer = peerOf(line.at, fields, found);
      // Where one field is wrong another may be a key in a wrong place, and would be shown.
      if (found.count === before) interfaces.get(name)!.peers.push(peer);
    }
  }
  return { interfaces: [...interfaces.values()], isWhole };
}

function fieldsOf({ value, at }: Located<string>): Field[] {
  let offset = 0;
  return value.split("\t").map((field) => {
    const place = shift(at, offset);
    offset += field.length + 1;
    return { value: field, at: place };
  });
}

/** What an interface is that only an output tells of: nothing in it is wg-quick's. */
export const bareInterface = (name: string): Omit<SeenInterface, "path" | "at"> => ({
  name,
  addresses: [],
  table: "off",
  hooks: [],
  peers: [],
  others: [],
});

function interfaceOf(
  name: string,
  fields: readonly Field[],
  found: Diagnostics,
): Omit<SeenInterface, "path" | "at"> {
  const [hidden, shown, port, mark] = fields as [Field, Field, Field, Field];
  const privateKey = keyOf(hidden, "private key", found);
  const publicKey = keyOf(shown, "public key", found);
  if (hidden.value === "(none)" && publicKey !== undefined)
    found.error(
      "bad-key",
      hidden.at,
      "a public key without a private one",
      "write `(hidden)` here if it stays where it is",
    );
  const listenPort = numberUpTo(65_535, port.value);
  if (listenPort === undefined) found.error("bad-number", port.at, "this field is no port", AGAIN);
  const isMarked = /^0x[0-9a-f]+$|^[1-9]\d*$/.test(mark.value);
  if (!isMarked && !/^(off|0)$/.test(mark.value))
    found.error("bad-output", mark.at, "this field is no firewall mark, nor `off`", AGAIN);
  return {
    ...bareInterface(name),
    ...(privateKey && { privateKey }),
    ...(publicKey && { publicKey }),
    ...(listenPort !== undefined && { listenPort: { value: listenPort, at: port.at } }),
    ...(isMarked && { others: [{ value: "fwmark", at: mark.at }] }),
  };
}

function peerOf(at: Position, fields: readonly Field[], found: Diagnostics): PeerSection {
  const [shown, shared, dialled, allowed] = fields as [Field, Field, Field, Field];
  const often = fields[7]!;
  const publicKey = keyOf(shown, "public key", found);
  const presharedKey = keyOf(shared, "preshared key", found);
  const endpoint = dialled.value === "(none)" ? undefined : endpointOf(dialled.value);
  if (endpoint === undefined && dialled.value !== "(none)")
    found.error("bad-endpoint", dialled.at, "this field is no endpoint, nor `(none)`", AGAIN);
  const keepaliveS = often.value === "off" ? 0 : numberUpTo(65_535, often.value);
  if (keepaliveS === undefined)
    found.error("bad-number", often.at, "this field is no keepalive in seconds, nor `off`", AGAIN);
  return {
    at,
    ...(publicKey && { publicKey }),
    ...(presharedKey && { presharedKey: presharedKey.value }),
    ...(shared.value === "(hidden)" && { isPresharedKeyHidden: true }),
    allowedIps: allowedIpsOf(allowed, found),
    ...(endpoint && { endpoint: { value: endpoint, at: dialled.at } }),
    isEndpointSeen: true,
    keepaliveS: keepaliveS ?? 0,
  };
}

/** Absent: there is none, it is hidden, or it is wrong and reported. */
export function keyOf(field: Field, what: string, found: Diagnostics): Field | undefined {
  if (WIREGUARD_KEY.test(field.value)) return field;
  if (!/^\((none|hidden)\)$/.test(field.value))
    found.error(
      "bad-key",
      field.at,
      `this is no ${what}`,
      "44 characters as `wg` prints them; save its output again",
    );
  return undefined;
}

/** `10.0.0.0/8,fd00::/8` or `(none)`; `wg show` has a space behind the comma. */
export function allowedIpsOf({ value, at }: Field, found: Diagnostics): Located<Prefix>[] {
  if (value === "(none)") return [];
  let offset = 0;
  return value.split(",").flatMap((part) => {
    const place = shift(at, offset + part.length - part.trimStart().length);
    offset += part.length + 1;
    const prefix = writtenAddress(part.trim())?.prefix;
    if (prefix !== undefined) return [{ value: prefix, at: place }];
    found.error(
      "bad-address",
      place,
      "this is no address with a prefix",
      "save the output of `wg` again, whole",
    );
    return [];
  });
}
