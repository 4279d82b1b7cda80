// The only spawner of tofro: runs a command on this machine, or on any other place that can run one.
import { spawn } from "node:child_process";
import { rename, writeFile } from "node:fs/promises";
import { TofroError } from "../core/error.ts";

export interface RunOptions {
  /** Text for the command's stdin; absent: an empty one. Secrets go here or into a file, never into argv. */
  readonly input?: string | Uint8Array;
  /** The command and its children are killed after this. */
  readonly timeoutMs?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Return whatever the exit code is, instead of throwing. */
  readonly anyExit?: boolean;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** A place where commands run: this machine, a lab host, a machine over ssh. */
export interface Host {
  readonly name: string;
  /** Throws TofroError "command" when it cannot be started or exits with another code than 0. */
  run(argv: readonly string[], options?: RunOptions): Promise<Output>;
  /** Writes the whole file or nothing; `mode` as in chmod, e.g. 0o600. */
  writeFile(path: string, text: string, mode: number): Promise<void>;
}

/** Where a command runs when not simply here: `enter` stands before argv, `name` in messages. */
export interface Place {
  readonly name: string;
  readonly enter: readonly string[];
}

/** Runs a command on this machine. Error messages show argv, so it must hold no secret. */
export function run(argv: readonly string[], options: RunOptions = {}, place?: Place): Promise<Output> {
  const where = place?.name;
  const [command = "", ...rest] = [...(place?.enter ?? []), ...argv];
  const { promise, resolve, reject } = Promise.withResolvers<Output>();
  // With a time limit in a group of its own: the limit must also end what the command started.
  const grouped = options.timeoutMs !== undefined;
  const child = spawn(command, rest, { env: environment(options.env), detached: grouped });
  let timedOut = false;
  const timer = grouped ? setTimeout(expire, options.timeoutMs) : undefined;
  function expire(): void {
    timedOut = true;
    if (child.pid !== undefined) killGroup(child.pid);
  }
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => (text[name] += chunk));
  }
  // A command that does not read its input must not end tofro; what went wrong is in its exit code.
  child.stdin.on("error", () => undefined).end(options.input ?? "");
  child.on("error", (cause) => {
    clearTimeout(timer);
    reject(commandFailure(argv, where, reason(cause, command), "", cause));
  });
  child.on("close", (exit, signal) => {
    clearTimeout(timer);
    const code = exit ?? 128;
    if (!timedOut && (code === 0 || (options.anyExit && exit !== null))) return resolve({ ...text, code });
    const why = timedOut
      ? `it took longer than ${options.timeoutMs} ms`
      : text.stderr.trim() || (signal ? `ended by ${signal}` : `exit code ${code}`);
    reject(commandFailure(argv, where, why, text.stderr));
  });
  return promise;
}

export const localHost: Host = {
  name: "this machine",
  run: (argv, options) => run(argv, options),
  async writeFile(path, text, mode) {
    const temporary = `${path}.tofro-${process.pid}`;
    await writeFile(temporary, text, { mode, flag: "w" });
    await rename(temporary, path);
  },
};

/** The environment of commands: ours, with the administrator's folders in PATH (Debian users lack them). */
export function environment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin:/usr/bin:/bin`, ...added };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}

function reason(cause: Error, command: string): string {
  return "code" in cause && cause.code === "ENOENT" ? `${command} is not installed` : cause.message;
}

/** `where`: absent, this machine. */
export function commandFailure(
  argv: readonly string[],
  where: string | undefined,
  why: string,
  stderr: string,
  cause?: unknown,
): TofroError {
  const line = argv.map((word) => word.split("\n", 1)[0]).join(" ");
  const shown = line.length > 100 ? `${line.slice(0, 97)}...` : line;
  const message = `Cannot run \`${shown}\`${where === undefined ? "" : ` on ${where}`}: ${why}`;
  return new TofroError(message, { kind: "command", command: argv, stderr }, cause);
}
