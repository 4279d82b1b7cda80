// What the doctor gathers on one machine.
import { parseFacts, type Facts } from "../core/doctor/facts.ts";
import { TofroError } from "../core/error.ts";
import type { NodeState } from "../core/node-state.ts";
import type { Host } from "./command.ts";
import { examineScript } from "../render/examine.ts";

/** Throws when the machine cannot be asked. */
export async function factsOf(host: Host, state: NodeState): Promise<Facts> {
  const { stdout } = await host.run(["sh", "-s"], { input: examineScript(state), timeoutMs: 60_000 });
  try {
    return parseFacts(stdout);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TofroError(`Cannot examine ${host.name}: ${why}`, { kind: "failed" }, cause);
  }
}
