// What a machine told the doctor (the sections of `examineScript`), parsed once.
import { z } from "zod";
import { parseAddress, type Address } from "../address.ts";
import { routesOf, rulesOf, type SeenRoute, type SeenRule } from "./facts-routes.ts";
import { sysctlLines, type SysctlLine } from "./facts-sysctl.ts";
import { roomsOf, underlaysOf, type Room, type Underlay } from "./facts-underlay.ts";
import { joined, parseLegacy } from "./legacy.ts";
import { parseNetworkd, type Networkd } from "./networkd.ts";
import { linesOf, sectionsOf } from "../sections.ts";
import { resolverOf, type SeenResolver } from "./resolvers.ts";
import { parseRuleset, type Ruleset } from "./ruleset.ts";

interface Link {
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly alias?: string;
}

interface HeldAddress {
  readonly interface: string;
  readonly address: Address;
  readonly length: number;
  /** With a lifetime: from a router advertisement or a DHCP server. */
  readonly isDynamic: boolean;
}

interface UdpSocket {
  readonly port: number;
  /** `users:(("name",pid=1,fd=2))`; empty for the kernel's own. */
  readonly users: string;
  readonly text: string;
}

interface WireguardDevice {
  readonly publicKey: string;
  readonly listenPort: number;
  readonly peer?: {
    readonly publicKey: string;
    readonly endpoint?: { readonly host: string; readonly port: number };
    readonly latestHandshake: number;
    /** Bytes sent. */
    readonly sent: number;
  };
}

export interface Facts {
  readonly missing: readonly string[];
  readonly isRoot: boolean;
  readonly hasWireguard: boolean;
  readonly links: ReadonlyMap<string, Link>;
  readonly addresses: readonly HeldAddress[];
  readonly routes: readonly SeenRoute[];
  readonly rules: readonly SeenRule[];
  readonly wireguard: ReadonlyMap<string, WireguardDevice>;
  readonly sockets: readonly UdpSocket[];
  /** By `underlayKey`. */
  readonly underlay: ReadonlyMap<string, Underlay>;
  /** By table and family (`102 4`), the device of a route; absent: the table has none. */
  readonly uplinks: ReadonlyMap<string, string>;
  /** By address. */
  readonly rooms: ReadonlyMap<string, Room>;
  readonly resolvers: readonly SeenResolver[];
  /** Interfaces whose endpoint says that nothing listens there. */
  readonly closed: ReadonlySet<string>;
  readonly ruleset: Ruleset;
  /** Tables of iptables-legacy that no command here can read. */
  readonly unseenTables: readonly string[];
  /** Live values by key, with slashes. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Of sysctl.d files, in the order in which they are read at boot. */
  readonly sysctlFiles: readonly SysctlLine[];
  /** Absent: networkd does not run. */
  readonly networkd?: Networkd;
  /** `device:state` lines of nmcli; absent: NetworkManager does not run. */
  readonly networkManager?: { readonly devices: readonly string[]; readonly unmanaged: readonly string[] };
  /** Which tables the command `iptables` writes to; absent: it is not there. */
  readonly iptables?: "nft" | "legacy";
  readonly hasIptablesLegacy: boolean;
  readonly hasUfw: boolean;
  readonly hasFirewalld: boolean;
  /** Unix time of the machine, as its handshakes are counted. */
  readonly nowS: number;
}

