// Where a machine's packets go by the files: hop by hop, by routes and allowed IPs, until they arrive or something stops them.
import { contains, familyOf, type Address } from "../address.ts";
import { identityOf, routeTo, type Machine } from "./machine.ts";
import type { End, Match } from "./match.ts";
import type { SaidRoute } from "./script.ts";

interface Hop {
  readonly from: End;
  readonly to: End;
  readonly route: SaidRoute;
}

export interface Walk {
  readonly hops: readonly Hop[];
  /** Absent: it arrives. */
  readonly stopped?: {
    readonly machine: Machine;
    readonly why: "no route" | "no tunnel" | "a circle" | "allowed IPs there" | "allowed IPs here";
    readonly route?: SaidRoute;
  };
}

/** `isAsked`: the receivers' allowed IPs, whether they let the source in. */
export function walk(
  machine: Machine,
  to: Address,
  matches: readonly Match[],
  source: Address | undefined,
  isAsked = false,
): Walk {
  const hops: Hop[] = [];
  let at = machine;
  const seen = new Set<Machine>();
  while (!at.addresses.some(({ address }) => address === to)) {
    if (seen.has(at)) return { hops, stopped: { machine: at, why: "a circle" } };
    seen.add(at);
    const entered = hops.at(-1)?.to.file.name;
    const route = routeTo(at, to, entered && source ? { device: entered, source } : undefined);
    if (route === undefined) return { hops, stopped: { machine: at, why: "no route" } };
    const hop = hopOver(at, route, to, matches);
    if (hop === undefined) return { hops, stopped: { machine: at, why: "no tunnel", route } };
    if (!lets(hop.from, to)) return { hops, stopped: { machine: at, why: "allowed IPs here", route } };
    hops.push(hop);
    if (isAsked && source !== undefined && !lets(hop.to, source))
      return { hops, stopped: { machine: hop.to.machine, why: "allowed IPs there", route } };
    at = hop.to.machine;
  }
  return { hops };
}

const lets = ({ peer }: End, address: Address): boolean =>
  peer.allowedIps.some(({ value }) => contains(value, address));

function hopOver(
  machine: Machine,
  route: SaidRoute,
  to: Address,
  matches: readonly Match[],
): Hop | undefined {
  const found = matches.flatMap(({ ends }): Hop[] =>
    ([0, 1] as const).flatMap((end) => {
      const [from, other] = [ends[end], ends[(1 - end) as 0 | 1]];
      return from.machine === machine && from.file.name === route.device ? [{ from, to: other, route }] : [];
    }),
  );
  // Of several peers of one interface the one whose allowed IPs have it.
  return found.find((hop) => lets(hop.from, to)) ?? found[0];
}

export interface Direction {
  readonly from: Machine;
  readonly to: Machine;
  readonly walk: Walk;
}

/** Every ordered pair of machines that have addresses, to the other's first. */
export function directionsOf(machines: readonly Machine[], matches: readonly Match[]): Direction[] {
  return machines.flatMap((from) =>
    machines.flatMap((to): Direction[] => {
      const [address] = identityOf(to);
      return from === to || address === undefined
        ? []
        : [{ from, to, walk: walk(from, address.address, matches, sourceOf(from, address.address)) }];
    }),
  );
}

/** The machine's own address of that family. */
const sourceOf = (machine: Machine, to: Address): Address | undefined =>
  identityOf(machine).find(({ address }) => familyOf(address) === familyOf(to))?.address;
