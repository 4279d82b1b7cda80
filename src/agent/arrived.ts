// What arrived for this node and for what is behind it, by the counters of its firewall: from which node, and by which link.
import type { Forwarded } from "../core/agent/messages.ts";
import { hostPrefix, parseAddress, parsePrefix } from "../core/address.ts";
import { measuredPairs } from "../core/lines.ts";
import type { Spec } from "../core/spec.ts";
import type { Topology } from "../core/topology.ts";
import type { ProbedEnd } from "./pins.ts";

export type Ends = readonly Pick<ProbedEnd, "interface" | "incoming">[];

/** Whose packets these are, as a `Forwarded` has it in the place of a link. */
export interface Origins {
  readonly bySource: ReadonlyMap<string, number>;
  /** Who sends what comes from the internet. */
  readonly exit?: number;
}

/** The nodes that this one has a measured pair with, there or back: of others nobody keeps a history. */
export function originsOf(spec: Spec, { nodes, tunnels }: Topology, node: string): Origins {
  const own = nodes.findIndex(({ name }) => name === node);
  const pairs = measuredPairs(spec).map((pair) => [Math.floor(pair / nodes.length), pair % nodes.length]);
  const others = new Set(pairs.flatMap(([from, to]) => (from === own ? [to!] : to === own ? [from!] : [])));
  const exit = nodes.findIndex(({ name }) => name === spec.nodes[own]?.leaves?.via.value);
  const links = 2 * tunnels.length;
  return {
    bySource: new Map(
      [...others].flatMap((other) => {
        const { addresses, prefixes } = nodes[other]!;
        return [...addresses.map(hostPrefix), ...prefixes].map((source) => [source, links + other] as const);
      }),
    ),
    ...(others.has(exit) && { exit: links + exit }),
  };
}

/** `grown`: octets, by an interface and a source, or by an interface that the internet's answers came by. */
export function arrivedOf(grown: ReadonlyMap<string, number>, ends: Ends, origins: Origins): Forwarded[] {
  const incoming = new Map(ends.map((end) => [end.interface, end.incoming]));
  return Array.from(grown, ([key, octets]): Forwarded[] => {
    const [name = "", source] = key.split(" ");
    const origin = source === undefined ? origins.exit : origins.bySource.get(canonical(source));
    const came = incoming.get(name);
    return came === undefined || origin === undefined ? [] : [[came, origin, octets]];
  }).flat();
}

function canonical(source: string): string {
  const address = parseAddress(source);
  return address === undefined ? (parsePrefix(source)?.prefix ?? "") : hostPrefix(address);
}
