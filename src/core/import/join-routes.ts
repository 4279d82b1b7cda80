// Addresses, routes and rules as files set them and as `ip` shows them, joined: what is live holds, once.
import { contains, familyOf, hostPrefix, type Family, type Prefix } from "../address.ts";
import type { Difference } from "./join-tunnels.ts";
import { tablesOf, type Live } from "./live.ts";
import type { SaidAddress, SaidRoute, SaidRule } from "./script.ts";

export interface Joined<T> {
  readonly all: readonly T[];
  readonly differences: readonly Difference[];
}

/** What is asked of a device, by its name. */
export type Counts = (device: string) => boolean;

/** `counts`: whether what is on a device is the overlay's, as on a tunnel, lo and a dummy; on others what files say counts. */
export function joinAddresses(
  said: readonly SaidAddress[],
  live: Live,
  isAbsent: Counts,
  counts: Counts,
): Joined<SaidAddress> {
  const seen = live.addresses.filter(
    ({ device, address }) => counts(device) && !isLoopback(hostPrefix(address)),
  );
  const families = new Set<Family>(live.addresses.map(({ address }) => familyOf(address)));
  const differences: Difference[] = [];
  const kept = said.filter((each) => {
    const device = live.devices.find(({ name }) => name === each.device);
    if (device === undefined || isAbsent(each.device) || !families.has(familyOf(each.address))) return true;
    const same = live.addresses.find(
      (other) => other.device === each.device && other.address === each.address,
    );
    if (same === undefined)
      differences.push({
        at: each.at,
        message: `${each.device} has no address ${each.address}`,
        liveAt: device.at,
      });
    else if (same.prefix === each.prefix && same.peer === each.peer) return true;
    else
      differences.push({
        at: each.at,
        message: `${each.device} has ${each.address} with the network ${same.peer ?? same.prefix}, not ${each.peer ?? each.prefix}`,
        liveAt: same.at,
      });
    return false;
  });
  const isKept = (each: SaidAddress): boolean =>
    kept.some(({ device, address }) => device === each.device && address === each.address);
  return { all: [...kept, ...seen.filter((each) => !isKept(each))], differences };
}

const isLoopback = (prefix: Prefix): boolean =>
  contains("127.0.0.0/8" as Prefix, prefix) || prefix === "::1/128";

/** `implied`: routes that wg-quick makes of allowed IPs; an output that has their table knows them better, and nothing is told. */
export function joinRoutes(
  said: readonly SaidRoute[],
  implied: readonly SaidRoute[],
  live: Live,
  isAbsent: Counts,
  isTunnel: Counts,
): Joined<SaidRoute> {
  const seen = live.routes.filter(({ device }) => isTunnel(device));
  const tables = tablesOf(live);
  const isOpen = ({ prefix, table, device }: SaidRoute): boolean =>
    isAbsent(device) || !tables.has(`${familyOf(prefix)} ${table}`);
  const byTable = Map.groupBy(live.routes, ({ prefix, table }) => `${prefix} ${table}`);
  const differences: Difference[] = [];
  const kept = said.filter((each) => {
    if (isOpen(each)) return true;
    const there = byTable.get(`${each.prefix} ${each.table}`) ?? [];
    const same = there.find(({ device }) => device === each.device);
    if (same !== undefined && same.source === each.source) return true;
    differences.push({
      at: each.at,
      message: sayOf(each, same, there[0]),
      liveAt: (same ?? there[0] ?? live.routes[0]!).at,
    });
    return false;
  });
  const textOf = ({ prefix, table, device }: SaidRoute): string => `${prefix} ${table} ${device}`;
  const texts = new Set(kept.map(textOf));
  const rest = seen.filter((each) => !texts.has(textOf(each)));
  return { all: [...kept, ...rest, ...implied.filter(isOpen)], differences };
}

function sayOf(route: SaidRoute, same: SaidRoute | undefined, other: SaidRoute | undefined): string {
  const text = `the route to ${route.prefix} by ${route.device}`;
  if (same !== undefined) return `${text} has ${same.source === undefined ? "no src" : `src ${same.source}`}`;
  return other === undefined ? `${text} is not there` : `${text} is not there: it goes by ${other.device}`;
}

/** A script's rule has a priority or none; the kernel gave it one. */
export function joinRules(said: readonly SaidRule[], live: Live): Joined<SaidRule> {
  const seen = live.rules;
  if (seen === undefined) return { all: said, differences: [] };
  const hasSix = seen.some(({ from }) => from !== undefined && familyOf(from) === 6);
  const differences: Difference[] = [];
  const kept = said.filter((each) => {
    if (
      seen.some((other) => other.table === each.table && other.iif === each.iif && other.from === each.from)
    )
      return false;
    if (each.from !== undefined && familyOf(each.from) === 6 && !hasSix) return true;
    const what = `${each.from === undefined ? "" : ` from ${each.from}`}${each.iif === undefined ? "" : ` iif ${each.iif}`}`;
    const liveAt = seen[0]?.at ?? each.at;
    differences.push({ at: each.at, message: `the rule${what} to table ${each.table} is not there`, liveAt });
    return false;
  });
  return { all: [...kept, ...seen], differences };
}
