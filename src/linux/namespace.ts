// A host made of namespaces: one init process that everything inside dies with, found again by the marker in its argv.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { TofroError } from "../core/error.ts";
import { environment, run } from "./command.ts";
import type { Host } from "./command.ts";

// PID 1 of the host: `$0` is the marker and never used otherwise. Everything that two hosts must not share gets a
// private mount, so nothing is left in the file system when they end. It stays a shell because a PID 1 reaps orphans.
const INIT = `# tofro namespace
set -e
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t tmpfs -o mode=755,nosuid,nodev tofro /run
mkdir -m 700 /run/tofro /run/wireguard
mkdir /run/netns /run/lock
# An /etc of its own: what it writes there is gone with it.
mkdir /run/etc /run/etc/upper /run/etc/work
if ! mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work tofro /etc 2>/dev/null; then
  cp -a /etc/. /run/etc/upper
  mount --bind /run/etc/upper /etc
fi
# And what agents keep.
mkdir /run/lib /run/lib/upper /run/lib/work
mount -t overlay -o lowerdir=/var/lib,upperdir=/run/lib/upper,workdir=/run/lib/work tofro /var/lib 2>/dev/null ||
  { mkdir -p /var/lib/tofro && mount -t tmpfs -o mode=700,nosuid,nodev tofro /var/lib/tofro; }
cat >/etc/hosts.tofro
mount --bind /etc/hosts.tofro /etc/hosts
[ ! -d /etc/wireguard ] || mount -t tmpfs -o mode=700,nosuid,nodev tofro /etc/wireguard
rm -rf /etc/tofro
echo "\${0##*/}" >/proc/sys/kernel/hostname
cd /proc/sys/net
echo 0 >ipv4/conf/all/rp_filter
echo 2 >ipv4/conf/default/rp_filter
echo 0 >ipv4/ip_forward
if [ -d ipv6 ]; then
  for each in accept_dad accept_ra autoconf; do echo 0 >ipv6/conf/default/$each; done
  echo 1 >ipv6/conf/default/addr_gen_mode
fi
cd /
ip link set lo up
echo ready
exec </dev/null >/dev/null 2>&1
while :; do sleep 1000000 & wait $!; done`;

const UNSHARE = ["--fork", "--pid", "--kill-child", "--mount", "--net", "--uts", "--mount-proc"];

export interface Namespace {
  readonly marker: string;
  /** PID of the init process, as this machine counts. */
  readonly pid: number;
}

/** Starts a host; the part of `marker` behind the last `/` is its host name, `hosts` the text of its /etc/hosts. */
export async function startNamespace(marker: string, hosts: string): Promise<Namespace> {
  const child = spawn("unshare", [...UNSHARE, "sh", "-c", INIT, marker], {
    detached: true,
    env: environment(),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  child.on("error", reject);
  child.stdin.on("error", () => undefined).end(hosts);
  child.stdout.once("data", () => resolve(undefined));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  child.on("close", () => reject(new Error(errors.trim() || "it ended at once")));
  try {
    await promise;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TofroError(`Cannot start the namespaces of ${marker}: ${why}`, { kind: "failed" }, cause);
  }
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  if (pid > 0) return { marker, pid };
  throw new TofroError(`Cannot start the namespaces of ${marker}: its init process is not there`);
}

/** All running hosts whose marker begins with `prefix`. */
export const findNamespaces = (prefix: string): Namespace[] =>
  scan(prefix).flatMap(({ marker, pid, init }) => (init ? [{ marker, pid }] : []));

/** Ends every host whose marker begins with `prefix`, with all that runs inside; returns when nothing is left. */
export async function endNamespaces(prefix: string, timeoutMs = 10_000): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const ended = new Set<number>();
  for (;;) {
    const left = scan(prefix);
    if (left.length === 0) return ended.size;
    // The init first: its parent then ends by itself, and all that is left to do is to wait.
    for (const { pid, init, waits } of left) {
      if (!waits && (init || !left.some((each) => each.init))) kill(pid);
      if (init) ended.add(pid);
    }
    if (performance.now() > deadline) {
      throw new TofroError(`Cannot end processes ${left.map(({ pid }) => pid).join(", ")} of ${prefix}`);
    }
    await sleep(5);
  }
}

/** The host as a place to run commands in: all its namespaces, working directory `/`. */
export function namespaceHost(name: string, namespace: Namespace): Host {
  const place = { name, enter: enterArgv(namespace) };
  return {
    name,
    run: (argv, options) => run(argv, options, place),
    async writeFile(path, text, mode) {
      const script = `umask 077; cat >"$1.tofro" && chmod ${mode.toString(8)} "$1.tofro" && mv "$1.tofro" "$1"`;
      await run(["sh", "-c", script, "sh", path], { input: text }, place);
    },
  };
}

/** What stands before a command to run it inside. */
export const enterArgv = ({ pid }: Namespace): string[] => [
  "nsenter",
  "--target",
  String(pid),
  ..."--net --mount --pid --uts --".split(" "),
];

interface Found extends Namespace {
  readonly init: boolean;
  /** An nsenter that only waits for a process inside. */
  readonly waits: boolean;
}

/** By exact argv, so that nobody's `grep tofro-lab/…` or reused PID is taken for a host. */
function scan(prefix: string): Found[] {
  return readdirSync("/proc").flatMap((entry) => {
    const argv = /^\d+$/.test(entry) ? read(`/proc/${entry}/cmdline`).split("\0").slice(0, -1) : [];
    const marker = argv.at(-1);
    if (marker === undefined || !marker.startsWith(prefix)) return [];
    const script = argv.at(-2) === INIT || argv.at(-2)?.startsWith("# tofro namespace\n") === true;
    const waits = argv[0] === "nsenter" && !script;
    if (!waits && !(script && (argv[0] === "sh" || argv[0] === "unshare"))) return [];
    const init = !waits && argv[0] === "sh" && isInit(entry);
    return [{ marker, pid: Number(entry), init, waits }];
  });
}

/** PID 1 of a namespace below ours. */
const isInit = (pid: string): boolean => /^NSpid:\t\d+(?:\t\d+)*\t1$/m.test(read(`/proc/${pid}/status`));

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Signals the children of a process, such as the command that an nsenter waits for. */
export function signalChildren(pid: number | undefined, signal: NodeJS.Signals): void {
  const children = pid === undefined ? "" : read(`/proc/${pid}/task/${pid}/children`);
  for (const child of children.split(" ").filter(Boolean)) kill(Number(child), signal);
}

function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}
