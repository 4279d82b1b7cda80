// What leads a tunnel's own packets out by the uplink that it is to take.
//
// WireGuard marks them (fwmark), and a rule sends the mark to the machine's own table for that uplink. While the uplink is down
// that table is empty; the rule behind keeps the packets from another way out then, so that the tunnel is down as well.
import type { Family } from "./address.ts";
import { INTERNET } from "./exit-states.ts";
import { FWMARK, RULE_PRIORITY, type NodeState, type Rule } from "./node-state.ts";
import type { Tunnel } from "./topology.ts";
import { familyOfHost } from "./uplinks.ts";

/** The greatest that an uplink may have; those of our own begin above. */
export const LAST_TABLE = 9999;
/** Above all marks that people use by hand, and one for each table, so that nothing has to be remembered. */
const FIRST_MARK = 0x2d500000;
/** What the packets of tunnels are marked with that leave by a routing table. */
export const markOf = (table: number): number => FIRST_MARK + table;
/** Undefined: it is not such a mark. */
export const tableOfMark = (fwmark: number): number | undefined =>
  fwmark > FIRST_MARK && fwmark <= FIRST_MARK + LAST_TABLE ? fwmark - FIRST_MARK : undefined;

/** Whether a rule is for such packets: no other has a mark but an exit's. */
export const isOfUplink = ({ fwmark }: { readonly fwmark?: number }): boolean =>
  fwmark !== undefined && fwmark !== FWMARK;

/** All that a node's tunnels mark their own packets with, by whatever uplink, and what its exit spares besides. */
export const tunnelMarks = ({ interfaces }: Pick<NodeState, "interfaces">): number[] =>
  [...new Set([FWMARK, ...interfaces.flatMap(({ fwmark }) => fwmark ?? [])])].sort((x, y) => x - y);

/** Behind rules for what comes in by tunnels, before those that lead to an exit. */
const PRIORITY = { out: RULE_PRIORITY + 3, down: RULE_PRIORITY + 4 } as const;

/** The rules of a node for the tunnels that it has. */
export function uplinkRules(node: string, tunnels: readonly Tunnel[]): Rule[] {
  const families = new Map<number, Set<Family>>();
  for (const tunnel of tunnels) {
    const table = tunnel.ends.find((end) => end.node === node)?.table;
    if (table === undefined) continue;
    const known = families.get(table) ?? new Set();
    for (const family of familiesOf(tunnel)) known.add(family);
    families.set(table, known);
  }
  return [...families]
    .sort(([x], [y]) => x - y)
    .flatMap(([table, own]) =>
      [...own]
        .sort((x, y) => x - y)
        .flatMap((family): Rule[] => {
          const marked = { from: INTERNET[family], fwmark: markOf(table) };
          return [
            { priority: PRIORITY.out, ...marked, table },
            { priority: PRIORITY.down, ...marked, table: "unreachable" },
          ];
        }),
    );
}

/** Of the underlay; a host name may be of either. */
function familiesOf({ ends }: Tunnel): readonly Family[] {
  const families = ends.flatMap(({ endpoint }) =>
    endpoint === undefined ? [] : (familyOfHost(endpoint.host) ?? ([4, 6] as const)),
  );
  return [...new Set(families)];
}
