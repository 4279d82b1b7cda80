// What a machine's saved outputs say of it, all of them together.
import { familyOf } from "../address.ts";
import type { Diagnostics } from "../diagnostics.ts";
import type { Located } from "../spec.ts";
import { parseConfigFile, type ConfigFile } from "./config-file.ts";
import { readAddresses, type SeenAddresses, type SeenDevice } from "./ip-address.ts";
import { readJson } from "./ip-json.ts";
import { readRoutes, type OtherRoute, type SeenRoutes } from "./ip-route.ts";
import { readRules, type SeenRules } from "./ip-rule.ts";
import { isShowconf, outputsOf, type Output } from "./output.ts";
import type { SaidAddress, SaidRoute, SaidRule } from "./script.ts";
import { readDump, type SeenTunnels } from "./wg-dump.ts";
import { readShow } from "./wg-show.ts";

export interface Live {
  /** One for each name: what has the private key before what has not. */
  readonly interfaces: readonly ConfigFile[];
  /** There are no other interfaces of WireGuard. */
  readonly isWhole: boolean;
  readonly devices: readonly SeenDevice[];
  readonly addresses: readonly SaidAddress[];
  readonly routes: readonly SaidRoute[];
  readonly otherRoutes: readonly OtherRoute[];
  /** Absent: no output has rules. */
  readonly rules?: readonly SaidRule[];
  readonly otherRules: readonly Located<string>[];
}

interface Piece {
  readonly tunnels?: SeenTunnels;
  readonly addresses?: SeenAddresses;
  readonly routes?: SeenRoutes;
  readonly rules?: SeenRules;
}

export interface Sorted {
  readonly outputs: readonly Output[];
  readonly showconfs: readonly { readonly path: string; readonly text: string }[];
  /** Neither: wg-quick's, and scripts. */
  readonly others: readonly { readonly path: string; readonly text: string }[];
}

export function sortFiles(files: Sorted["others"]): Sorted {
  const outputs: Output[] = [];
  const showconfs: { path: string; text: string }[] = [];
  const others: { path: string; text: string }[] = [];
  for (const file of files) {
    const found = outputsOf(file.text, file.path);
    if (found !== undefined) outputs.push(...found);
    else if (!file.path.endsWith(".conf") && isShowconf(file.text)) showconfs.push(file);
    else others.push(file);
  }
  return { outputs, showconfs, others };
}

export function readLive({ outputs, showconfs }: Sorted, found: Diagnostics): Live {
  const pieces = outputs.map((output) => pieceOf(output, found));
  const written = showconfs.map(({ text, path }) => parseConfigFile(text, path, found));
  const interfaces = [...pieces.flatMap(({ tunnels }) => tunnels?.interfaces ?? []), ...written];
  const rules = pieces.flatMap((each) => each.rules ?? []);
  return {
    interfaces: interfaces.filter((each) => each === bestOf(interfaces, each.name)),
    isWhole: pieces.some(({ tunnels }) => tunnels?.isWhole),
    devices: unique(
      pieces.flatMap(({ addresses }) => addresses?.devices ?? []),
      ({ name }) => name,
    ),
    addresses: unique(
      pieces.flatMap(({ addresses }) => addresses?.addresses ?? []),
      ({ device, address }) => `${device} ${address}`,
    ),
    // `ip route show table all` has IPv6's too, which `ip -6 route` says again.
    routes: unique(
      pieces.flatMap(({ routes }) => routes?.routes ?? []),
      ({ prefix, device, table, metric }) => `${prefix} ${device} ${table} ${metric ?? 0}`,
    ),
    otherRoutes: unique(
      pieces.flatMap(({ routes }) => routes?.others ?? []),
      ({ value }) => value,
    ),
    // The same for IPv4 and IPv6 counts once.
    ...(rules.length > 0 && {
      rules: unique(
        rules.flatMap((each) => each.rules),
        ({ priority, table, iif, from }) => `${priority} ${table} ${iif ?? ""} ${from ?? ""}`,
      ),
    }),
    otherRules: unique(
      rules.flatMap(({ others }) => others),
      ({ value }) => value,
    ),
  };
}

function pieceOf(output: Output, found: Diagnostics): Piece {
  switch (output.form) {
    case "dump":
      return { tunnels: readDump(output, found) };
    case "show":
      return { tunnels: readShow(output, found) };
    case "addresses":
      return { addresses: readAddresses(output, found) };
    case "routes":
      return { routes: readRoutes(output, found) };
    case "rules":
      return { rules: readRules(output, found) };
    case "json": {
      const { devices, addresses, routes, rules, hasRules } = readJson(output, found);
      return { addresses: { devices, addresses }, routes, ...(hasRules && { rules }) };
    }
  }
}

const bestOf = (all: readonly ConfigFile[], name: string): ConfigFile | undefined => {
  const same = all.filter((each) => each.name === name);
  return same.find(({ privateKey }) => privateKey !== undefined) ?? same[0];
};

function unique<T>(all: readonly T[], keyOf: (each: T) => string): T[] {
  const found = new Map<string, T>();
  for (const each of all) if (!found.has(keyOf(each))) found.set(keyOf(each), each);
  return [...found.values()];
}

/** Of which tables the outputs have routes: `4 main`. A table without any is not there, or was not asked for. */
export const tablesOf = ({ routes }: Live): ReadonlySet<string> =>
  new Set(routes.map(({ prefix, table }) => `${familyOf(prefix)} ${table}`));
