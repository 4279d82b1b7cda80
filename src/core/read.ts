// From the tree to a draft: every part of the file that can be read is read, whatever is wrong with the others.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftForwarder, DraftNode } from "./draft.ts";
import { fieldsOf, textOf, textsOf } from "./fields.ts";
import type { Fields } from "./fields.ts";
import { readExits } from "./read-exits.ts";
import { readCarries, readChoose, readController, readFailover, readMetrics } from "./read-agents.ts";
import { readInterfaces } from "./read-interfaces.ts";
import { readPaths } from "./read-paths.ts";
import { readUplinks } from "./read-uplinks.ts";
import {
  checkName,
  readAddress,
  readEndpoint,
  readNumber,
  readPrefix,
  readPublicKey,
  within,
} from "./read-values.ts";
import { DEFAULT_PORT, PLATFORMS } from "./spec.ts";
import type { Located, Platform } from "./spec.ts";
import type { Entry, Mapping, Text, Tree } from "./yaml-tree.ts";

export function readDraft(tree: Mapping, file: string, found: Diagnostics): Draft {
  const fields = fieldsOf(tree);
  const mtu = readMtu(fields, found);
  const controller = readController(fields);
  const metrics = readMetrics(fields, found);
  const overlays = readAll(textsOf(fields, "overlay"), (text) => readPrefix(text, found));
  return {
    file,
    overlays,
    overlaysComplete: overlays.length > 0 && overlays.length === sizeOf(fields.get("overlay")?.value),
    isolate: textOf(fields, "isolate")?.text === "true",
    ...(mtu && { mtu }),
    ...(controller && { controller }),
    choose: readChoose(fields.get("choose")?.value, found),
    failover: readFailover(fields.get("failover")?.value, found),
    ...(metrics !== undefined && { metrics }),
    nodes: [...fieldsOf(fields.get("nodes")?.value).values()].map((entry) => readNode(entry, found)),
    forwarders: [...fieldsOf(fields.get("forwarders")?.value).values()].map((entry) =>
      readForwarder(entry, found),
    ),
    paths: readPaths(fields.get("paths")?.value, found),
    sections: fields,
  };
}

const readAll = <Value>(
  texts: readonly Text[],
  read: (text: Text) => Located<Value> | undefined,
): Located<Value>[] => texts.map(read).filter((value) => value !== undefined);

const sizeOf = (tree: Tree | undefined): number => (tree?.kind === "list" ? tree.items.length : 1);

function readMtu(fields: Fields, found: Diagnostics): Located<number> | undefined {
  const text = textOf(fields, "mtu");
  // The greatest is 65535 less 80: a UDP packet's own length field must hold the tunnel packet and its wrapping.
  return text && readNumber(text, "MTU", "mtu-range", 576, 65455, found);
}

function readNode(entry: Entry, found: Diagnostics): DraftNode {
  checkName(entry.key, entry.at, found);
  const fields = fieldsOf(entry.value);
  const endpointText = textOf(fields, "endpoint");
  const endpoint = endpointText && readEndpoint(endpointText, DEFAULT_PORT, found);
  const ssh = readSsh(textOf(fields, "ssh"), found);
  const mtu = readMtu(fields, found);
  const platform = readPlatform(textOf(fields, "platform"));
  const keyText = textOf(fields, "public_key");
  const carries = readCarries(fields.get("carries")?.value, found);
  const exits = readExits(fields, found);
  const makesItsKey = keyText?.text === "node";
  const publicKey = keyText && !makesItsKey ? readPublicKey(keyText, found) : undefined;
  return {
    name: entry.key,
    at: entry.at,
    addresses: readAll(textsOf(fields, "address"), (text) => readAddress(text, found)),
    prefixes: readAll(textsOf(fields, "prefixes"), (text) => readPrefix(text, found)),
    interfaces: readInterfaces(fields.get("interfaces")?.value, found),
    dialable: fields.has("endpoint"),
    ...(endpoint && { endpoint }),
    ...exits,
    ...readUplinks(fields.get("uplinks")?.value, ({ value }) => readMtu(fieldsOf(value), found), found),
    ...(ssh !== undefined && { ssh }),
    ...(platform && { platform }),
    ...(mtu && { mtu }),
    ...(publicKey && { publicKey }),
    ...(makesItsKey && { makesItsKey }),
    ...(carries && { carries }),
  };
}

/** Others than these are no mistake of this node: the shape has been found wrong before. */
function readPlatform(text: Text | undefined): Located<Platform> | undefined {
  const value = PLATFORMS.find((each) => each === text?.text);
  return text && value && { value, at: text.at };
}

/** The destination becomes an argument of ssh, which would take `-o…` for an option. */
function readSsh(text: Text | undefined, found: Diagnostics): string | undefined {
  if (text === undefined || /^[^\s-][\x21-\x7e]*$/.test(text.text)) return text?.text;
  found.error(
    "bad-ssh",
    text.at,
    `${quote(text.text)} is not a destination for ssh`,
    "write `host`, `user@host` or a name from ssh_config",
  );
  return undefined;
}

function readForwarder(entry: Entry, found: Diagnostics): DraftForwarder {
  checkName(entry.key, entry.at, found);
  const fields = fieldsOf(entry.value);
  const listenText = textOf(fields, "listen");
  const listen = listenText && readEndpoint(listenText, undefined, found);
  const on = textOf(fields, "on");
  const portText = textOf(fields, "port");
  const port = portText && readNumber(portText, "port", "port-range", 1, 65535, found);
  return {
    name: entry.key,
    at: entry.at,
    keys: new Map([...fields].map(([key, { at }]) => [key, at])),
    ...(listen && { listen }),
    ...(on && { on: { value: on.text, at: on.at } }),
    ...(port && { port }),
    ...readTarget(textOf(fields, "to"), found),
  };
}

function readTarget(text: Text | undefined, found: Diagnostics): Pick<DraftForwarder, "to" | "toPort"> {
  if (text === undefined) return {};
  const colon = text.text.indexOf(":");
  if (colon < 0) return { to: { value: text.text, at: text.at } };
  const port: Text = { ...text, text: text.text.slice(colon + 1), at: within(text, colon + 1) };
  const toPort = readNumber(port, "port", "port-range", 1, 65535, found);
  return { to: { value: text.text.slice(0, colon), at: text.at }, ...(toPort && { toPort }) };
}
