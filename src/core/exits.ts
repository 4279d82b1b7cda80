// Which way packets for the internet take whose node has its exit elsewhere, and the answers to them.
import { TofroError } from "./error.ts";
import type { LinkIndex, Routing } from "./route.ts";
import type { Spec } from "./spec.ts";
import type { Topology } from "./topology.ts";

/** Indexed as `Traffic` is: interface `i` is the one that link `i` leaves by. */
export interface ExitTraffic {
  /** The exit of every node that has one. */
  readonly exitOf: ReadonlyMap<number, number>;
  /** Interfaces that send to the internet. */
  readonly sending: ReadonlySet<LinkIndex>;
  /** Interfaces at which packets of the internet arrive: answers. */
  readonly answered: ReadonlySet<LinkIndex>;
  /** By node what it passes on for others, in the order of the sources. */
  readonly carried: ReadonlyMap<number, readonly Carried[]>;
}

interface Carried {
  readonly source: number;
  /** The interface that it comes in by. */
  readonly enter: LinkIndex;
  /** The link that it leaves by; absent: this node is the exit. */
  readonly leave?: LinkIndex;
}

/** Packets there follow the path to the exit, answers the path back, whatever line or choice says how these go. */
export function exitTrafficOf({ nodes }: Topology, routing: Routing): ExitTraffic {
  const indices = new Map(nodes.map(({ name }, index) => [name, index]));
  const exitOf = new Map<number, number>();
  const sending = new Set<LinkIndex>();
  const answered = new Set<LinkIndex>();
  const carried = new Map<number, Carried[]>();
  nodes.forEach(({ leaves }, source) => {
    if (leaves === undefined) return;
    const exit = indices.get(leaves.via)!;
    exitOf.set(source, exit);
    let enter: LinkIndex | undefined;
    const pass = (node: number, leave?: LinkIndex): void => {
      if (enter === undefined) return;
      const list = carried.get(node) ?? [];
      carried.set(node, list);
      list.push({ source, enter, ...(leave !== undefined && { leave }) });
    };
    routing.walk(source, exit, (link) => {
      sending.add(link);
      pass(routing.sender(link), link);
      enter = link ^ 1;
    });
    pass(exit);
    routing.walk(exit, source, (link) => answered.add(link ^ 1));
  });
  return { exitOf, sending, answered, carried };
}

/** Agents move what tables of destinations say; exits are a matter of sources, too. Throws "input" where somebody has one. */
export function refuseExits({ nodes }: Pick<Spec, "nodes">): void {
  const diagnostics = nodes.flatMap(({ name, leaves }) =>
    leaves === undefined
      ? []
      : [
          {
            code: "exit-with-agents",
            severity: "error" as const,
            at: leaves.via.at,
            message: `the exit of ${name} cannot be led by agents, which is not in this version of tofro`,
            hint: "remove `exit_via`, or go on without agents: `apply --no-agent`",
          },
        ],
  );
  if (diagnostics.length > 0)
    throw new TofroError("Agents cannot have this network", { kind: "input", diagnostics });
}
