// The plan as it is now: with the ways that agents have chosen, where they run.
import { choiceFromText, type ChoiceText } from "../core/agent/messages.ts";
import { compile, type Plan } from "../core/plan.ts";
import type { Host } from "../linux/command.ts";
import { askAgents, type AgentsNow } from "./agents-now.ts";

/** Asks all of these machines; the plan itself when no agent answers. */
export const planNow = async (plan: Plan, hosts: ReadonlyMap<string, Host>): Promise<Plan> =>
  chosenPlan(plan, await askAgents(hosts));

/** With the latest choice of these. */
export function chosenPlan(plan: Plan, { said }: AgentsNow): Plan {
  const choices = Array.from(said.values()).flatMap((each): ChoiceText[] =>
    each.kind === "told" ? [each.told.choice] : [],
  );
  const [latest] = choices.sort((x, y) => y.epoch - x.epoch);
  const { nodes, tunnels } = plan.topology;
  const choice = latest && choiceFromText(latest, nodes.length, 2 * tunnels.length);
  return choice === undefined ? plan : compile(plan.spec, plan.lock, { choice });
}
