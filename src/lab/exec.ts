// Runs a command in a lab host on the user's own terminal.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { environment } from "../linux/command.ts";
import { enterArgv, signalChildren } from "../linux/namespace.ts";
import { namespacesOf } from "./lab.ts";
import { readState } from "./state.ts";

/** Returns the command's exit code; 128 and the signal's number when a signal ended it. */
export async function exec(name: string, host: string, argv: readonly string[]): Promise<number> {
  const namespace = namespacesOf(await readState(name))(host);
  // nsenter goes to `/`; relative paths still work where the same folder is there inside.
  const folder = process.cwd();
  const chdir = ["env", `--chdir=${/^\/run(?:\/|$)/.test(folder) ? "/" : folder}`];
  const [nsenter = "", ...rest] = [...enterArgv(namespace), ...chdir, ...argv];
  const child = spawn(nsenter, rest, { stdio: "inherit", env: environment() });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("error", reject);
  child.on("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  // The terminal's Ctrl-C reaches the command by itself; other signals would end nsenter, but nothing inside.
  const pass = (signal: NodeJS.Signals): void => signalChildren(child.pid, signal);
  process.on("SIGINT", ignore).on("SIGTERM", pass).on("SIGHUP", pass);
  return promise.finally(() => process.off("SIGINT", ignore).off("SIGTERM", pass).off("SIGHUP", pass));
}

const ignore = (): void => undefined;