const links = z.array(
  z.object({
    ifname: z.string(),
    ifalias: z.string().optional(),
    mtu: z.number(),
    flags: z.array(z.string()),
  }),
);
const addressList = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(
      z.object({
        local: z.string().optional(),
        prefixlen: z.number().optional(),
        scope: z.string().optional(),
        dynamic: z.boolean().optional(),
      }),
    ),
  }),
);
/** Throws when the output is cut off or is not what iproute2 and nftables print. */
export function parseFacts(output: string): Facts {
  const sections = sectionsOf(output);
  if (!sections.has("end")) throw new Error("the answer is cut off");
  const text = (name: string): string => sections.get(name) ?? "";
  const lines = (name: string): string[] => linesOf(text(name));
  const json = (name: string): unknown => JSON.parse(text(name).trim() || "[]");
  const runs = (name: string): boolean => text(name).trim() === "yes";
  return {
    missing: lines("commands"),
    isRoot: text("root").trim() === "0",
    hasWireguard: text("wireguard").trim() !== "",
    links: new Map(
      links
        .parse(json("links"))
        .map(({ ifname: name, ifalias: alias, mtu, flags }) => [
          name,
          { name, mtu, up: flags.includes("UP"), ...(alias === undefined ? {} : { alias }) },
        ]),
    ),
    addresses: addressList.parse(json("addresses")).flatMap(({ ifname, addr_info: list }) =>
      list.flatMap(({ local, prefixlen: length, scope, dynamic }) => {
        const address = parseAddress(local ?? "");
        if (address === undefined || length === undefined || scope !== "global") return [];
        return [{ interface: ifname, address, length, isDynamic: dynamic === true }];
      }),
    ),
    routes: [...routesOf(4, json("routes4")), ...routesOf(6, json("routes6"))],
    rules: [...rulesOf(4, json("rules4")), ...rulesOf(6, json("rules6"))],
    wireguard: wireguardOf(lines),
    sockets: lines("sockets").flatMap(socketOf),
    underlay: underlaysOf(lines("endpoints")),
    uplinks: new Map(
      lines("uplinks").flatMap((line) => {
        const [, way, device] = /^(\d+ [46]) (\S+)$/.exec(line) ?? [];
        return way === undefined ? [] : [[way, device!] as const];
      }),
    ),
    rooms: roomsOf(lines("room")),
    resolvers: lines("resolvers").flatMap(resolverOf),
    closed: new Set(lines("closed")),
    ruleset: joined(parseRuleset(text("nft-json"), text("nft-text")), {
      ip: parseLegacy("ip", text("legacy4")),
      ip6: parseLegacy("ip6", text("legacy6")),
    }),
    unseenTables: lines("unseen-tables"),
    sysctls: new Map(
      lines("sysctls").flatMap((line) => {
        const [, key, value] = /^\/proc\/sys\/(.*):(\S+)$/.exec(line) ?? [];
        return key === undefined ? [] : [[key, value!] as const];
      }),
    ),
    sysctlFiles: sysctlLines(lines("sysctl-files")),
    ...(runs("networkd")
      ? {
          networkd: parseNetworkd(lines("networkd-conf"), lines("networkd-links"), lines("networkd-match")),
        }
      : {}),
    ...(runs("networkmanager")
      ? { networkManager: { devices: lines("nmcli"), unmanaged: lines("networkmanager-conf") } }
      : {}),
    ...(text("iptables").trim() === ""
      ? {}
      : { iptables: text("iptables").includes("nf_tables") ? "nft" : "legacy" }),
    hasIptablesLegacy: runs("iptables-legacy"),
    hasUfw: runs("ufw"),
    hasFirewalld: runs("firewalld"),
    nowS: Number(text("now").trim()),
  };
}

function wireguardOf(lines: (name: string) => string[]): Map<string, WireguardDevice> {
  const rows = (name: string): string[][] => lines(name).map((line) => line.split("\t"));
  const of = (section: string, name: string): string[] =>
    rows(section)
      .find(([first]) => first === name)
      ?.slice(1) ?? [];
  return new Map(
    rows("wg-public-key").map(([name = "", publicKey = ""]) => {
      const [peer] = of("wg-endpoints", name);
      const endpoint = endpointOf(of("wg-endpoints", name)[1] ?? "");
      return [
        name,
        {
          publicKey,
          listenPort: Number(of("wg-listen-port", name)[0] ?? 0),
          ...(peer === undefined
            ? {}
            : {
                peer: {
                  publicKey: peer,
                  latestHandshake: Number(of("wg-latest-handshakes", name)[1] ?? 0),
                  sent: Number(of("wg-transfer", name)[2] ?? 0),
                  ...(endpoint === undefined ? {} : { endpoint }),
                },
              }),
        },
      ];
    }),
  );
}

function endpointOf(text: string): { host: string; port: number } | undefined {
  const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

function socketOf(line: string): UdpSocket[] {
  const words = line.trim().split(/\s+/);
  const port = Number(/:(\d+)$/.exec(words[3] ?? "")?.[1]);
  if (!(port > 0)) return [];
  return [{ port, users: words.find((word) => word.startsWith("users:")) ?? "", text: words.join(" ") }];
}
