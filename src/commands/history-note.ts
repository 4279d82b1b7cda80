// Where the history is, for `status` to say when it is not where one would look for it.
import type { Plan } from "../core/plan.ts";
import { controllerOf } from "../core/spec.ts";
import type { AgentSaid } from "./agents-now.ts";

/** Nothing where the controller keeps it, or does not tell. */
export function historyNote(
  { lock, spec }: Pick<Plan, "lock" | "spec">,
  said: ReadonlyMap<string, AgentSaid>,
): string[] {
  const controller = controllerOf(spec);
  const answer = controller === undefined ? undefined : said.get(controller);
  const history = answer?.kind === "told" ? answer.told.status?.network?.history : undefined;
  if (history?.trouble !== undefined) return [`history of ${controller}: ${history.trouble}`];
  if (history !== undefined)
    return history.kept === "disk" ? [] : [`history of ${controller}: not on the disk yet`];
  return lock.agents === true ? [] : ["no history: no agent keeps one, and --watch has it from its start on"];
}
