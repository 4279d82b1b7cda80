// Runs a command on the user's own terminal.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { environment } from "./command.ts";

/**
 * Returns the exit code; 128 and the signal's number when a signal ended it. The terminal's Ctrl-C reaches the command by
 * itself; `pass` gives it other signals, to it alone when left out.
 */
export async function onTerminal(
  argv: readonly string[],
  pass?: (pid: number | undefined, signal: NodeJS.Signals) => void,
): Promise<number> {
  const [command = "", ...rest] = argv;
  const child = spawn(command, rest, { stdio: "inherit", env: environment() });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  const hand = (signal: NodeJS.Signals): void => {
    if (pass === undefined) child.kill(signal);
    else pass(child.pid, signal);
  };
  process.on("SIGINT", ignore).on("SIGTERM", hand).on("SIGHUP", hand);
  return promise.finally(() => process.off("SIGINT", ignore).off("SIGTERM", hand).off("SIGHUP", hand));
}

const ignore = (): void => undefined;
