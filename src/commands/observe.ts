// Observes all machines at once, and sorts out those that cannot be reached.
import { TofroError } from "../core/error.ts";
import { observeMachine, type Aim, type Machine } from "../linux/machine.ts";
import type { Io } from "./io.ts";
import type { Machines } from "./machines.ts";
import { progressOn } from "./progress.ts";

export interface Observed {
  readonly machines: readonly Machine[];
  /** Nodes that cannot be used; only with `partial`. */
  readonly leftOut: readonly string[];
}

/** Throws when a machine cannot be used, unless `partial`: then it is named and left out. */
export async function observeAll(machines: Machines, aim: Aim, partial: boolean, io: Io): Promise<Observed> {
  const means = machines.wireguard === undefined ? aim : { ...aim, wireguard: machines.wireguard };
  const nodes = machines.states.map(({ node }) => node);
  const progress = progressOn(io, true);
  progress.step("looking at the machines", nodes);
  const results = await Promise.allSettled(
    machines.states.map(async (state) => {
      const host = await machines.host(state.node);
      return observeMachine(host, state, means).finally(() => progress.done(state.node));
    }),
  );
  progress.end();
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
  return {
    machines: results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])),
    leftOut: nodes.filter((_, index) => results[index]!.status === "rejected"),
  };
}
