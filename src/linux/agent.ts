// Asks the agent of a machine, wherever that is: its own program is the client, and talks to its socket there.
import { TofroError } from "../core/error.ts";
import { AGENT_RUN } from "../render/agent.ts";
import type { Host } from "./command.ts";

const TIMEOUT_MS = 15_000;
const NO_AGENT = 69;

/** The agent's answer, which is whoever's parses it. Throws "failed" when there is no agent, or it does not know. */
export async function askAgent(
  host: Host,
  request: { readonly get: string } & Readonly<Record<string, string>>,
): Promise<unknown> {
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
  if (code === 0) return JSON.parse(stdout);
  const why = code === NO_AGENT ? "there is none: `tofro apply --agent` installs it" : stderr.trim();
  throw new TofroError(`Cannot ask the agent on ${host.name}: ${why}`);
}
