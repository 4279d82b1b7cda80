// The options that say which network a verb is about, and the plan they lead to.
import type { Command } from "@commander-js/extra-typings";
import { formatDiagnostic, type Diagnostic } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { planOf, readNetwork, type Network } from "../files/network.ts";
import { labNetworkFile } from "../lab/lab.ts";
import type { Io } from "./io.ts";

export interface NetworkOptions {
  readonly file?: string | undefined;
  readonly lab?: string | undefined;
}

const DEFAULT_FILE = "tofro.yaml";

/** Adds `-f FILE` and `--lab NAME`. */
export const networkOptions = (command: Command) =>
  command
    .option("-f, --file <file>", `network file (default: ${DEFAULT_FILE} here, or the lab's)`)
    .option("--lab <name>", "a running lab's network");

/** The network that the options name; its warnings are printed. */
export async function loadNetwork(options: NetworkOptions, io: Io): Promise<Network> {
  const ofLab = options.lab === undefined ? undefined : await labNetworkFile(options.lab);
  const network = await readNetwork(options.file ?? ofLab ?? DEFAULT_FILE);
  printDiagnostics(network.warnings, io);
  return network;
}

/** The plan that the options name, in memory; nothing is written. */
export const loadPlan = async (options: NetworkOptions, io: Io): Promise<Plan> =>
  planOf(await loadNetwork(options, io));

export function printDiagnostics(diagnostics: readonly Diagnostic[], io: Io): void {
  for (const diagnostic of diagnostics) io.stderr(`${formatDiagnostic(diagnostic)}\n`);
}
