// `tofro doctor`: what on each machine would break the plan, with the evidence and the command against it.
import { Command } from "@commander-js/extra-typings";
import { examine } from "../core/doctor/examine.ts";
import { byHandOf } from "../core/by-hand.ts";
import type { Finding } from "../core/doctor/finding.ts";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { planOf } from "../files/network.ts";
import { factsOf } from "../linux/facts.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { byHandLines } from "./plan.ts";
import { machineOptions, machinesOf, type Machines } from "./machines.ts";

export const doctorCommand = (io: Io) =>
  machineOptions(new Command("doctor"))
    .description(
      "say what on each machine would break the plan, and the mend; reads only; exit 3 when there is something",
    )
    .option("--json", "{ findings, unreachable }")
    .action(async (options) => {
      const network = await loadNetwork(options, io);
      const plan = planOf(network);
      const machines = await machinesOf(network, plan.states, options);
      try {
        const { findings, unreachable } = await examineAll(plan, machines);
        if (options.node === undefined) io.stderr(byHandLines(byHandOf(network.spec)));
        for (const { message } of unreachable) io.stderr(`tofro: ${message}\n`);
        if (options.json === true) io.stdout(`${JSON.stringify({ findings, unreachable }, undefined, 2)}\n`);
        else io.stdout(doctorText(machines.states.length - unreachable.length, findings));
        if (findings.some(({ severity }) => severity !== "note")) io.exit(3);
        else if (unreachable.length > 0) io.exit(1);
      } finally {
        await machines.close();
      }
    });

interface Examined {
  readonly findings: readonly Finding[];
  readonly unreachable: readonly { readonly node: string; readonly message: string }[];
}

/** All machines at once; one that cannot be asked does not keep the others from being told. */
async function examineAll(plan: Plan, machines: Machines): Promise<Examined> {
  const results = await Promise.allSettled(
    machines.states.map(async (state) => {
      const host = await machines.host(state.node);
      return examine(plan, state, await factsOf(host, state));
    }),
  );
  return {
    findings: results.flatMap((result) => (result.status === "fulfilled" ? result.value : [])),
    unreachable: results.flatMap((result, index) => {
      if (result.status === "fulfilled") return [];
      if (!(result.reason instanceof TofroError)) throw result.reason;
      return [{ node: machines.states[index]!.node, message: result.reason.message }];
    }),
  };
}

function doctorText(machines: number, findings: readonly Finding[]): string {
  const blocks = findings.map(({ code, node, severity, message, evidence, mend, lasting }) =>
    [
      `${node}: ${severity}: ${message} [${code}]`,
      `  seen: ${evidence}`,
      ...mend.map((command, index) => `  ${index === 0 ? "mend:" : "     "} ${command}`),
      ...(lasting === undefined ? [] : [`  ${mend.length === 0 ? "mend" : "last"}: ${lasting}`]),
      "",
    ].join("\n"),
  );
  const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
  return `${blocks.join("")}${machines} ${machines === 1 ? "machine" : "machines"} examined, ${count}\n`;
}
