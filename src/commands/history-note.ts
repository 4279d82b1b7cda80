// Where the history is, for `status` to say when it is not where one would look for it.
import { z } from "zod";
import type { Plan } from "../core/plan.ts";
import { controllerOf } from "../core/spec.ts";
import { askAgent } from "../linux/agent.ts";
import type { Host } from "../linux/command.ts";

const answer = z.object({
  network: z.object({
    history: z.object({ kept: z.enum(["disk", "memory"]), trouble: z.string().optional() }),
  }),
});

/** Nothing where the controller keeps it, or cannot be asked. */
export async function historyNote(
  { lock, spec }: Pick<Plan, "lock" | "spec">,
  hosts: ReadonlyMap<string, Host>,
): Promise<string[]> {
  if (lock.agents !== true) return ["no history: no agent keeps one, and --watch has it from its start on"];
  const controller = controllerOf(spec);
  const host = controller === undefined ? undefined : hosts.get(controller);
  if (host === undefined) return [];
  const said = answer.safeParse(await askAgent(host, { get: "status" }).catch(() => undefined)).data;
  if (said === undefined) return [];
  const { kept, trouble } = said.network.history;
  if (trouble !== undefined) return [`history of ${controller}: ${trouble}`];
  return kept === "disk" ? [] : [`history of ${controller}: not on the disk yet`];
}
