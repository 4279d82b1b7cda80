// `wg show` as people read it. Keys are hidden in it: a node of it keeps its private key to itself.
import { shift, type Diagnostics } from "../diagnostics.ts";
import type { Located } from "../spec.ts";
import type { PeerSection } from "./config-file.ts";
import type { Output } from "./output.ts";
import { endpointOf, INTERFACE_NAME, numberUpTo } from "./values.ts";
import { allowedIpsOf, bareInterface, keyOf, type SeenInterface, type SeenTunnels } from "./wg-dump.ts";

const AGAIN = "save it again, or better `wg show all dump`, which has the keys too";
/** What changes while one looks. */
const PASSING = new Set(["latest handshake", "transfer"]);

export function readShow({ path, lines }: Output, found: Diagnostics): SeenTunnels {
  const interfaces: SeenInterface[] = [];
  let isPeer = false;
  for (const { value: line, at } of lines) {
    const [, before = "", label = "", between = "", value = ""] =
      /^(\s*)([a-z ]+)(:\s*)(.*?)\s*$/.exec(line) ?? [];
    const field = { value, at: shift(at, before.length + label.length + between.length) };
    const last = interfaces.at(-1);
    if (label === "interface" && before === "") {
      isPeer = false;
      if (INTERFACE_NAME.test(value)) interfaces.push({ ...bareInterface(value), path, at });
      else found.error("bad-name", field.at, "this is no interface's name", AGAIN);
    } else if (label === "peer" && before === "" && last !== undefined) {
      isPeer = true;
      const publicKey = keyOf(field, "public key", found);
      last.peers.push({
        at,
        ...(publicKey && { publicKey }),
        allowedIps: [],
        isEndpointSeen: true,
        keepaliveS: 0,
      });
    } else if (label === "" || before === "" || last === undefined)
      found.error("bad-output", at, "this is no line of `wg show`, or stands below no interface", AGAIN);
    else if (isPeer) last.peers.push(peerWith(last.peers.pop()!, label, field, found));
    else interfaces.push({ ...interfaces.pop()!, ...settingOf(label, field, found) });
  }
  return { interfaces, isWhole: false };
}

function settingOf(label: string, field: Located<string>, found: Diagnostics): Partial<SeenInterface> {
  switch (label) {
    case "private key": {
      const privateKey = keyOf(field, label, found);
      return privateKey === undefined ? {} : { privateKey };
    }
    case "public key": {
      const publicKey = keyOf(field, label, found);
      return publicKey === undefined ? {} : { publicKey };
    }
    case "listening port": {
      const port = numberUpTo(65_535, field.value);
      if (port !== undefined) return { listenPort: { value: port, at: field.at } };
      found.error("bad-number", field.at, "this is no port", AGAIN);
      return {};
    }
    case "fwmark":
      return field.value === "off" ? {} : { others: [{ value: "fwmark", at: field.at }] };
    default:
      found.error("bad-output", field.at, "`wg show` says no such thing of an interface", AGAIN);
      return {};
  }
}

function peerWith(peer: PeerSection, label: string, field: Located<string>, found: Diagnostics): PeerSection {
  switch (label) {
    case "preshared key": {
      const key = keyOf(field, label, found);
      if (key !== undefined) return { ...peer, presharedKey: key.value };
      return field.value === "(hidden)" ? { ...peer, isPresharedKeyHidden: true } : peer;
    }
    case "endpoint": {
      const endpoint = endpointOf(field.value);
      if (endpoint !== undefined) return { ...peer, endpoint: { value: endpoint, at: field.at } };
      if (field.value !== "(none)") found.error("bad-endpoint", field.at, "this is no endpoint", AGAIN);
      return peer;
    }
    case "allowed ips":
      return { ...peer, allowedIps: allowedIpsOf(field, found) };
    case "persistent keepalive":
      return { ...peer, keepaliveS: secondsOf(field.value) };
    default:
      if (!PASSING.has(label))
        found.error("bad-output", field.at, "`wg show` says no such thing of a peer", AGAIN);
      return peer;
  }
}

/** `every 25 seconds`, `every 1 minute, 5 seconds`, `off`. */
function secondsOf(text: string): number {
  const part = (unit: string): number => Number(new RegExp(`(\\d{1,5}) ${unit}`).exec(text)?.[1] ?? 0);
  return part("hour") * 3600 + part("minute") * 60 + part("second");
}
