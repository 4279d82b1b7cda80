// A lab whose hosts run a real sshd, and a place in it from which an operator's tofro reaches them by the system's ssh.
//
//   op ── op.nat ──┬── a        The command line runs in a process of its own inside `op`, with a ~/.ssh of its own. The network
//                  ├── b        file names the machines as box-a, box-b, box-c; c's sshd listens on another port.
//                  └── c
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { namespacesOf } from "../../src/lab/lab.ts";
import { readState } from "../../src/lab/state.ts";
import { environment, run, type Host } from "../../src/linux/command.ts";
import { enterArgv, signalChildren } from "../../src/linux/namespace.ts";
import type { Outcome } from "./cli.ts";
import { withLab, type TestLab } from "./lab.ts";
import { snapshot } from "./snapshot.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");
export const kernelLane = process.env["TOFRO_KERNEL_LANE"] !== undefined;

export const MACHINES = ["a", "b", "c"] as const;
const ADDRESSES = { a: "198.51.100.1", b: "198.51.100.2", c: "198.51.100.3", op: "203.0.113.9" };
const PORTS = { a: 22, b: 22, c: 2222 };

/** There through b, back directly; and both directly. From one to the other: tunnels, routes and allowed IPs change. */
export const THROUGH = "[a -> b -> c, c -> a]";
export const DIRECT = "[a <-> c, b <-> c]";

export interface Remotes extends TestLab {
  /** Where everything of the operator lies. */
  readonly folder: string;
  /** Runs the command line on net.yaml where the operator sits. */
  readonly tofro: (verb: string, ...argv: string[]) => Promise<Outcome>;
  /** The same, to be watched and signalled. */
  readonly start: (verb: string, ...argv: string[]) => Running;
  /** The same on another host of the lab. */
  readonly startAt: (host: string, verb: string, ...argv: string[]) => Running;
  /** Writes net.yaml; `said` is what nodes say instead of `ssh: box-<name>`. */
  readonly network: (paths: string, said?: Readonly<Record<string, string>>) => void;
  readonly sh: (host: string, script: string) => Promise<string>;
  /** How often each sshd let somebody in. */
  readonly logins: () => Record<string, number>;
  /** Resolves when no apply is under way on these machines any more. */
  readonly unlocked: (...names: string[]) => Promise<void>;
  /** When no apply is under way anywhere: each machine's state, and that its sshd answers. */
  readonly settled: () => Promise<Record<string, string>>;
}

interface Running {
  /** Resolves when stderr has this; rejects when the command ended without. */
  readonly says: (text: string) => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly done: Promise<Outcome>;
}

export async function withRemotes(paths: string, use: (remotes: Remotes) => Promise<void>): Promise<void> {
  const nodes = MACHINES.map((name) => `${name}: { endpoint: ${ADDRESSES[name]} }`).join(", ");
  const network = `overlay: 10.70.0.0/24\nnodes: { ${nodes}, op: {} }\npaths: [a -> b, b -> c, c -> a, op -> a]\n`;
  await withLab(network, { bare: true }, async (lab, folder) => {
    const namespace = namespacesOf(await readState(lab.name));
    const sh = async (host: string, script: string): Promise<string> => {
      const { stdout } = await (
        await lab.host(host)
      ).run(["sh", "-s"], { input: script, timeoutMs: 120_000 });
      return stdout;
    };
    await operatorHome(folder, await lab.host("op"));
    await Promise.all(
      MACHINES.map(async (name) => {
        await sshdFiles(folder, name);
        // A home of its own: what this machine's root has in its shell's files is not these machines', and may wait for locks.
        await sh(name, `mkdir -p /run/root\n${rootIs("/run/root", "/bin/bash")}${startSshd(folder, name)}`);
      }),
    );
    const startAt = (host: string, verb: string, ...argv: string[]): Running => {
      const env = ["env", `--chdir=${folder}`, `HOME=${join(folder, "home")}`];
      const enter = enterArgv(namespace(host));
      return started([...enter, ...env, process.execPath, MAIN, verb, "-f", "net.yaml", ...argv]);
    };
    const start = (verb: string, ...argv: string[]): Running => startAt("op", verb, ...argv);
    const remotes: Remotes = {
      ...lab,
      folder,
      start,
      startAt,
      sh,
      tofro: (verb, ...argv) => start(verb, ...argv).done,
      network(lines, said = {}) {
        const list = MACHINES.map(
          (name) => `  ${name}: { endpoint: ${ADDRESSES[name]}, ${said[name] ?? `ssh: box-${name}`} }\n`,
        );
        const text = `overlay: 192.168.51.0/24\nnodes:\n${list.join("")}paths: ${lines}\n`;
        writeFileSync(join(folder, "net.yaml"), text);
      },
      logins: () =>
        Object.fromEntries(
          MACHINES.map((name) => [
            name,
            readFileSync(logOf(folder, name), "utf8").split("Accepted publickey").length - 1,
          ]),
        ),
      unlocked: async (...names) => void (await Promise.all(names.map((name) => sh(name, UNTIL_UNLOCKED)))),
      async settled() {
        await sh("op", UNTIL_SENT);
        const states = MACHINES.map(async (name) => {
          await sh(name, UNTIL_UNLOCKED);
          return [name, await snapshot(await lab.host(name))] as const;
        });
        const result = Object.fromEntries(await Promise.all(states));
        await sh("op", MACHINES.map((name) => `ssh -o BatchMode=yes box-${name} true`).join(" && "));
        return result;
      },
    };
    remotes.network(paths);
    await use(remotes);
  });
}

