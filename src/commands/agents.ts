// Whether machines have agents: said once, and kept in the lock.
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { refuseByHand } from "../core/by-hand.ts";
import type { Network } from "../files/network.ts";

/** Adds `--agent` and `--no-agent`; neither: as the last apply had it. */
export const agentOptions = <
  Args extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(
  command: Command<Args, Options, Globals>,
) =>
  command
    .option("--agent", "with agents, which measure, choose and fail over; needs Node.js 20 there; stays so")
    .option("--no-agent", "without agents, on the plan's own paths");

export function withAgents<Any extends Network>(
  network: Any,
  { agent }: { readonly agent?: boolean | undefined },
): Any {
  if (agent ?? network.lock.agents === true) refuseByHand(network.spec);
  if (agent === undefined) return network;
  const { agents: _agents, ...lock } = network.lock;
  return { ...network, lock: agent ? { ...lock, agents: true } : lock };
}
