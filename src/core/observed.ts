// What a machine told of itself (the sections of `observeScript`), parsed once.
import { z } from "zod";
import { parseHeld, type Held } from "./agent/held.ts";
import { hostPrefix, parseAddress, parsePrefix, type Family, type Prefix } from "./address.ts";
import {
  routeKey,
  ruleKey,
  type MachineInterface,
  type MachinePeer,
  type MachineState,
} from "./machine-state.ts";
import { routerAdvertisementKey } from "./router-advertisement.ts";
import {
  IDENTITY,
  ROUTE_PROTOCOL,
  type NodeState,
  type Route,
  type Rule,
  type Sysctl,
} from "./node-state.ts";
import { sectionsOf } from "./sections.ts";
import { tableOfMark } from "./uplink-rules.ts";

export interface Observed {
  readonly state: MachineState;
  /** Commands that are not there. */
  readonly missing: readonly string[];
  readonly isRoot: boolean;
  /** How WireGuard interfaces are made; absent: not at all. */
  readonly wireguard?: "kernel" | "userspace";
  readonly hasSystemd: boolean;
  /** Whether the kernel has dummy devices. */
  readonly hasDummy: boolean;
  /** Interfaces that are there and not ours. */
  readonly foreign: ReadonlySet<string>;
  /** The plan's firewall as this machine prints it; absent: its nft refused it. */
  readonly firewallWanted?: string;
  /** `accept_ra` of every interface. */
  readonly routerAdvertisements: ReadonlyMap<string, string>;
  /** Sysctls as they were before tofro changed them. */
  readonly was: readonly Sysctl[];
  /** Public half of the private key that the machine keeps. */
  readonly nodeKey?: string;
  /** SHA-256 of the list of what lies in /etc/tofro beside the private key, hex. */
  readonly kept?: string;
  /** Whether systemd brings everything up at boot. */
  readonly unitEnabled: boolean;
  /** The Node.js that an agent would run on; absent: there is none, or nobody asked. */
  readonly node?: { readonly path: string; readonly major: number };
  /** What the agent that runs there holds the machine at; absent: none runs, or nobody asked. */
  readonly held?: Held;
  /** Routes of others that a route of the plan would replace, as the machine prints them. */
  readonly inTheWay: readonly string[];
}

const ALIAS = "tofro: ";
/** Alias of the device that keeps the node's own addresses. */
export const IDENTITY_ALIAS = `${ALIAS}identity`;

const links = z.array(
  z.object({
    ifname: z.string(),
    ifalias: z.string().optional(),
    mtu: z.number(),
    flags: z.array(z.string()),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  }),
);
const addresses = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({ local: z.string().optional(), prefixlen: z.number(), scope: z.string() })),
  }),
);
const routes = z.array(
  z.object({
    dst: z.string(),
    dev: z.string().optional(),
    table: z.string().optional(),
    prefsrc: z.string().optional(),
    metrics: z.array(z.object({ mtu: z.number().optional(), advmss: z.number().optional() })).optional(),
  }),
);
const rules = z.array(
  z.object({
    priority: z.number(),
    src: z.string(),
    srclen: z.number().optional(),
    dst: z.string().optional(),
    dstlen: z.number().optional(),
    iif: z.string().optional(),
    fwmark: z.string().optional(),
    table: z.string().optional(),
    action: z.string().optional(),
    suppress_prefixlen: z.number().optional(),
    protocol: z.string().optional(),
  }),
);

