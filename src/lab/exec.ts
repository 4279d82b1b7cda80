// Runs a command in a lab host on the user's own terminal.
import { enterArgv, signalChildren } from "../linux/namespace.ts";
import { onTerminal } from "../linux/terminal.ts";
import { namespacesOf } from "./lab.ts";
import { readState } from "./state.ts";

/** Returns the command's exit code; 128 and the signal's number when a signal ended it. */
export async function exec(name: string, host: string, argv: readonly string[]): Promise<number> {
  const namespace = namespacesOf(await readState(name))(host);
  // nsenter goes to `/`; relative paths still work where the same folder is there inside.
  const folder = process.cwd();
  const chdir = ["env", `--chdir=${/^\/run(?:\/|$)/.test(folder) ? "/" : folder}`];
  // Other signals than Ctrl-C would end nsenter, but nothing inside.
  return onTerminal([...enterArgv(namespace), ...chdir, ...argv], signalChildren);
}
