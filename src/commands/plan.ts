// `tofro plan` and `tofro drift`: what would change on each machine, as the very lines that `apply` runs.
import { Command } from "@commander-js/extra-typings";
import { planOf } from "../files/network.ts";
import type { Machine } from "../linux/machine.ts";
import { stageLines } from "../render/apply-scripts.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions, machinesOf } from "./machines.ts";
import { observeAll } from "./observe.ts";

export const planCommand = (io: Io) =>
  machineOptions(new Command("plan"))
    .alias("drift")
    .description("what apply would run on each machine; reads only; exit 3 when there is something")
    .option("--partial", "leave machines out that cannot be reached")
    .option("--json", "{ machines: [{ node, commands, isDone }], leftOut }")
    .action(async (options) => {
      const network = await loadNetwork(options, io);
      const machines = await machinesOf(network, planOf(network).states, options);
      try {
        const aim = { kind: "plan", secrets: network.secrets } as const;
        const { machines: observed, leftOut } = await observeAll(machines, aim, options.partial === true, io);
        io.stdout(options.json === true ? planJson(observed, leftOut) : planText(observed));
        if (observed.some(({ isDone }) => !isDone)) io.exit(3);
        else if (leftOut.length > 0) io.exit(1);
      } finally {
        await machines.close();
      }
    });

/** The lines for one machine, in the order in which they run. */
const commandsOf = ({ there, wireguard }: Machine): string[] =>
  [there.widen, there.move, there.narrow].flatMap((changes) => stageLines(changes, wireguard));

export function planText(machines: readonly Machine[]): string {
  return machines
    .map((machine) => {
      const lines = commandsOf(machine);
      if (machine.isDone) return `${machine.plan.node}: nothing to do\n`;
      const boot = lines.length === 0 ? "  only what brings it up at boot\n" : "";
      return `${machine.plan.node}:\n${lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}\n`).join("")}${boot}`;
    })
    .join("");
}

const planJson = (machines: readonly Machine[], leftOut: readonly string[]): string =>
  `${JSON.stringify(
    {
      machines: machines.map((machine) => ({
        node: machine.plan.node,
        commands: commandsOf(machine),
        isDone: machine.isDone,
      })),
      leftOut,
    },
    undefined,
    2,
  )}\n`;
