// `tofro plan` and `tofro drift`: what would change on each machine, as the very lines that `apply` runs.
import { Command } from "@commander-js/extra-typings";
import { byHandOf, byHandText, type ByHand } from "../core/by-hand.ts";
import { keepsItsKey } from "../core/spec.ts";
import { openNetwork, planOf, secretsInUse, type OpenNetwork } from "../files/network.ts";
import { agentProgram } from "../agent/bundle.ts";
import { agentOptions, withAgents } from "./agents.ts";
import type { Aim, Machine } from "../linux/machine.ts";
import type { Plan } from "../core/plan.ts";
import { stageLines } from "../render/apply-scripts.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions, machinesOf } from "./machines.ts";
import { nodeKeys } from "./node-keys.ts";
import { observeAll } from "./observe.ts";
import { unlock } from "./unlock.ts";

export const planCommand = (io: Io) =>
  agentOptions(machineOptions(new Command("plan")))
    .alias("drift")
    .description("what apply would run on each machine; reads only; exit 3 when there is something")
    .option("--partial", "leave machines out that cannot be reached")
    .option("--json", "{ machines: [{ node, commands, isDone }], leftOut }")
    .action(async (options) => {
      const network = await openNetwork(withAgents(await loadNetwork(options, io), options), unlock);
      const all = await machinesOf(network, planOf(network).states, options);
      try {
        const { plan, machines, making } = await nodeKeys(network, all);
        const aim = await planAim(network, plan);
        const { machines: observed, leftOut } = await observeAll(machines, aim, options.partial === true, io);
        const byHand = options.node === undefined ? byHandOf(network.spec) : [];
        io.stdout(
          options.json === true
            ? planJson(observed, leftOut, making, byHand)
            : `${planText(observed, making)}${byHandLines(byHand)}`,
        );
        if (observed.some(({ isDone }) => !isDone)) io.exit(3);
        else if (leftOut.length > 0) io.exit(1);
      } finally {
        await all.close();
      }
    });

/** The lines for one machine, in the order in which they run. */
const commandsOf = ({ there, wireguard }: Machine): string[] =>
  [there.widen, there.move, there.narrow].flatMap((changes) => stageLines(changes, wireguard));

/** The plan as the aim of a network's machines. Throws "failed" when the agents' program cannot be made. */
export async function planAim(network: OpenNetwork, { spec, lock }: Plan): Promise<Aim> {
  return {
    kind: "plan",
    secrets: secretsInUse(network),
    ownKeys: new Set(spec.nodes.filter(keepsItsKey).map(({ name }) => name)),
    ...(lock.agents === true && { agent: { program: await agentProgram(), spec, lock } }),
  };
}

/** Nodes that are `making` a key are planned without it: apply has it made first, and everybody's lines follow. */
export function planText(machines: readonly Machine[], making: readonly string[] = []): string {
  return machines
    .map((machine) => {
      const lines = commandsOf(machine);
      if (machine.isDone) return `${machine.plan.node}: nothing to do\n`;
      const boot = lines.length === 0 ? "  only what brings it up at boot\n" : "";
      const key = making.includes(machine.plan.node)
        ? "  apply first makes a private key here (wg genkey), which stays here\n"
        : "";
      return `${machine.plan.node}:\n${key}${lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}\n`).join("")}${boot}`;
    })
    .join("");
}

export const byHandLines = (byHand: readonly ByHand[]): string =>
  byHand.map((each) => `${byHandText(each)}\n`).join("");

const planJson = (
  machines: readonly Machine[],
  leftOut: readonly string[],
  making: readonly string[],
  byHand: readonly ByHand[],
): string =>
  `${JSON.stringify(
    {
      machines: machines.map((machine) => ({
        node: machine.plan.node,
        commands: commandsOf(machine),
        isDone: machine.isDone,
        ...(making.includes(machine.plan.node) && { makesKey: true }),
      })),
      leftOut,
      ...(byHand.length > 0 && { byHand }),
    },
    undefined,
    2,
  )}\n`;
