// A machine reached by the system's ssh; one connection is shared by all commands of a run.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Host } from "./command.ts";

export interface SshConnections {
  /** The machine at an ssh destination: `host`, `user@host`, or a name of ssh_config. */
  readonly host: (name: string, destination: string) => Host;
  /** The same by a connection of its own: whether one could log in anew. */
  readonly fresh: (name: string, destination: string) => Host;
  /** Ends the shared connections. */
  readonly close: () => Promise<void>;
}

const OPTIONS = ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ServerAliveCountMax=3"];

/** Opens nothing yet: a connection comes with its first command. */
export async function sshConnections(): Promise<SshConnections> {
  // A socket's path may have about 100 bytes; %C is a hash of host, port and user (ssh_config(5)).
  const folder = await mkdtemp(join(tmpdir(), "tofro-ssh-"));
  const opened = new Set<string>();
  const shared = ["ControlMaster=auto", `ControlPath=${join(folder, "%C")}`, "ControlPersist=60"];
  const make = (name: string, destination: string, options: readonly string[]): Host => {
    const enter = ["ssh", ...[...OPTIONS, ...options].flatMap((each) => ["-o", each]), "--", destination];
    return {
      name,
      run: (argv, runOptions) => run([...enter, ...argv.map(quote)], runOptions, { name, enter: [] }),
      async writeFile(path, text, mode) {
        const script = `umask 077 && cat >${quote(`${path}.new`)} && chmod ${mode.toString(8)} ${quote(`${path}.new`)} && mv ${quote(`${path}.new`)} ${quote(path)}`;
        await run([...enter, script], { input: text }, { name, enter: [] });
      },
    };
  };
  return {
    host(name, destination) {
      opened.add(destination);
      return make(name, destination, shared);
    },
    fresh: (name, destination) => make(name, destination, ["ControlMaster=no", "ControlPath=none"]),
    async close() {
      const ends = Array.from(opened, (destination) => {
        const options = shared.flatMap((each) => ["-o", each]);
        return run(["ssh", ...options, "-O", "exit", "--", destination], {
          anyExit: true,
          timeoutMs: 10_000,
        });
      });
      await Promise.allSettled(ends);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** For the shell at the other end (ssh joins its arguments with spaces). */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
