// What `ip` commands in somebody's scripts and hooks put on a machine: addresses and routes. Other commands are passed over.
import { type Address, type Prefix } from "../address.ts";
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";
import { writtenAddress, type WrittenAddress } from "./values.ts";

export interface SaidAddress extends WrittenAddress {
  readonly at: Position;
  readonly device: string;
  /** `peer …`: the kernel adds a route to it. */
  readonly peer?: Prefix;
}

export interface SaidRoute {
  readonly at: Position;
  readonly prefix: Prefix;
  readonly device: string;
  readonly table: string;
  readonly source?: Address;
  readonly mtu?: number;
  /** Of two to the same prefix the lower wins; absent: 0. */
  readonly metric?: number;
}

/** Packets that entered by `iif` (absent: any) from `from` (absent: anybody) look into a table of their own. */
export interface SaidRule {
  readonly at: Position;
  readonly priority: number;
  readonly table: string;
  readonly iif?: string;
  readonly from?: Prefix;
}

export interface Said {
  readonly addresses: readonly SaidAddress[];
  readonly routes: readonly SaidRoute[];
  readonly rules: readonly SaidRule[];
  /** `ip` commands that are not understood, or that a plan has no place for: rules, other tables, gateways. */
  readonly others: readonly Located<string>[];
  /** Settings of rp_filter by interface. */
  readonly reversePath: ReadonlyMap<string, number>;
}

/** The commands of a script, a line each; comments and continuation lines are understood, loops and variables are not. */
export function scriptLines(text: string, file: string): Located<string>[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const found: Located<string>[] = [];
  for (let index = 0; index < lines.length; index++) {
    const at = { file, line: index + 1, column: 1 };
    let line = lines[index]!;
    while (line.endsWith("\\") && index + 1 < lines.length) line = line.slice(0, -1) + lines[++index]!;
    found.push({ value: line.replace(/(^|\s)#.*$/, "$1"), at });
  }
  return found;
}

export function readCommands(lines: readonly Located<string>[]): Said {
  const addresses: SaidAddress[] = [];
  const routes: SaidRoute[] = [];
  const rules: SaidRule[] = [];
  const others: Located<string>[] = [];
  const reversePath = new Map<string, number>();
  for (const { value, at } of lines) {
    let column = 0;
    for (const part of value.split(/;|&&|\|\|/)) {
      const place = { ...at, column: at.column + column + part.length - part.trimStart().length };
      column += part.length + (value[column + part.length] === ";" ? 1 : 2);
      const words = part.trim().split(/\s+/);
      const filter = /net[./]ipv4[./]conf[./]([^./\s]+)[./]rp_filter\s*=\s*(\d)/.exec(part);
      if (filter !== null) reversePath.set(filter[1]!, Number(filter[2]));
      if (words[0] === "sudo") words.shift();
      if (words[0]?.replace(/^.*\//, "") !== "ip") continue;
      const args = words.slice(1).filter((word) => !/^-(4|6|br|brief|force|o)$/.test(word));
      const verb = args[1] ?? "";
      if (isShort(args[0], "address", 1) && isShort(verb, "add", 1)) {
        const address = readAddress(args.slice(2), place);
        if (address === undefined) others.push({ value: part.trim(), at: place });
        else addresses.push(address);
      } else if (
        isShort(args[0], "route", 1) &&
        (isShort(verb, "add", 1) || isShort(verb, "replace", 3) || isShort(verb, "append", 2))
      ) {
        const route = readRoute(args.slice(2), place, args[0] !== undefined && words.includes("-6"));
        if (route === undefined) others.push({ value: part.trim(), at: place });
        else routes.push(route);
      } else if (isShort(args[0], "rule", 2) && isShort(verb, "add", 1)) {
        const rule = readRule(args.slice(2), place);
        if (rule === undefined) others.push({ value: part.trim(), at: place });
        else rules.push(rule);
      }
    }
  }
  return { addresses, routes, rules, others, reversePath };
}

/** `ip` takes any beginning of its words. */
const isShort = (word: string | undefined, whole: string, least: number): boolean =>
  word !== undefined && word.length >= least && whole.startsWith(word);

function options(words: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (let index = 0; index + 1 < words.length; index += 2) found.set(words[index]!, words[index + 1]!);
  return found;
}

function readAddress(words: readonly string[], at: Position): SaidAddress | undefined {
  const rest = words[0] === "local" ? words.slice(1) : words;
  const said = options(rest.slice(1).filter((word) => !/^(nodad|noprefixroute|home)$/.test(word)));
  const written = writtenAddress(rest[0] ?? "");
  const device = said.get("dev");
  const peer = said.has("peer") ? writtenAddress(said.get("peer")!) : undefined;
  if (written === undefined || device === undefined) return undefined;
  return { ...written, at, device, ...(peer && { peer: peer.prefix }) };
}

function readRoute(words: readonly string[], at: Position, isSix: boolean): SaidRoute | undefined {
  const rest = words[0] === "unicast" ? words.slice(1) : words;
  const said = options(rest.slice(1).filter((word) => word !== "onlink"));
  const to = rest[0] === "default" ? (isSix ? "::/0" : "0.0.0.0/0") : (rest[0] ?? "");
  const prefix = writtenAddress(to)?.prefix;
  const device = said.get("dev");
  if (prefix === undefined || device === undefined) return undefined;
  const source = said.has("src") ? writtenAddress(said.get("src")!)?.address : undefined;
  const mtu = Number(said.get("mtu") ?? NaN);
  const metric = Number(said.get("metric") ?? said.get("preference") ?? NaN);
  return {
    at,
    prefix,
    device,
    table: tableOf(said.get("table")),
    ...(source && { source }),
    ...(Number.isInteger(mtu) && { mtu }),
    ...(Number.isInteger(metric) && { metric }),
  };
}

/** `main` by its name or its number. */
export const tableOf = (text: string | undefined): string =>
  text === undefined || text === "254" ? "main" : text;

/** Only of what decides between tables: where from, and by which interface. */
export function readRule(words: readonly string[], at: Position): SaidRule | undefined {
  const said = options(words);
  const known = new Set(["priority", "pref", "prio", "iif", "from", "lookup", "table", "protocol", "proto"]);
  if ([...said.keys()].some((word) => !known.has(word))) return undefined;
  const table = said.get("lookup") ?? said.get("table");
  const from = said.get("from");
  const prefix = from === undefined || from === "all" ? undefined : writtenAddress(from)?.prefix;
  if (table === undefined || (from !== undefined && from !== "all" && prefix === undefined)) return undefined;
  const priority = Number(said.get("priority") ?? said.get("pref") ?? said.get("prio") ?? 0);
  const iif = said.get("iif");
  return { at, priority, table: tableOf(table), ...(iif && { iif }), ...(prefix && { from: prefix }) };
}
