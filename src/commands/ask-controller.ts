// The controller of a network, asked from this machine as long as a verb needs it.
import { TofroError } from "../core/error.ts";
import { controllerOf } from "../core/spec.ts";
import { planOf, type Network } from "../files/network.ts";
import { askAgent } from "../linux/agent.ts";
import type { MachineOptions } from "./machines.ts";
import { reach } from "./reachable.ts";

/** Throws as `askAgent` does. Its agent is our own program: its answer is what the types say. */
export type Ask = (request: Parameters<typeof askAgent>[1]) => Promise<unknown>;

/** `what` cannot be done without one: "show anything". */
export async function withController(
  network: Network,
  options: MachineOptions,
  what: string,
  work: (ask: Ask) => Promise<void>,
): Promise<void> {
  const controller = controllerOf(network.spec);
  if (controller === undefined)
    throw new TofroError(`Cannot ${what}: the network has no controller`, { kind: "usage" });
  const machines = await reach(network, planOf(network), options, (node) => node === controller);
  try {
    const host = machines.hosts.get(controller);
    if (host === undefined) {
      const [{ message } = { message: `${controller} is left out by --node` }] = machines.unreachable;
      throw new TofroError(`Cannot ask the controller on ${controller}: ${message}`);
    }
    await work((request) => askAgent(host, request));
  } finally {
    await machines.close();
  }
}
