// A machine as its files make it: tunnels with their peers, addresses, and the routes of its main table.
import { compareAddresses, contains, familyOf, lengthOf, type Address, type Prefix } from "../address.ts";
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";
import type { ConfigFile } from "./config-file.ts";
import { joinAddresses, joinRoutes, joinRules } from "./join-routes.ts";
import { routesOfAddresses, routesOfWgQuick } from "./implied-routes.ts";
import { joinMtus } from "./join-mtus.ts";
import { joinTunnels, type Difference } from "./join-tunnels.ts";
import type { Live } from "./live.ts";
import { readCommands, type SaidAddress, type SaidRoute, type SaidRule } from "./script.ts";

export interface OwnAddress {
  readonly address: Address;
  readonly device: string;
  readonly at: Position;
}

export interface Machine {
  readonly name: string;
  readonly at: Position;
  readonly files: readonly ConfigFile[];
  readonly addresses: readonly OwnAddress[];
  /** Of main: from scripts, hooks and wg-quick itself. */
  readonly routes: readonly SaidRoute[];
  /** By priority. */
  readonly rules: readonly SaidRule[];
  readonly reversePath: ReadonlyMap<string, number>;
  /** What is not understood, or has no place in a plan. */
  readonly others: readonly Located<string>[];
  /** Where its files say other than its outputs, which hold. */
  readonly differences: readonly Difference[];
}

/** `script` has the lines of all its scripts, `live` what its outputs say. */
export function machineOf(
  name: string,
  at: Position,
  written: readonly ConfigFile[],
  script: readonly Located<string>[],
  live: Live,
): Machine {
  const said = readCommands([...script, ...written.flatMap(({ hooks }) => hooks)]);
  const tunnels = joinTunnels(written, live.interfaces, live.isWhole);
  const isAbsent = (device: string): boolean => tunnels.absent.has(device);
  const isTunnel = (device: string): boolean => tunnels.files.some((file) => file.name === device);
  const { files, differences: mtus } = joinMtus(tunnels.files, live, isAbsent);
  const ofFiles = files.flatMap((file) =>
    file.addresses.map(({ value, at: place }): SaidAddress => ({ ...value, device: file.name, at: place })),
  );
  const own = [...ofFiles, ...said.addresses];
  const dummies = new Set(["lo", ...live.devices.flatMap((each) => (each.isDummy ? [each.name] : []))]);
  const addresses = joinAddresses(own, live, isAbsent, (device) => dummies.has(device) || isTunnel(device));
  const routes = joinRoutes(said.routes, files.flatMap(routesOfWgQuick), live, isAbsent, isTunnel);
  const rules = joinRules(said.rules, live);
  // One that stops packets, or names a tunnel.
  const otherRoutes = live.otherRoutes.filter(
    ({ devices }) => devices.length === 0 || devices.some(isTunnel),
  );
  return {
    name,
    at,
    files,
    addresses: addresses.all.map(({ address, device, at: place }) => ({ address, device, at: place })),
    routes: [...routes.all, ...routesOfAddresses(addresses.all)],
    rules: rules.all.toSorted((x, y) => x.priority - y.priority),
    reversePath: said.reversePath,
    others: [...said.others, ...files.flatMap(({ others }) => others), ...otherRoutes, ...live.otherRules],
    differences: [tunnels, { differences: mtus }, addresses, routes, rules].flatMap(
      ({ differences }) => differences,
    ),
  };
}

/** By rules, then main; the longest prefix wins, then the lowest metric, then the first. `entered`: how a forwarded packet came, and from whom. */
export function routeTo(
  machine: Machine,
  to: Address,
  entered?: { readonly device: string; readonly source: Address },
): SaidRoute | undefined {
  const tables = machine.rules.flatMap(({ iif, from, table }) => {
    const fits =
      (iif === undefined || iif === entered?.device) &&
      (from === undefined || (entered !== undefined && contains(from, entered.source)));
    return fits ? [table] : [];
  });
  for (const table of [...tables, "main"]) {
    let best: SaidRoute | undefined;
    for (const route of machine.routes)
      if (
        route.table === table &&
        contains(route.prefix, to) &&
        (best === undefined || isBefore(route, best))
      )
        best = route;
    if (best !== undefined) return best;
  }
  return undefined;
}

const isBefore = (route: SaidRoute, best: SaidRoute): boolean => {
  const longer = lengthOf(route.prefix) - lengthOf(best.prefix);
  return longer > 0 || (longer === 0 && (route.metric ?? 0) < (best.metric ?? 0));
};

/** Link-local and the like: the tunnel's own numbers, not the machine's. */
export const isTransferAddress = (address: Address): boolean =>
  contains("169.254.0.0/16" as Prefix, address) || contains("fe80::/10" as Prefix, address);

/**
 * By which a machine is known in the overlay, at most one a family: on a device that is no tunnel (a dummy, lo) before those
 * on tunnels, the one that most of the tunnels have before others.
 */
export function identityOf({ files, addresses }: Machine): OwnAddress[] {
  const tunnels = new Set(files.map(({ name }) => name));
  const own = addresses.filter(({ address }) => !isTransferAddress(address));
  return ([4, 6] as const).flatMap((family) => {
    const of = own.filter(({ address }) => familyOf(address) === family);
    const apart = of.filter(({ device }) => !tunnels.has(device));
    const count = (address: Address): number => of.filter((each) => each.address === address).length;
    const [best] = (apart.length > 0 ? apart : of).toSorted(
      (x, y) => count(y.address) - count(x.address) || compareAddresses(x.address, y.address),
    );
    return best === undefined ? [] : [best];
  });
}
