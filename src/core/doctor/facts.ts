// What a machine told the doctor (the sections of `examineScript`), parsed once.
import { z } from "zod";
import { parseAddress, parsePrefix, hostPrefix, type Address, type Prefix } from "../address.ts";
import { linesOf, sectionsOf } from "../sections.ts";
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

export interface SeenRoute {
  readonly prefix: Prefix | "default";
  readonly interface?: string;
  readonly table: string;
  readonly protocol: string;
  readonly type: string;
  readonly hasGateway: boolean;
  readonly metric: number;
}

interface SeenRule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: string;
  readonly protocol: string;
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

interface Underlay {
  readonly host: string;
  readonly addresses: readonly Address[];
  /** By address; absent: there is no route. */
  readonly routes: ReadonlyMap<
    string,
    { readonly interface: string; readonly mtu?: number; readonly text: string }
  >;
}

interface SysctlLine {
  readonly file: string;
  readonly line: number;
  readonly key: string;
  readonly value: string;
  readonly text: string;
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
  readonly underlay: ReadonlyMap<string, Underlay>;
  readonly ruleset: Ruleset;
  /** Live values by key, with slashes. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Of sysctl.d files, in the order in which they are read at boot. */
  readonly sysctlFiles: readonly SysctlLine[];
  /** Lines of networkd.conf that speak of foreign routes and rules; absent: networkd does not run. */
  readonly networkd?: readonly string[];
  /** `device:state` lines of nmcli; absent: NetworkManager does not run. */
  readonly networkManager?: { readonly devices: readonly string[]; readonly unmanaged: readonly string[] };
  readonly hasIptables: boolean;
  readonly hasUfw: boolean;
  readonly hasFirewalld: boolean;
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
const routeList = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    table: z.string().optional(),
    protocol: z.string().optional(),
    type: z.string().optional(),
    gateway: z.string().optional(),
    via: z.unknown().optional(),
    metric: z.number().optional(),
  }),
);
const ruleList = z.array(
  z.object({ priority: z.number(), table: z.string().optional(), protocol: z.string().optional() }),
);
const routeGet = z.array(
  z.object({
    dev: z.string().optional(),
    metrics: z.array(z.object({ mtu: z.number().optional() })).optional(),
    type: z.string().optional(),
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
    routes: [...routeList.parse(json("routes4")), ...routeList.parse(json("routes6"))].flatMap(routeOf),
    rules: [...rulesOf(4, json("rules4")), ...rulesOf(6, json("rules6"))],
    wireguard: wireguardOf(lines),
    sockets: lines("sockets").flatMap(socketOf),
    underlay: new Map(
      Array.from(text("endpoints").matchAll(/^host (\S+)\n((?:(?!host ).*\n?)*)/gm), ([, host, rest]) => [
        host!,
        underlayOf(host!, rest ?? ""),
      ]),
    ),
    ruleset: parseRuleset(text("nft-json"), text("nft-text")),
    sysctls: new Map(
      lines("sysctls").flatMap((line) => {
        const [, key, value] = /^\/proc\/sys\/(.*):(\S+)$/.exec(line) ?? [];
        return key === undefined ? [] : [[key, value!] as const];
      }),
    ),
    sysctlFiles: sysctlLines(lines("sysctl-files")),
    ...(runs("networkd") ? { networkd: lines("networkd-conf") } : {}),
    ...(runs("networkmanager")
      ? { networkManager: { devices: lines("nmcli"), unmanaged: lines("networkmanager-conf") } }
      : {}),
    hasIptables: runs("iptables"),
    hasUfw: runs("ufw"),
    hasFirewalld: runs("firewalld"),
  };
}

function routeOf(each: z.infer<typeof routeList>[number]): SeenRoute[] {
  const address = parseAddress(each.dst);
  const prefix =
    each.dst === "default"
      ? each.dst
      : address === undefined
        ? parsePrefix(each.dst)?.prefix
        : hostPrefix(address);
  if (prefix === undefined) return [];
  return [
    {
      prefix,
      table: each.table ?? "main",
      protocol: each.protocol ?? "boot",
      type: each.type ?? "unicast",
      hasGateway: each.gateway !== undefined || each.via !== undefined,
      metric: each.metric ?? 0,
      ...(each.dev === undefined ? {} : { interface: each.dev }),
    },
  ];
}

const rulesOf = (family: 4 | 6, json: unknown): SeenRule[] =>
  ruleList
    .parse(json)
    .map(({ priority, table = "", protocol = "" }) => ({ family, priority, table, protocol }));

function wireguardOf(lines: (name: string) => string[]): Map<string, WireguardDevice> {
  const rows = (name: string): string[][] => lines(name).map((line) => line.split("\t"));
  const of = (section: string, name: string): string[] =>
    rows(section)
      .find(([first]) => first === name)
      ?.slice(1) ?? [];
  return new Map(
    rows("public-key").map(([name = "", publicKey = ""]) => {
      const [peer] = of("endpoints", name);
      const endpoint = endpointOf(of("endpoints", name)[1] ?? "");
      return [
        name,
        {
          publicKey,
          listenPort: Number(of("listen-port", name)[0] ?? 0),
          ...(peer === undefined
            ? {}
            : {
                peer: {
                  publicKey: peer,
                  latestHandshake: Number(of("latest-handshakes", name)[1] ?? 0),
                  sent: Number(of("transfer", name)[2] ?? 0),
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

function underlayOf(host: string, text: string): Underlay {
  const routes = new Map<string, { interface: string; mtu?: number; text: string }>();
  const addresses: Address[] = [];
  for (const line of linesOf(text)) {
    const [, word, rest] = /^address (\S+) ?(.*)$/.exec(line) ?? [];
    const address = parseAddress(word ?? "");
    if (address === undefined || addresses.includes(address)) continue;
    addresses.push(address);
    const [route] = routeGet.parse(JSON.parse(rest || "[]"));
    if (route?.dev === undefined || route.type === "unreachable" || route.type === "blackhole") continue;
    const mtu = route.metrics?.find((each) => each.mtu !== undefined)?.mtu;
    routes.set(address, {
      interface: route.dev,
      text: `ip route get ${address}: dev ${route.dev}${mtu === undefined ? "" : ` mtu ${mtu}`}`,
      ...(mtu === undefined ? {} : { mtu }),
    });
  }
  return { host, addresses, routes };
}

/** In the order of sysctl.d(5): by name, one in /etc hides those of the same name elsewhere; sysctl.conf comes last. */
function sysctlLines(lines: readonly string[]): SysctlLine[] {
  const all = lines.flatMap((text): SysctlLine[] => {
    const [, file, line, setting] = /^([^:]+):(\d+):\s*-?(.*)$/.exec(text) ?? [];
    const [, key, value] = /^([^=\s]+)\s*=\s*(\S+)/.exec(setting ?? "") ?? [];
    if (key === undefined) return [];
    return [
      {
        file: file!,
        line: Number(line),
        key: key.replaceAll(".", "/"),
        value: value!,
        text: setting!.trim(),
      },
    ];
  });
  const base = (file: string): string =>
    file === "/etc/sysctl.conf" ? "~" : file.slice(file.lastIndexOf("/") + 1);
  const rank = (file: string): number =>
    ["/etc/", "/run/", "/usr/local/", "/usr/"].findIndex((each) => file.startsWith(each));
  const shown = all.filter(
    ({ file }) => !all.some((other) => base(other.file) === base(file) && rank(other.file) < rank(file)),
  );
  return shown.sort((a, b) =>
    base(a.file) < base(b.file) ? -1 : base(a.file) > base(b.file) ? 1 : a.line - b.line,
  );
}
