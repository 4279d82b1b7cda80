// The plan as it is now: with the ways that agents have chosen, where they run.
import { choiceFromText, choiceText } from "../core/agent/messages.ts";
import { compile, type Plan } from "../core/plan.ts";
import { askAgent } from "../linux/agent.ts";
import type { Host } from "../linux/command.ts";

/** Asks all of these machines, and takes the latest choice; the plan itself when no agent answers. */
export async function planNow(plan: Plan, hosts: ReadonlyMap<string, Host>): Promise<Plan> {
  if (plan.lock.agents !== true) return plan;
  const answers = await Promise.all(
    Array.from(hosts.values(), (host) => askAgent(host, { get: "choice" }).catch(() => undefined)),
  );
  const choices = answers.flatMap((answer) => choiceText.safeParse(answer).data ?? []);
  const [latest] = choices.sort((x, y) => y.epoch - x.epoch);
  const { nodes, tunnels } = plan.topology;
  const choice = latest && choiceFromText(latest, nodes.length, 2 * tunnels.length);
  return choice === undefined ? plan : compile(plan.spec, plan.lock, { choice });
}
