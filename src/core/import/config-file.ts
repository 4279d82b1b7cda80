// A wg-quick(8) configuration as somebody wrote it: its settings with their places, and what its hooks run.
import type { Prefix } from "../address.ts";
import { shift, type Diagnostics } from "../diagnostics.ts";
import { start, type Position } from "../error.ts";
import type { Located } from "../spec.ts";
import {
  endpointOf,
  INTERFACE_NAME,
  nameOfFile,
  quoteLine as quote,
  writtenAddress,
  type Endpoint,
  type WrittenAddress,
} from "./values.ts";
import { WIREGUARD_KEY } from "../wireguard-key.ts";

export interface PeerSection {
  readonly at: Position;
  readonly publicKey?: Located<string>;
  readonly presharedKey?: string;
  /** There is one, and an output does not show it. */
  readonly isPresharedKeyHidden?: true;
  readonly allowedIps: readonly Located<Prefix>[];
  readonly endpoint?: Located<Endpoint>;
  /** The endpoint is the kernel's: somebody set it, or the peer's packets came from there. */
  readonly isEndpointSeen?: true;
  readonly keepaliveS: number;
}

export interface ConfigFile {
  readonly path: string;
  /** Of the interface: the file's name without `.conf`. */
  readonly name: string;
  readonly at: Position;
  readonly privateKey?: Located<string>;
  /** Of the private key, or as an output shows it. */
  readonly publicKey?: Located<string>;
  readonly listenPort?: Located<number>;
  readonly addresses: readonly Located<WrittenAddress>[];
  readonly mtu?: Located<number>;
  /** `off`: no routes of its own. */
  readonly table: "auto" | "off" | number;
  /** Lines of PreUp and PostUp, `%i` replaced. */
  readonly hooks: readonly Located<string>[];
  readonly peers: readonly PeerSection[];
  /** Settings that tofro's file has no place for. */
  readonly others: readonly Located<string>[];
}

/** PreDown and PostDown undo what is taken over already. */
const DROPPED = new Set(["saveconfig", "predown", "postdown"]);
const IGNORED = new Set(["dns", "fwmark"]);
const OF_WG_QUICK = /^\s*(address|dns|mtu|table|preup|postup|predown|postdown|saveconfig)\s*=/im;

/**
 * Whether it is as `wg showconf` writes it: nothing in it is wg-quick's, so it makes no route. wg-quick takes such a file too, and
 * has an interface without an address of it, which nobody wants.
 */
export const isOfWg = (text: string): boolean => /^\s*\[Interface\]/im.test(text) && !OF_WG_QUICK.test(text);

interface Setting {
  /** In lower case: wg-quick does not mind. */
  readonly key: string;
  readonly word: string;
  readonly value: string;
  readonly at: Position;
  readonly valueAt: Position;
}