/** Parses the script's output; throws when it is cut off or is not what iproute2 prints. */
export function parseObserved(output: string, plan: NodeState): Observed {
  const sections = sectionsOf(output);
  if (!sections.has("end")) throw new Error("the answer is cut off");
  const failed = sections.get("failed");
  if (failed !== undefined) throw new Error(`it could not list its ${failed.trim()}`);
  const text = (name: string): string => sections.get(name) ?? "";
  const json = (name: string): unknown => JSON.parse(text(name).trim() || "[]");
  const linkList = links.parse(json("links"));
  const marked = linkList.filter(({ ifalias }) => ifalias?.startsWith(ALIAS) === true);
  const identity = marked.find(({ ifname, ifalias }) => ifname === IDENTITY && ifalias === IDENTITY_ALIAS);
  const ours = marked.filter((each) => each !== identity);
  const names = new Set(ours.map(({ ifname }) => ifname));
  const byName = perInterface(sections);
  const addressesOf = new Map(
    addresses
      .parse(json("addresses"))
      .map(({ ifname, addr_info: list }) => [
        ifname,
        list
          .filter(({ scope }) => scope === "global")
          .flatMap(({ local, prefixlen }) => prefix(`${local}/${prefixlen}`)),
      ]),
  );
  const wanted = new Map(plan.interfaces.map((each) => [each.name, each]));
  const interfaces = ours.map((link): [string, MachineInterface] => {
    const name = link.ifname;
    const told = byName(name);
    const peer = told.peer(wanted.get(name)?.peer.endpoint !== undefined);
    return [
      name,
      {
        name,
        tunnel: link.ifalias!.slice(ALIAS.length),
        mtu: link.mtu,
        up: link.flags.includes("UP"),
        addresses: addressesOf.get(name) ?? [],
        listenPort: told.listenPort,
        publicKey: told.publicKey,
        ...(told.fwmark === 0 ? {} : { fwmark: told.fwmark }),
        ...(peer === undefined ? {} : { peer }),
      },
    ];
  });
  const families = [4, 6] as const;
  const routeList = families.flatMap((family) =>
    routes.parse(json(`routes${family}`)).flatMap((each) => routeOf(each, names, family)),
  );
  const ruleList = families.flatMap((family) =>
    rules.parse(json(`rules${family}`)).flatMap((each) => ruleOf(each, family)),
  );
  const firewall = text("firewall").trimEnd();
  const firewallWanted = text("firewall-wanted").trimEnd();
  const routerAdvertisements = new Map(
    Array.from(
      text("accept-ra").matchAll(/conf\/([^/]+)\/accept_ra:(\d+)/g),
      ([, name, value]) => [name!, value!] as const,
    ),
  );
  const wireguard = text("wireguard").trim();
  const nodeKey = text("node-key").trim();
  const kept = text("kept").trim().split(" ")[0]!;
  const [, path, major] = /^(\/.*)\nv(\d+)\./.exec(text("node")) ?? [];
  const held = parseHeld(text("held"));
  return {
    state: {
      ...(identity === undefined
        ? {}
        : {
            identity: {
              device: identity.linkinfo?.info_kind === "dummy" ? "dummy" : "tun",
              addresses: addressesOf.get(IDENTITY) ?? [],
              up: identity.flags.includes("UP"),
            },
          }),
      interfaces: new Map(interfaces),
      routes: new Map(routeList.map((route) => [routeKey(route), route])),
      rules: new Map(ruleList.map((rule) => [ruleKey(rule), rule])),
      sysctls: new Map([
        ...pairs(text("sysctls")),
        ...pairs(text("was-now")),
        ...[...routerAdvertisements].map(([name, value]) => [routerAdvertisementKey(name), value] as const),
      ]),
      ...(firewall === "" ? {} : { firewall }),
    },
    missing: lines(text("commands")),
    isRoot: text("root").trim() === "0",
    hasSystemd: text("systemd").trim() === "yes",
    hasDummy: text("dummy").trim() === "yes",
    foreign: new Set(linkList.filter((each) => !marked.includes(each)).map(({ ifname }) => ifname)),
    unitEnabled: text("unit").trim() === "enabled",
    inTheWay: lines(text("in-the-way")).map((line) => line.trim()),
    routerAdvertisements,
    was: pairs(text("was")).map(([key, value]) => ({ key, value })),
    ...(wireguard === "kernel" || wireguard === "userspace" ? { wireguard } : {}),
    ...(firewallWanted === "" ? {} : { firewallWanted }),
    ...(nodeKey === "" ? {} : { nodeKey }),
    ...(kept === "" ? {} : { kept }),
    ...(path === undefined ? {} : { node: { path, major: Number(major) } }),
    ...(held && { held }),
  };
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** `key value` lines; a key without a value is left out. */
const pairs = (text: string): [string, string][] =>
  lines(text).flatMap((line) => {
    const space = line.indexOf(" ");
    return space === -1 ? [] : [[line.slice(0, space), line.slice(space + 1).trim()] as [string, string]];
  });

interface Told {
  readonly listenPort: number;
  readonly publicKey: string;
  /** 0: none. */
  readonly fwmark: number;
  readonly peer: (dialled: boolean) => MachinePeer | undefined;
}

/** What `wg show all` says, by interface; an interface with two peers has none that a plan would know. */
function perInterface(sections: ReadonlyMap<string, string>): (name: string) => Told {
  const rows = (name: string): string[][] => lines(sections.get(name) ?? "").map((line) => line.split(/\s+/));
  const of = (what: string, name: string): string[][] => rows(what).filter(([first]) => first === name);
  return (name) => ({
    listenPort: Number(of("listen-port", name)[0]?.[1] ?? 0),
    publicKey: of("public-key", name)[0]?.[1] ?? "",
    fwmark: Number(of("fwmark", name)[0]?.[1]?.replace("off", "0") ?? 0),
    peer(dialled) {
      const peers = of("peers", name);
      const publicKey = peers[0]?.[1];
      if (peers.length !== 1 || publicKey === undefined) return undefined;
      const allowed = of("allowed-ips", name)[0]?.slice(2) ?? [];
      const endpoint = dialled ? endpointOf(of("endpoints", name)[0]?.[2] ?? "") : undefined;
      return {
        publicKey,
        presharedKeyPrint: of("preshared-keys", name)[0]?.[1] ?? "",
        allowedIps: allowed.flatMap(prefix),
        keepaliveS: Number(of("persistent-keepalive", name)[0]?.[2]?.replace("off", "0") ?? 0),
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    },
  });
}

function endpointOf(text: string): MachinePeer["endpoint"] {
  const [, host, port] = /^\[?([^\]]+)\]?:(\d+)$/.exec(text) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

function prefix(text: string): Prefix[] {
  const address = parseAddress(text);
  const found = address === undefined ? parsePrefix(text)?.prefix : hostPrefix(address);
  return found === undefined ? [] : [found];
}

/** Routes with our protocol number through interfaces of ours: others are not tofro's, whatever their number. */
function routeOf(each: z.infer<typeof routes>[number], names: ReadonlySet<string>, family: Family): Route[] {
  const [destination] = prefix(each.dst === "default" ? ALL[family] : each.dst);
  const source = parseAddress(each.prefsrc ?? "");
  if (destination === undefined || source === undefined || each.dev === undefined || !names.has(each.dev))
    return [];
  const metrics = Object.assign({}, ...(each.metrics ?? [])) as { mtu?: number; advmss?: number };
  const table = each.table === undefined || each.table === "main" ? "main" : Number(each.table);
  return [
    {
      prefix: destination,
      interface: each.dev,
      table,
      source,
      ...(metrics.mtu === undefined ? {} : { mtu: metrics.mtu }),
      ...(metrics.advmss === undefined ? {} : { advmss: metrics.advmss }),
    },
  ];
}

const ALL: Readonly<Record<Family, string>> = { 4: "0.0.0.0/0", 6: "::/0" };

function ruleOf(each: z.infer<typeof rules>[number], family: Family): Rule[] {
  const {
    priority,
    src,
    srclen,
    dst,
    dstlen,
    iif,
    fwmark,
    table,
    action,
    suppress_prefixlen: suppressed,
  } = each;
  if (each.protocol !== String(ROUTE_PROTOCOL)) return [];
  const of = (address: string, length: number | undefined): Prefix[] =>
    prefix(address === "all" ? ALL[family] : length === undefined ? address : `${address}/${length}`);
  const [from] = of(src, srclen);
  const [to] = dst === undefined ? [] : of(dst, dstlen);
  // A table may have a name on the machine (rt_tables); the mark of an uplink's rule says its number.
  const marked = fwmark === undefined ? undefined : tableOfMark(Number(fwmark));
  const looked = action === "unreachable" ? action : table === "main" ? table : (marked ?? Number(table));
  if (from === undefined || Number.isNaN(looked)) return [];
  return [
    {
      priority,
      ...(iif === undefined ? {} : { iif }),
      from,
      ...(to === undefined ? {} : { to }),
      ...(fwmark === undefined ? {} : { fwmark: Number(fwmark) }),
      table: looked,
      ...(suppressed === undefined ? {} : { suppressPrefixLength: suppressed }),
    },
  ];
}
