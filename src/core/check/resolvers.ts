// Resolvers at exits: a node's queries are led to those of the file, and arrive.
import { format } from "../address.ts";
import type { NodeState } from "../node-state.ts";
import type { LeavesSpec } from "../spec.ts";
import type { Fault } from "./findings.ts";
import { lookup } from "./lookup.ts";
import type { Machine } from "./machine.ts";
import { hostOf, type Host } from "./prefix-map.ts";
import { walk } from "./walk.ts";

interface Asking {
  readonly from: Machine;
  readonly exit: Machine;
  readonly state: NodeState;
  readonly leaves: LeavesSpec;
  readonly behind: readonly Host[];
}

/** Queries are led to the resolvers of the file, by a tunnel whatever address their socket has, and arrive. */
export function dnsFaults({ from, exit, state, leaves, behind }: Asking): Fault[] {
  const present = state.firewall.exits?.dns;
  const [resolvers, except] = [leaves.dns, leaves.except].map((all) => all.map(({ value }) => value));
  const isAsSaid =
    resolvers!.length === 0
      ? present === undefined
      : present?.resolvers.join() === resolvers!.join() && present.except.join() === except!.join();
  if (!isAsSaid)
    return [
      {
        at: from.name,
        code: "dns",
        message: `at ${from.name}: the resolvers that it asks are not as the file says`,
      },
    ];
  return leaves.dns.flatMap(({ value }) => {
    const resolver = hostOf(value);
    // Any address of an uplink: nobody knows them.
    const bound = hostOf(format(resolver.family, resolver.value + 1n));
    const what = `queries of ${from.name} to the resolver ${value}`;
    const isLed = lookup(from, "lo", bound, resolver)?.kind === "tunnel";
    const lost = [undefined, ...behind.filter(({ family }) => family === resolver.family)].flatMap(
      (source) => {
        const { end, last } = walk(from, resolver, source);
        if (end.kind === "drop")
          return [{ at: last.name, code: end.reason, message: `${what}: ${end.message}` }];
        const isThere = end.kind === "internet" ? last === exit : last !== from;
        const message = `${what}: at ${last.name}: the packets end there`;
        return isThere ? [] : [{ at: last.name, code: "wrong-destination" as const, message }];
      },
    );
    const elsewhere: Fault = {
      at: from.name,
      code: "wrong-path",
      message: `at ${from.name}: ${what} do not leave by a tunnel`,
    };
    return isLed ? lost : [elsewhere];
  });
}
