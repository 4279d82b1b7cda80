// Observes all machines at once, and sorts out those that cannot be reached.
import { TofroError } from "../core/error.ts";
import { observeMachine, type Aim, type Machine } from "../linux/machine.ts";
import type { Io } from "./io.ts";
import type { Machines } from "./machines.ts";

/** Throws when a machine cannot be observed, unless `partial`: then it is named and left out. */
export async function observeAll(machines: Machines, aim: Aim, partial: boolean, io: Io): Promise<Machine[]> {
  const means = machines.wireguard === undefined ? aim : { ...aim, wireguard: machines.wireguard };
  const results = await Promise.allSettled(
    machines.states.map(async (state) => observeMachine(await machines.host(state.node), state, means)),
  );
  const failures = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as Error] : [],
  );
  for (const failure of failures) io.stderr(`tofro: ${failure.message}\n`);
  if (failures.length > 0 && !partial) {
    const [first] = failures;
    const detail = first instanceof TofroError ? first.detail : ({ kind: "failed" } as const);
    const count = `${failures.length} of ${results.length} machines`;
    throw new TofroError(`Nothing was changed: ${count} cannot be used (--partial leaves them out)`, detail);
  }
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}