/** Reports everything that `wg-quick` would not take; never quotes a private or preshared key. */
export function parseConfigFile(text: string, path: string, found: Diagnostics): ConfigFile {
  const isSeen = isOfWg(text);
  const name = path.endsWith(".conf") ? path.replace(/^.*\//, "").replace(/\.conf$/, "") : nameOfFile(path);
  if (!INTERFACE_NAME.test(name))
    found.error(
      "bad-name",
      start(path),
      `${quote(name)} cannot be an interface's name`,
      "rename the file as it is in /etc/wireguard",
    );
  const file = {
    hooks: [] as Located<string>[],
    others: [] as Located<string>[],
    addresses: [] as Located<WrittenAddress>[],
  };
  const own: Partial<Pick<ConfigFile, "privateKey" | "listenPort" | "mtu">> = {};
  let table: ConfigFile["table"] = isSeen ? "off" : "auto";
  const peers: PeerSection[] = [];
  let section: "none" | "interface" | "peer" = "none";
  let interfaces = 0;
  let hasKey = false;
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const at = { file: path, line: index + 1, column: raw.length - raw.trimStart().length + 1 };
    const line = raw.replace(/#.*$/, "").trim();
    if (line === "") continue;
    const title = /^\[(.*)\]$/.exec(line)?.[1]?.trim().toLowerCase();
    if (title !== undefined) {
      section = title === "interface" ? "interface" : title === "peer" ? "peer" : "none";
      if (section === "none")
        found.error(
          "unknown-section",
          at,
          `${quote(line)} is no section of such a file`,
          "there are [Interface] and [Peer]",
        );
      if (section === "interface" && ++interfaces > 1)
        found.error("duplicate-section", at, "a second [Interface]", "one file is one interface");
      if (section === "peer")
        peers.push({ at, allowedIps: [], keepaliveS: 0, ...(isSeen && { isEndpointSeen: true }) });
      continue;
    }
    const setting = settingOf(raw, at);
    hasKey ||= section === "interface" && setting?.key === "privatekey";
    if (setting === undefined || section === "none") {
      const hint =
        setting === undefined ? "write `Key = value`" : "settings stand below [Interface] or [Peer]";
      found.error(
        "bad-line",
        at,
        setting === undefined ? "this line is no setting" : "a setting outside of any section",
        hint,
      );
    } else if (section === "peer") peers[peers.length - 1] = readPeer(peers.at(-1)!, setting, found);
    else if (setting.key === "table") table = readTable(setting, found);
    else if (setting.key === "address") file.addresses.push(...readAddresses(setting, found));
    else if (setting.key === "preup" || setting.key === "postup")
      file.hooks.push({ value: setting.value.replaceAll("%i", name), at: setting.valueAt });
    else if (DROPPED.has(setting.key)) continue;
    else if (IGNORED.has(setting.key)) file.others.push({ value: setting.key, at });
    else Object.assign(own, readOwn(setting, found));
  }
  if (interfaces === 0)
    found.error("missing-section", start(path), "there is no [Interface]", "is it a file for wg-quick?");
  else if (!hasKey && !file.hooks.some(({ value }) => value.includes("private-key")))
    found.error(
      "missing-key",
      start(path),
      "[Interface] has no PrivateKey",
      "peers are matched by its public half",
    );
  return { path, name, at: start(path), ...own, ...file, table, peers };
}

function settingOf(raw: string, at: Position): Setting | undefined {
  const [, before = "", key = "", between = "", value = ""] =
    /^(\s*)([A-Za-z]+)(\s*=\s*)([^#]*?)\s*(?:#.*)?$/.exec(raw) ?? [];
  if (key === "") return undefined;
  const valueAt = shift({ ...at, column: 1 }, before.length + key.length + between.length);
  return { key: key.toLowerCase(), word: key, value, at, valueAt };
}

function readOwn(
  setting: Setting,
  found: Diagnostics,
): Partial<Pick<ConfigFile, "privateKey" | "listenPort" | "mtu">> {
  const { key, word, value, at, valueAt } = setting;
  switch (key) {
    case "privatekey":
      return isKey(setting, found) ? { privateKey: { value, at: valueAt } } : {};
    case "listenport": {
      const port = numberOf(setting, 65_535, found);
      return port === undefined ? {} : { listenPort: { value: port, at: valueAt } };
    }
    case "mtu": {
      const mtu = numberOf(setting, 65_535, found);
      return mtu === undefined ? {} : { mtu: { value: mtu, at: valueAt } };
    }
    default:
      found.error("unknown-key", at, `[Interface] has no ${quote(word)}`, "see wg-quick(8)");
      return {};
  }
}

function readPeer(peer: PeerSection, setting: Setting, found: Diagnostics): PeerSection {
  const { key, word, value, at, valueAt } = setting;
  switch (key) {
    case "publickey":
      return isKey(setting, found) ? { ...peer, publicKey: { value, at: valueAt } } : peer;
    case "presharedkey":
      return isKey(setting, found) ? { ...peer, presharedKey: value } : peer;
    case "allowedips":
      return {
        ...peer,
        allowedIps: [
          ...peer.allowedIps,
          ...readAddresses(setting, found).map(({ value: { prefix }, at: place }) => ({
            value: prefix,
            at: place,
          })),
        ],
      };
    case "endpoint": {
      const endpoint = endpointOf(value);
      if (endpoint !== undefined) return { ...peer, endpoint: { value: endpoint, at: valueAt } };
      found.error(
        "bad-endpoint",
        valueAt,
        `${quote(value)} is not a host with a port`,
        "write one such as `198.51.100.1:51820`",
      );
      return peer;
    }
    case "persistentkeepalive": {
      if (value.toLowerCase() === "off") return { ...peer, keepaliveS: 0 };
      return { ...peer, keepaliveS: numberOf(setting, 65_535, found) ?? 0 };
    }
    default:
      found.error("unknown-key", at, `[Peer] has no ${quote(word)}`, "see wg(8)");
      return peer;
  }
}

function isKey({ word, value, valueAt }: Setting, found: Diagnostics): boolean {
  if (WIREGUARD_KEY.test(value)) return true;
  found.error(
    "bad-key",
    valueAt,
    `${word} is no key`,
    "44 characters as `wg genkey` and `wg pubkey` print them",
  );
  return false;
}

function numberOf({ word, value, valueAt }: Setting, most: number, found: Diagnostics): number | undefined {
  if (/^\d{1,5}$/.test(value) && Number(value) <= most) return Number(value);
  found.error("bad-number", valueAt, `${word}: ${quote(value)} is no number from 0 to ${most}`, "see wg(8)");
  return undefined;
}

function readTable({ value, valueAt }: Setting, found: Diagnostics): ConfigFile["table"] {
  const word = value.toLowerCase();
  if (word === "off" || word === "auto") return word;
  if (/^\d{1,9}$/.test(word)) return Number(word);
  if (word === "main") return 254;
  found.error("bad-table", valueAt, `${quote(value)} is no table`, "`off`, `auto` or a number");
  return "auto";
}

/** Commas between; a bare address is a host. */
function readAddresses({ value, valueAt }: Setting, found: Diagnostics): Located<WrittenAddress>[] {
  let offset = 0;
  return value.split(",").flatMap((part): Located<WrittenAddress>[] => {
    const text = part.trim();
    const at = shift(valueAt, offset + part.length - part.trimStart().length);
    offset += part.length + 1;
    if (text === "") return [];
    const read = writtenAddress(text);
    if (read !== undefined) return [{ value: read, at }];
    found.error(
      "bad-address",
      at,
      `${quote(text)} is no address with a prefix`,
      "write one such as `10.0.0.1/32`",
    );
    return [];
  });
}
