// `tofro check`: pushes packets through the plan and says where they go.
import { Command } from "@commander-js/extra-typings";
import { check, type CheckResult } from "../core/check/check.ts";
import { TofroError } from "../core/error.ts";
import { planOf } from "../files/network.ts";
import { columns } from "./columns.ts";
import type { Io } from "./io.ts";
import { loadNetwork, networkOptions, printDiagnostics } from "./load.ts";
import { wayText } from "./way.ts";

/** More directions than this are counted instead of listed, the broken ones excepted. */
const MOST_LISTED = 200;
/** From about here on it takes more than a second. */
const MANY_NODES = 200;

export const checkCommand = (io: Io) =>
  networkOptions(new Command("check"))
    .description("simulate packets in every direction; exit 3 when something in the file would not come true")
    .option("--json", "{ ok, diagnostics, directions }")
    .action(async (options) => {
      try {
        const network = await loadNetwork(options, options.json === true ? { ...io, stderr: () => {} } : io);
        const { length } = network.spec.nodes;
        if (length >= MANY_NODES) io.stderr(`simulating the directions of ${length} nodes ...\n`);
        const result = check(network.spec, planOf(network).states);
        if (options.json === true)
          printJson({ ...result, diagnostics: [...network.warnings, ...result.diagnostics] }, io);
        else print(result, io);
        if (!result.ok) io.exit(3);
      } catch (error) {
        if (options.json !== true || !(error instanceof TofroError) || error.detail.kind !== "input")
          throw error;
        printJson({ ok: false, diagnostics: error.detail.diagnostics, directions: [] }, io);
        io.exit(error.exitCode);
      }
    });

const printJson = (value: unknown, io: Io): void => io.stdout(`${JSON.stringify(value, undefined, 2)}\n`);

function print(result: CheckResult, io: Io): void {
  io.stdout(checkText(result));
  printDiagnostics(result.diagnostics, io);
}

/** The verdicts for a person. */
export function checkText({ directions }: CheckResult): string {
  const broken = directions.filter((direction) => direction.broken !== undefined);
  const listed = directions.length > MOST_LISTED ? broken : directions;
  const rows = listed.map((direction) => {
    const ends = `${direction.from} to ${direction.to}`;
    const path = wayText(direction.path, direction.tunnels);
    return direction.broken === undefined
      ? ["ok", ends, path, `MTU ${direction.mtu}`]
      : ["BROKEN", ends, path, direction.broken.message];
  });
  const verdict = broken.length === 0 ? "all arrive" : `${broken.length} broken`;
  return `${columns(rows)}${directions.length} directions simulated, ${verdict}\n`;
}
