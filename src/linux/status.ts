// What machines say of their tunnels, and how far they are from the plan.
import { TofroError } from "../core/error.ts";
import type { NodeState } from "../core/node-state.ts";
import { sectionsOf } from "../core/sections.ts";
import type { MachineTunnels } from "../core/status/status.ts";
import { wireguardOf } from "../core/wireguard-listing.ts";
import { stageLines } from "../render/apply-scripts.ts";
import { tunnelsScript } from "../render/status-scripts.ts";
import type { Host } from "./command.ts";
import { observeMachine, type Aim } from "./machine.ts";

/** Throws when the machine cannot be asked, or its answer is cut off. */
export async function tunnelsOf(host: Host): Promise<MachineTunnels> {
  const { stdout } = await host.run(["sh", "-s"], { input: tunnelsScript, timeoutMs: 30_000 });
  const sections = sectionsOf(stdout);
  if (!sections.has("end"))
    throw new TofroError(`Cannot read the tunnels of ${host.name}: the answer is cut off`);
  return { now: Number(sections.get("now")), wireguard: wireguardOf(sections) };
}

/** `commands`: what `apply` would run. `unknown`: why nobody can say. */
export type Drift =
  | { readonly kind: "none" }
  | { readonly kind: "drift"; readonly commands: readonly string[] }
  | { readonly kind: "unknown"; readonly message: string };

export async function driftOf(host: Host, state: NodeState, aim: Aim): Promise<Drift> {
  try {
    const { isDone, there, wireguard } = await observeMachine(host, state, aim);
    if (isDone) return { kind: "none" };
    const stages = [there.widen, there.move, there.narrow];
    return { kind: "drift", commands: stages.flatMap((changes) => stageLines(changes, wireguard)) };
  } catch (error) {
    if (error instanceof TofroError) return { kind: "unknown", message: error.message };
    throw error;
  }
}
