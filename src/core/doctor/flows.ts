// Which overlay packets one node sees, and by which of its interfaces, as the plan routes them.
import {
  familyOf,
  parsePrefix,
  format,
  rangeOf,
  type Address,
  type Family,
  type Prefix,
} from "../address.ts";
import type { Plan } from "../plan.ts";

export interface Flow {
  /** `lan-out`: from a host behind this node into a tunnel; `lan-in`: out of a tunnel to such a host. */
  readonly kind: "transit" | "arrive" | "leave" | "lan-out" | "lan-in";
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  /** Tunnel interface it comes in by. */
  readonly in?: string;
  /** Tunnel interface it leaves by. */
  readonly out?: string;
  /** `a -> c`. */
  readonly name: string;
}

/** Flows between the same interfaces differ in addresses only: of so many a firewall's rules are tried on all. */
const MOST_ALIKE = 20;

export function flowsOf(plan: Plan, node: string): Flow[] {
  const { nodes, tunnels } = plan.topology;
  const here = nodes.findIndex(({ name }) => name === node);
  const flows: Flow[] = [];
  const alike = new Map<string, number>();
  const add = (flow: Flow): void => {
    const key = `${flow.kind} ${flow.in} ${flow.out} ${flow.family}`;
    const count = alike.get(key) ?? 0;
    alike.set(key, count + 1);
    if (count < MOST_ALIKE) flows.push(flow);
  };
  nodes.forEach((from, fromIndex) =>
    nodes.forEach((to, toIndex) => {
      if (fromIndex === toIndex) return;
      const links = plan.routing.path(fromIndex, toIndex);
      const leaving = links.find((link) => plan.routing.sender(link) === here);
      const arriving = links.find((link) => plan.routing.sender(link ^ 1) === here);
      const out = leaving === undefined ? undefined : tunnels[leaving >> 1]!.ends[leaving & 1]!.interface;
      const enter =
        arriving === undefined ? undefined : tunnels[arriving >> 1]!.ends[(arriving & 1) ^ 1]!.interface;
      if (out === undefined && enter === undefined) return;
      const ways = { ...(enter && { in: enter }), ...(out && { out }) };
      const kind = enter === undefined ? "leave" : out === undefined ? "arrive" : "transit";
      const base = { ...ways, name: `${from.name} -> ${to.name}` };
      for (const destination of to.addresses) {
        const family = familyOf(destination);
        const source = from.addresses.find((address) => familyOf(address) === family);
        if (source === undefined) continue;
        add({ ...base, kind, family, source, destination });
        if (kind === "leave")
          for (const behind of samplesOf(from.prefixes, family))
            add({ ...base, kind: "lan-out", family, source: behind, destination });
        if (kind === "arrive")
          for (const behind of samplesOf(to.prefixes, family))
            add({ ...base, kind: "lan-in", family, source, destination: behind });
      }
    }),
  );
  return flows;
}

/** One host of each prefix. */
const samplesOf = (prefixes: readonly Prefix[], family: Family): Address[] =>
  prefixes
    .filter((prefix) => familyOf(prefix) === family)
    .map((prefix) => {
      const { first, last } = rangeOf(parsePrefix(prefix)!.prefix);
      return format(family, first === last ? first : first + 1n);
    });
