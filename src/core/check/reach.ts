// Which ordered pairs of nodes must reach each other, and which must not.
import type { Spec } from "../spec.ts";
import type { LineFor } from "./line.ts";
import type { Family } from "../address.ts";
import type { Machine } from "./machine.ts";
import type { Host } from "./prefix-map.ts";
import { walk } from "./walk.ts";

/** `apart`: nothing is said about them, for no tunnels connect them. */
type Reach = "required" | "forbidden" | "apart";
type ReachOf = (from: Machine, to: Machine) => Reach;

/** The first address of a family. */
export function addressOf(machine: Machine, family: Family): Host | undefined {
  for (const host of machine.local.values()) if (host.family === family) return host;
  return undefined;
}

export function reachOf(spec: Spec, machines: readonly Machine[], lineFor: LineFor): ReachOf {
  if (spec.isolate) {
    const wanted = wantedPairs(machines, lineFor);
    return (from, to) => (wanted.has(from.index * machines.length + to.index) ? "required" : "forbidden");
  }
  const islands = islandsOf(machines);
  return (from, to) => {
    if (islands[from.index] === islands[to.index]) return "required";
    const line = lineFor(from.name, to.name);
    // An `all` line asks for what is possible.
    return line && line.from !== "all" && line.to !== "all" ? "required" : "apart";
  };
}

/** With `isolate`: named pairs, both ways, and every transit with those it forwards for, because errors come that way. */
function wantedPairs(machines: readonly Machine[], lineFor: LineFor): ReadonlySet<number> {
  const wanted = new Set<number>();
  const add = (one: Machine, other: Machine): void => {
    wanted.add(one.index * machines.length + other.index).add(other.index * machines.length + one.index);
  };
  for (const from of machines) for (const to of machines) if (lineFor(from.name, to.name)) add(from, to);
  // The set grows while it is walked: the way of an error may have transits of its own.
  for (const pair of wanted) {
    const from = machines[Math.floor(pair / machines.length)]!;
    const to = machines[pair % machines.length]!;
    for (const family of [4, 6] as const) {
      const destination = addressOf(to, family);
      if (!destination) continue;
      for (const { port } of walk(from, destination).exits.slice(1))
        if (port.machine !== from) add(from, port.machine);
    }
  }
  return wanted;
}

/** A number for every machine, the same for those that tunnels connect. */
function islandsOf(machines: readonly Machine[]): readonly number[] {
  const byName = new Map(machines.map((machine) => [machine.name, machine]));
  const island = machines.map(() => -1);
  for (const first of machines) {
    if (island[first.index] !== -1) continue;
    island[first.index] = first.index;
    const reached = [first];
    for (const machine of reached) {
      for (const { state } of machine.ports.values()) {
        const next = byName.get(state.peer.node);
        if (!next || island[next.index] !== -1) continue;
        island[next.index] = first.index;
        reached.push(next);
      }
    }
  }
  return island;
}
