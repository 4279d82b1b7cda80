// One machine before the doctor: its plan and what was seen there.
import type { NodeState } from "../node-state.ts";
import type { Plan } from "../plan.ts";
import type { Facts } from "./facts.ts";
import { flowsOf, type Flow } from "./flows.ts";

export interface Subject {
  readonly plan: Plan;
  readonly state: NodeState;
  readonly facts: Facts;
  readonly flows: readonly Flow[];
  /** Interfaces of the plan that are there, made by apply, by wg-quick or by a lab. */
  readonly ours: ReadonlySet<string>;
  /** All tunnel interfaces that the plan has here. */
  readonly tunnels: ReadonlySet<string>;
}

const ALIAS = "tofro: ";

export function subjectOf(plan: Plan, state: NodeState, facts: Facts): Subject {
  const ours = state.interfaces.filter(
    ({ name, publicKey }) =>
      facts.links.get(name)?.alias?.startsWith(ALIAS) === true ||
      facts.wireguard.get(name)?.publicKey === publicKey,
  );
  return {
    plan,
    state,
    facts,
    flows: flowsOf(plan, state.node),
    ours: new Set(ours.map(({ name }) => name)),
    tunnels: new Set(state.interfaces.map(({ name }) => name)),
  };
}
