// What the agents of machines tell when they are all asked, each once.
import { parseTold, TELL, type Told } from "../core/agent/told.ts";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { knownLinks, type KnownLinks } from "../core/status/links.ts";
import { agentAnswer } from "../linux/agent.ts";
import type { Host } from "../linux/command.ts";

export type AgentSaid =
  | { readonly kind: "told"; readonly told: Told }
  | { readonly kind: "none" | "silent"; readonly message: string };

export interface AgentsNow {
  readonly said: ReadonlyMap<string, AgentSaid>;
  /** The answers are of moments that are no farther apart. */
  readonly ageMs: number;
}

/** By node; never throws for an agent or a machine that does not answer. */
export async function askAgents(hosts: ReadonlyMap<string, Host>): Promise<AgentsNow> {
  let [firstMs, lastMs] = [Infinity, -Infinity];
  const said = await Promise.all(
    Array.from(hosts, async ([node, host]) => {
      const askedMs = performance.now();
      const answer = await saidBy(host);
      if (answer.kind === "told") {
        firstMs = Math.min(firstMs, askedMs);
        lastMs = Math.max(lastMs, performance.now());
      }
      return [node, answer] as const;
    }),
  );
  return { said: new Map(said), ageMs: Math.max(0, lastMs - firstMs) };
}

/** What those that tell know of the plan's links. */
export function linksNow(plan: Pick<Plan, "topology">, { said, ageMs }: AgentsNow): KnownLinks {
  const told = Array.from(said).flatMap(([node, each]) =>
    each.kind === "told" && each.told.status ? [[node, each.told.status] as const] : [],
  );
  return knownLinks(plan, new Map(told), ageMs);
}

async function saidBy(host: Host): Promise<AgentSaid> {
  try {
    const answer = await agentAnswer(host, TELL);
    if (answer.kind !== "answer") return answer;
    const told = parseTold(answer.value);
    return told === undefined
      ? { kind: "silent", message: "its answer is not understood: `tofro apply` renews it" }
      : { kind: "told", told };
  } catch (error) {
    if (error instanceof TofroError) return { kind: "silent", message: error.message };
    throw error;
  }
}
