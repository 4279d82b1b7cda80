// A machine as its files make it: tunnels with their peers, addresses, and the routes of its main table.
import {
  compareAddresses,
  contains,
  familyOf,
  hostPrefix,
  lengthOf,
  type Address,
  type Prefix,
} from "../address.ts";
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";
import type { ConfigFile } from "./config-file.ts";
import { readCommands, type SaidRoute, type SaidRule } from "./script.ts";

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
}

/** `script` has the lines of all its scripts. */
export function machineOf(
  name: string,
  at: Position,
  files: readonly ConfigFile[],
  script: readonly Located<string>[],
): Machine {
  const said = readCommands([...script, ...files.flatMap(({ hooks }) => hooks)]);
  const written = files.flatMap((file) =>
    file.addresses.map(({ value, at: place }) => ({ ...value, device: file.name, at: place })),
  );
  const addresses = [...written, ...said.addresses];
  const bySystem = addresses.flatMap((each): SaidRoute[] => {
    const peer = "peer" in each ? each.peer : undefined;
    const prefix = peer ?? each.prefix;
    const isHost = prefix === hostPrefix(each.address);
    return isHost ? [] : [{ prefix, device: each.device, table: "main", at: each.at }];
  });
  const byWgQuick = files.flatMap((file) =>
    file.table === "off" || typeof file.table === "number"
      ? []
      : file.peers.flatMap(({ allowedIps }) =>
          allowedIps.map(({ value, at: place }): SaidRoute => ({
            prefix: value,
            device: file.name,
            table: "main",
            at: place,
          })),
        ),
  );
  return {
    name,
    at,
    files,
    addresses: addresses.map(({ address, device, at: place }) => ({ address, device, at: place })),
    routes: [...said.routes, ...byWgQuick, ...bySystem],
    rules: said.rules.toSorted((x, y) => x.priority - y.priority),
    reversePath: said.reversePath,
    others: [...said.others, ...files.flatMap(({ others }) => others)],
  };
}

/** By rules, then main; the longest prefix wins, of equals the first. `entered`: how a forwarded packet came, and from whom. */
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
        (best === undefined || lengthOf(route.prefix) > lengthOf(best.prefix))
      )
        best = route;
    if (best !== undefined) return best;
  }
  return undefined;
}

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