/** Nor one that is just being armed. */
const UNTIL_UNLOCKED = `for try in $(seq 900); do
  [ -n "$(find /run/tofro -mindepth 1 -maxdepth 1 -type d 2>/dev/null)" ] || exit 0
  sleep 0.1
done
ls /run/tofro/apply* >&2; exit 1`;

/** What was under way when tofro was killed has come through: its ssh goes on without it. */
const UNTIL_SENT = `for try in $(seq 900); do
  pgrep -f '^ssh -o BatchMode=yes -o LogLevel' >/dev/null || exit 0
  sleep 0.1
done
exit 1`;

async function operatorHome(folder: string, op: Host): Promise<void> {
  const dotSsh = join(folder, "home", ".ssh");
  mkdirSync(dotSsh, { recursive: true, mode: 0o700 });
  await makeKey(join(folder, "id"));
  const entries = MACHINES.map(
    (name) => `Host box-${name}\n  HostName ${ADDRESSES[name]}\n  Port ${PORTS[name]}\n`,
  );
  const config = `${entries.join("")}Host *\n  User root\n  IdentityFile ${join(folder, "id")}\n`;
  writeFileSync(join(dotSsh, "config"), config, { mode: 0o600 });
  writeFileSync(join(dotSsh, "known_hosts"), "", { mode: 0o600 });
  // ssh looks for ~ in /etc/passwd, not in HOME.
  await op.run(["sh", "-c", rootIs(join(folder, "home"), "/bin/sh")]);
}

/** Root's home and login shell on that host. */
export const rootIs = (home: string, shell: string): string =>
  `sed -i 's|^root:.*|root:x:0:0:root:${home}:${shell}|' /etc/passwd\n`;

const makeKey = (path: string) => run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]);
const logOf = (folder: string, name: string): string => join(folder, `sshd-${name}.log`);

async function sshdFiles(folder: string, name: (typeof MACHINES)[number]): Promise<void> {
  const key = join(folder, `host-${name}`);
  await makeKey(key);
  const known = PORTS[name] === 22 ? ADDRESSES[name] : `[${ADDRESSES[name]}]:${PORTS[name]}`;
  const line = `${known} ${readFileSync(`${key}.pub`, "utf8")}`;
  writeFileSync(join(folder, "home", ".ssh", "known_hosts"), line, { flag: "a" });
  const config = `Port ${PORTS[name]}
HostKey ${key}
AuthorizedKeysFile /run/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
PidFile none
LogLevel VERBOSE
`;
  writeFileSync(join(folder, `sshd-${name}.conf`), config);
  writeFileSync(logOf(folder, name), "");
}

/** Ends the listener and every login. */
export const STOP_SSHD = "for each in $(pgrep -x sshd); do kill -9 $each; done\n";

/** For the shell of that host; again after a restart. */
export const startSshd = (folder: string, name: string): string =>
  `mkdir -p /run/sshd; cat ${folder}/id.pub >/run/authorized_keys; /usr/sbin/sshd -f ${folder}/sshd-${name}.conf -E ${logOf(folder, name)}\n`;

function started([command = "", ...rest]: readonly string[]): Running {
  const child = spawn(command, rest, { env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  const text = { stdout: "", stderr: "" };
  const waiting: (() => void)[] = [];
  let ended = false;
  const wake = (): void => {
    for (const each of waiting.splice(0)) each();
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      wake();
    });
  }
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  child.on("error", reject);
  child.on("close", (code) => {
    ended = true;
    wake();
    resolve({ code: code ?? 128, ...text });
  });
  return {
    done: promise,
    signal(signal) {
      signalChildren(child.pid, signal);
      // nsenter stops with what it waits for, and does not go on with it.
      if (signal === "SIGCONT") child.kill(signal);
    },
    async says(wanted) {
      while (!text.stderr.includes(wanted)) {
        if (ended) throw new Error(`it never said "${wanted}", but:\n${text.stderr}`);
        const { promise: woken, resolve: wakeUp } = Promise.withResolvers<void>();
        waiting.push(wakeUp);
        await woken;
      }
    },
  };
}
