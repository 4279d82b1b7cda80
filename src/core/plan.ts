// The whole compiler: Spec and lock to Plan, everything decided for all nodes.
import type { Choice } from "./choose/choice.ts";
import { allocate } from "./allocate.ts";
import type { Lock } from "./lock.ts";
import type { NodeState } from "./node-state.ts";
import { nodeStates } from "./node-states.ts";
import { resolve } from "./resolve.ts";
import { permitsOf, type Permits } from "./permits.ts";
import { route, type Routing } from "./route.ts";
import type { PathSpec, Spec } from "./spec.ts";
import { trafficOf } from "./traffic.ts";
import type { Topology } from "./topology.ts";
import { wantedTunnels } from "./tunnels.ts";

export interface Plan {
  readonly spec: Spec;
  /** What was allocated, to be kept. */
  readonly lock: Lock;
  readonly topology: Topology;
  readonly routing: Routing;
  /** With agents: what links may carry, whatever is chosen. */
  readonly permits?: Permits;
  /** One for each node, in the file's order. */
  readonly states: readonly NodeState[];
}

/** The path of one ordered pair. */
export interface Direction {
  readonly from: string;
  readonly to: string;
  /** Node names, both ends included. */
  readonly path: readonly string[];
  /** Tunnel ids, one a hop. */
  readonly tunnels: readonly string[];
  /** The line that names the pair. */
  readonly line?: PathSpec;
}

/**
 * Compiles a valid spec. The same spec, lock and choice give the same plan, byte for byte. With `agents`, as the
 * lock says when nothing else does, links may carry whatever a choice could send over them.
 */
export function compile(
  spec: Spec,
  previous?: Lock,
  {
    choice,
    agents = previous?.agents === true,
  }: { readonly choice?: Choice; readonly agents?: boolean } = {},
): Plan {
  const wanted = wantedTunnels(spec);
  const lock = allocate(spec, wanted, previous);
  const topology = resolve(spec, wanted, lock);
  const routing = route(spec, topology, choice);
  if (!agents) return { spec, lock, topology, routing, states: nodeStates(topology, routing) };
  // Of the plan without a choice, so that they stay the same whatever is chosen.
  const plain = choice === undefined ? routing : route(spec, topology);
  const permits = permitsOf(topology, plain, trafficOf(plain), spec.isolate);
  return { spec, lock, topology, routing, permits, states: nodeStates(topology, routing, () => permits) };
}

/** Every ordered pair that has a path, in the file's order. */
export function* directions(plan: Plan): Generator<Direction, void> {
  const { topology, routing } = plan;
  const name = (index: number): string => topology.nodes[index]!.name;
  for (let from = 0; from < routing.nodes; from++) {
    for (let to = 0; to < routing.nodes; to++) {
      const links = from === to ? [] : routing.path(from, to);
      if (links.length === 0) continue;
      const line = routing.lines.get(from * routing.nodes + to);
      yield {
        from: name(from),
        to: name(to),
        path: [name(from), ...links.map((link) => name(routing.sender(link ^ 1)))],
        tunnels: links.map((link) => topology.tunnels[link >> 1]!.id),
        ...(line === undefined ? {} : { line }),
      };
    }
  }
}
