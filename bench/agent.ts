// What an agent at rest takes: processor, memory, and test packets a link. `node bench/agent.ts [TUNNELS] [SECONDS]` needs root.
// A star, whose hub has all the tunnels; one at its rim has the controller.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { columns } from "../src/commands/columns.ts";
import { run } from "../src/commands/run.ts";
import { readNetwork, settle } from "../src/files/network.ts";
import { labHost } from "../src/lab/lab.ts";
import type { Host } from "../src/linux/command.ts";

const TUNNELS = Number(process.argv[2] ?? 10);
const SECONDS = Number(process.argv[3] ?? 60);
const NAME = `bench-${process.pid}`;
/** Of `/proc/PID/stat`, on every Linux that Debian builds. */
const TICKS_A_SECOND = 100;

const spokes = Array.from({ length: TUNNELS }, (_, index) => `s${index + 1}`);
const NETWORK = [
  "overlay: 10.77.0.0/24",
  "controller: s1",
  "nodes:",
  "  hub: { endpoint: 198.51.100.100 }",
  ...spokes.map((name) => `  ${name}: {}`),
  "paths:",
  ...spokes.map((name) => `  - hub <=> ${name}`),
  "",
].join("\n");

async function tofro(...argv: string[]): Promise<void> {
  let said = "";
  const io = { stdout: () => undefined, stderr: (text: string) => void (said += text), colour: false };
  if ((await run(argv, io)) !== 0) throw new Error(`tofro ${argv.join(" ")}: ${said}`);
}

/** Fields of `/proc/PID/stat` (proc(5)) that matter here. */
interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Its own, and of the children that it has waited for. */
  readonly ticks: number;
  readonly childTicks: number;
}

function processOf(line: string): Process {
  // Behind the name, which may hold blanks, the third field follows.
  const fields = line
    .slice(line.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [parent, user, system, childUser, childSystem] = [1, 11, 12, 13, 14].map((index) => fields[index]!);
  return {
    pid: Number.parseInt(line, 10),
    parent: parent!,
    ticks: user! + system!,
    childTicks: childUser! + childSystem!,
  };
}

/** Ticks of the agent and of the commands below it, kB, and octets that left by each tunnel. */
async function look(hub: Host): Promise<{ own: number; commands: number; rssKb: number; sent: number[] }> {
  const script = `pid=$(cat /run/tofro-agent/pid); echo $pid
sed -n 's/^VmRSS:[[:space:]]*\\([0-9]*\\) kB/\\1/p' /proc/$pid/status
cat /sys/class/net/wg-*/statistics/tx_bytes | paste -s
cat /proc/[0-9]*/stat 2>/dev/null || true`;
  const { stdout } = await hub.run(["sh", "-c", script]);
  const [pid = "", rss = "", sent = "", ...stats] = stdout.trim().split("\n");
  const processes = stats.map(processOf);
  const agent = processes.find((each) => each.pid === Number(pid))!;
  let below: Process[] = [agent];
  let commands = agent.childTicks;
  while (below.length > 0) {
    const parents = new Set(below.map((each) => each.pid));
    below = processes.filter(({ parent }) => parents.has(parent));
    for (const { ticks, childTicks } of below) commands += ticks + childTicks;
  }
  return { own: agent.ticks, commands, rssKb: Number(rss), sent: sent.split("\t").map(Number) };
}

const folder = mkdtempSync(join(tmpdir(), "tofro-bench-"));
try {
  const file = join(folder, "tofro.yaml");
  writeFileSync(file, NETWORK);
  await settle(await readNetwork(file));
  const lab = join(folder, "lab.yaml");
  writeFileSync(lab, "network: ./tofro.yaml\n");
  await tofro("lab", "up", lab, "--bare", "--name", NAME);
  await tofro("apply", "--agent", "--lab", NAME);
  const hosts = await Promise.all(["hub", "s1"].map((node) => labHost(NAME, node)));
  await sleep(30_000);
  const begun = performance.now();
  const before = await Promise.all(hosts.map(look));
  await sleep(SECONDS * 1000);
  const seconds = (performance.now() - begun) / 1000;
  const after = await Promise.all(hosts.map(look));
  const percent = (ticks: number): string => `${((100 * ticks) / TICKS_A_SECOND / seconds).toFixed(1)} %`;
  const rows = [[`${seconds.toFixed(0)} s, % of a core`, "agent", "its commands", "memory", "into a tunnel"]];
  for (const [index, name] of [`${TUNNELS} tunnels`, `1 tunnel, controller of ${TUNNELS + 1}`].entries()) {
    const [was, now] = [before[index]!, after[index]!];
    const octets = now.sent.map((each, at) => each - was.sent[at]!);
    rows.push([
      name,
      percent(now.own - was.own),
      percent(now.commands - was.commands),
      `${(now.rssKb / 1024).toFixed(0)} MB`,
      `${(Math.max(...octets) / seconds / 1000).toFixed(2)} kB/s`,
    ]);
  }
  process.stdout.write(`${columns(rows)}load ${loadavg()[0]!.toFixed(1)}\n`);
} finally {
  const quiet = { stdout: () => undefined, stderr: () => undefined, colour: false };
  await run(["lab", "down", "--name", NAME], quiet);
  rmSync(folder, { recursive: true, force: true });
}
