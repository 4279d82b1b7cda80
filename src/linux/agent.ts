// Asks the agent of a machine, wherever that is: its own program is the client, and talks to its socket there.
import { TofroError } from "../core/error.ts";
import { AGENT_RUN } from "../render/agent.ts";
import type { Host } from "./command.ts";

const TIMEOUT_MS = 15_000;
const NO_AGENT = 69;

export type AgentAnswer =
  | { readonly kind: "answer"; readonly value: unknown }
  | { readonly kind: "none"; readonly message: string }
  /** One was started, and does not answer, or does not know. */
  | { readonly kind: "silent"; readonly message: string };

type Request = { readonly get: string } & Readonly<Record<string, string>>;

/** Throws when the machine cannot be asked. */
export async function agentAnswer(host: Host, request: Request): Promise<AgentAnswer> {
  const script = [
    `[ -e ${AGENT_RUN}/started ] || exit ${NO_AGENT}`,
    `exec "$(sed -n 1p ${AGENT_RUN}/started)" "$(sed -n 2p ${AGENT_RUN}/started)" --ask '${JSON.stringify(request).replaceAll("'", "'\\''")}'`,
    "",
  ].join("\n");
  const { code, stdout, stderr } = await host.run(["sh", "-s"], {
    input: script,
    anyExit: true,
    timeoutMs: TIMEOUT_MS,
  });
  if (code === 0) return answerOf(stdout);
  if (code === NO_AGENT) return { kind: "none", message: "there is none: `tofro apply --agent` installs it" };
  return { kind: "silent", message: stderr.trim() };
}

function answerOf(text: string): AgentAnswer {
  try {
    return { kind: "answer", value: JSON.parse(text) };
  } catch {
    return { kind: "silent", message: "what it says is no JSON" };
  }
}

/** The agent's answer, which is whoever's parses it. Throws "failed" when there is no agent, or it does not know. */
export async function askAgent(host: Host, request: Request): Promise<unknown> {
  const answer = await agentAnswer(host, request);
  if (answer.kind === "answer") return answer.value;
  throw new TofroError(`Cannot ask the agent on ${host.name}: ${answer.message}`);
}
