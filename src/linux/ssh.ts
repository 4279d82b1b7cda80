// A machine reached by the system's ssh; one connection is shared by all commands of a run.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandFailure, run, type Host, type RunOptions, type Output } from "./command.ts";
import { hasNoSsh, noLogin } from "./ssh-errors.ts";

export interface SshConnections {
  /** The machine at an ssh destination: `host`, `user@host`, or a name of ssh_config. */
  readonly host: (name: string, destination: string) => Host;
  /** The same by a connection of its own: whether one could log in anew. */
  readonly fresh: (name: string, destination: string) => Host;
  /** Ends the shared connections. */
  readonly close: () => Promise<void>;
}

// Without banners and news of known hosts, which would stand in the way of what went wrong.
const OPTIONS = [
  "BatchMode=yes",
  "LogLevel=ERROR",
  "ConnectTimeout=10",
  "ServerAliveInterval=5",
  "ServerAliveCountMax=3",
];

/** Exit code of the wrapper below when the user is not root and cannot become root. */
const NOT_ROOT = 77;

/** Opens nothing yet: a connection comes with its first command. */
export async function sshConnections(): Promise<SshConnections> {
  // A socket's path may have about 100 bytes, and ssh adds 60; %C is a hash of host, port and user (ssh_config(5)).
  const folder = await mkdtemp(join(tmpdir().length > 30 ? "/tmp" : tmpdir(), "tofro-ssh-"));
  const opened = new Set<string>();
  const shared = ["ControlMaster=auto", `ControlPath=${join(folder, "%C")}`, "ControlPersist=60"];
  const make = (name: string, destination: string, options: readonly string[]): Host => {
    const words = ["ssh", ...[...OPTIONS, ...options].flatMap((each) => ["-o", each]), "--", destination];
    const runThere = (argv: readonly string[], runOptions?: RunOptions): Promise<Output> =>
      runBySsh({ name, destination, words }, argv, runOptions);
    return {
      name,
      run: runThere,
      async writeFile(path, text, mode) {
        const script = `umask 077; cat >"$1.new" && chmod ${mode.toString(8)} "$1.new" && mv "$1.new" "$1"`;
        await runThere(["sh", "-c", script, "sh", path], { input: text });
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

interface Way {
  readonly name: string;
  readonly destination: string;
  /** What is started here: ssh with its options and the destination. */
  readonly words: readonly string[];
}

async function runBySsh(way: Way, argv: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { name } = way;
  // Whatever a login shell says before (fish, csh, a .bashrc with news), the command's own output begins behind the mark.
  const mark = `tofro-${randomBytes(8).toString("hex")}`;
  const enter = [...way.words, "sh", "-c", quote(wrapper(mark)), "sh"];
  const output = await run(argv.map(quote), { ...options, anyExit: true }, { name, enter }).catch(hasNoSsh);
  const [stdout, stderr] = [behind(output.stdout, mark), behind(output.stderr, mark)];
  if (output.code === 255 || stdout === undefined || stderr === undefined) {
    throw noLogin(way, output, output.code === NOT_ROOT);
  }
  if (output.code === 0 || options.anyExit === true) return { code: output.code, stdout, stderr };
  throw commandFailure(argv, name, stderr.trim() || `exit code ${output.code}`, stderr);
}

/** For `sh -c` with the command behind it: becomes root where the user is not, says the mark, and is the command. */
const wrapper = (mark: string): string =>
  [
    `if [ "$(id -u)" != 0 ]; then sudo -n sh -c : </dev/null || { id -un >&2; exit ${NOT_ROOT}; }; set -- sudo -n "$@"; fi`,
    `echo ${mark}; echo ${mark} >&2`,
    `exec "$@"`,
  ].join("; ");

function behind(text: string, mark: string): string | undefined {
  const at = text.indexOf(`${mark}\n`);
  return at === -1 ? undefined : text.slice(at + mark.length + 1);
}

/** For the shell at the other end (ssh joins its arguments with spaces). */
const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
