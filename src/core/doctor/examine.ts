// All that the doctor knows of one machine: facts and plan in, findings out.
import type { NodeState } from "../node-state.ts";
import type { Plan } from "../plan.ts";
import { judgeConflicts } from "./conflicts.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { judgeFirewall } from "./firewall.ts";
import { judgeNetworkDaemons } from "./network-daemons.ts";
import { judgeResolvers } from "./resolvers.ts";
import { judgeRouting } from "./routing.ts";
import { judgeSettings, judgeSoftware } from "./software.ts";
import { subjectOf } from "./subject.ts";
import { judgeUnderlay } from "./underlay.ts";
import { judgeUplinks } from "./uplinks.ts";

const RANK = { error: 0, warning: 1, note: 2 } as const;

/** The worst first. */
export function examine(plan: Plan, state: NodeState, facts: Facts): Finding[] {
  const subject = subjectOf(plan, state, facts);
  return [
    judgeSoftware,
    judgeSettings,
    judgeNetworkDaemons,
    judgeFirewall,
    judgeConflicts,
    judgeRouting,
    judgeUnderlay,
    judgeResolvers,
    judgeUplinks,
  ]
    .flatMap((judge) => judge(subject))
    .map((found) => ({ node: state.node, ...found }))
    .sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}
