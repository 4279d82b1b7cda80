// The command table: dispatch and help read this one array.
import { Command, CommanderError } from "@commander-js/extra-typings";
import { TofroError, type ExitCode } from "../core/error.ts";
import { prepareOverlay } from "../lab/overlay.ts";
import { agentCommand } from "./agent.ts";
import { applyCommand, downCommand } from "./apply.ts";
import { captureCommand } from "./capture.ts";
import { checkCommand } from "./check.ts";
import { completeCommand, completionCommand, manCommand } from "./completion.ts";
import { doctorCommand } from "./doctor.ts";
import { exportCommand } from "./export.ts";
import { graphCommand } from "./graph.ts";
import { initCommand } from "./init.ts";
import type { Io } from "./io.ts";
import { importCommand } from "./import.ts";
import { keysCommand } from "./keys.ts";
import { labCommand } from "./lab.ts";
import { labWeb } from "./lab-web.ts";
import { lintCommand } from "./lint.ts";
import { printDiagnostics } from "./load.ts";
import { measureCommand } from "./measure.ts";
import { planCommand } from "./plan.ts";
import { reportCommand } from "./report.ts";
import { schemaCommand } from "./schema.ts";
import { showCommand } from "./show.ts";
import { unlock } from "./unlock.ts";
import { simulateCommand } from "./simulate.ts";
import { statusCommand } from "./status.ts";
import { traceCommand } from "./trace.ts";
import { webCommand } from "./web.ts";
import { whyCommand } from "./why.ts";

const lab = (io: Io) => labCommand(io, (file) => prepareOverlay(file, unlock), labWeb);
const VERBS = [
  initCommand,
  checkCommand,
  showCommand,
  planCommand,
  applyCommand,
  downCommand,
  doctorCommand,
  statusCommand,
  traceCommand,
  captureCommand,
  measureCommand,
  agentCommand,
  whyCommand,
  webCommand,
  reportCommand,
  simulateCommand,
  importCommand,
  lintCommand,
  exportCommand,
  keysCommand,
  graphCommand,
  schemaCommand,
  lab,
  completionCommand,
  manCommand,
];

const EXIT_CODES =
  "\nExit codes: 0 done, 1 failed, 2 the file, the arguments or this machine are wrong, 3 checked and found wanting.";

/** Runs one command line (without `node` and the script) and returns the exit code. */
export async function run(argv: readonly string[], terminal: Omit<Io, "exit">): Promise<number> {
  let code = 0;
  const io: Io = {
    ...terminal,
    exit: (value) => {
      code = value;
    },
  };
  const program = new Command("tofro")
    .description("to and fro, each its own way: directional routing over WireGuard")
    .version("0.1.0")
    .addHelpText("after", EXIT_CODES);
  for (const verb of VERBS) program.addCommand(verb(io));
  program.addCommand(completeCommand(io), { hidden: true });
  prepare(program, io);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof TofroError) return report(error, io);
    throw error;
  }
}

/** Commander passes these settings on only to commands that it makes itself. */
function prepare(command: { readonly commands: readonly unknown[] }, io: Io): void {
  if (!(command instanceof Command)) return;
  command.exitOverride().showHelpAfterError("(--help lists what there is)");
  command.configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  for (const inner of command.commands) prepare(inner, io);
}

function report(error: TofroError, io: Io): ExitCode {
  if (error.detail.kind === "input") printDiagnostics(error.detail.diagnostics, io);
  else io.stderr(`tofro: ${error.message}\n`);
  return error.exitCode;
}
