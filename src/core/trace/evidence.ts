// What a machine's own counters say before and after the packets of a trace, and how its WireGuard and kernel are set.
import { z } from "zod";
import { linesOf, sectionsOf } from "../sections.ts";
import { wireguardOf, type PeerCounters } from "../wireguard-listing.ts";

interface LinkCounters {
  readonly mtu: number;
  readonly up: boolean;
  readonly rxErrors: number;
  readonly txErrors: number;
}

export interface Evidence {
  /** Unix seconds on that machine's clock. */
  readonly now: number;
  readonly links: ReadonlyMap<string, LinkCounters>;
  /** By interface; of an interface with one peer. */
  readonly wireguard: ReadonlyMap<string, PeerCounters>;
  /** Of /proc/net/snmp, netstat and snmp6, as nstat names them: `TcpExtIPReversePathFilter`. */
  readonly kernel: ReadonlyMap<string, number>;
  /** Packets that conntrack found INVALID; absent: there is no conntrack. */
  readonly invalid?: number;
  /** Of nftables rules that count and drop, by `<family> <table> <chain>: <rule>`. */
  readonly drops: ReadonlyMap<string, number>;
  /** By key, with slashes behind /proc/sys/net. */
  readonly sysctls: ReadonlyMap<string, string>;
}

const links = z.array(
  z.object({
    ifname: z.string(),
    mtu: z.number(),
    flags: z.array(z.string()),
    stats64: z
      .object({ rx: z.object({ errors: z.number() }), tx: z.object({ errors: z.number() }) })
      .optional(),
  }),
);

/** Throws when the script's output is cut off. */
export function parseEvidence(output: string): Evidence {
  const sections = sectionsOf(output);
  if (!sections.has("end")) throw new Error("the answer is cut off");
  const text = (name: string): string => sections.get(name) ?? "";
  const invalid = conntrackInvalid(text("conntrack"));
  return {
    now: Number(text("now")),
    links: new Map(
      links.parse(JSON.parse(text("links").trim() || "[]")).map(({ ifname, mtu, flags, stats64 }) => [
        ifname,
        {
          mtu,
          up: flags.includes("UP"),
          rxErrors: stats64?.rx.errors ?? 0,
          txErrors: stats64?.tx.errors ?? 0,
        },
      ]),
    ),
    wireguard: wireguardOf(sections),
    kernel: kernelCounters(text("kernel")),
    drops: dropCounters(text("drops")),
    sysctls: new Map(
      linesOf(text("sysctls")).flatMap((line) => {
        const [, key, value] = /^\/proc\/sys\/net\/(.*):(\S+)$/.exec(line) ?? [];
        return key === undefined ? [] : [[key, value!] as const];
      }),
    ),
    ...(invalid === undefined ? {} : { invalid }),
  };
}

/** Pairs of lines (names, values) of snmp and netstat; `name value` lines of snmp6. */
function kernelCounters(text: string): Map<string, number> {
  const counters = new Map<string, number>();
  let names: string[] = [];
  for (const line of linesOf(text)) {
    const words = line.trim().split(/\s+/);
    const [, group] = /^(\w+):$/.exec(words[0] ?? "") ?? [];
    if (group === undefined) counters.set(words[0]!, Number(words[1]));
    else if (names[0] === words[0] && /^-?\d+$/.test(words[1] ?? ""))
      words.slice(1).forEach((value, index) => counters.set(`${group}${names[index + 1]}`, Number(value)));
    else names = words;
  }
  return counters;
}

/** Column `invalid` of /proc/net/stat/nf_conntrack, hexadecimal, a line a processor. */
function conntrackInvalid(text: string): number | undefined {
  const [head, ...rows] = linesOf(text).map((line) => line.trim().split(/\s+/));
  const column = head?.indexOf("invalid") ?? -1;
  if (column === -1) return undefined;
  return rows.reduce((sum, row) => sum + Number.parseInt(row[column] ?? "0", 16), 0);
}

/** Of `nft -a list ruleset`: the handle tells two equal rules apart. */
function dropCounters(text: string): Map<string, number> {
  const drops = new Map<string, number>();
  let table = "";
  let chain = "";
  for (const line of text.split("\n")) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table;
    chain = /^\tchain (\S+) \{/.exec(line)?.[1] ?? chain;
    const [, rule, packets, rest, handle] =
      /^\t\t(.*)counter packets (\d+) bytes \d+(.*) # handle (\d+)$/.exec(line) ?? [];
    if (handle === undefined || !/\b(?:drop|reject)\b/i.test(rest!)) continue;
    drops.set(`${table} ${chain}: ${`${rule}counter${rest}`.trim()} # handle ${handle}`, Number(packets));
  }
  return drops;
}

/** How much a counter of the kernel grew. */
export const grownBy = (before: Evidence, after: Evidence, name: string): number =>
  (after.kernel.get(name) ?? 0) - (before.kernel.get(name) ?? 0);

/** Dropping rules that counted packets in between, the most first, without their handles. */
export const grownDrops = (before: Evidence, after: Evidence): { rule: string; packets: number }[] =>
  Array.from(after.drops, ([rule, packets]) => ({
    rule: rule.replace(/ # handle \d+$/, ""),
    packets: packets - (before.drops.get(rule) ?? 0),
  }))
    .filter(({ packets }) => packets > 0)
    .sort((x, y) => y.packets - x.packets);
