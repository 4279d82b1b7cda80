// One-way delay on loopback, where the truth is next to nothing: its error and spread by load, what a core can do, and memory.
// `node bench/stamp.ts` prints a table. Two probers as on machines, each with its worker thread; loads by number of tunnels.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { columns } from "../src/commands/columns.ts";
import type { ProberConfig, ProberResult } from "../src/stamp/config.ts";
import { readKey } from "../src/stamp/hmac.ts";
import { Reflector } from "../src/stamp/reflector.ts";
import { Sender } from "../src/stamp/sender.ts";
import { USER_STAMPS } from "../src/stamp/timestamp.ts";

const SECONDS = 5;
/** Tunnels and probes a second of each. */
const LOADS = [
  [1, 20],
  [20, 20],
  [100, 20],
  [100, 50],
] as const;
const KEY = Buffer.alloc(32, 5).toString("base64");
const [OWN, PEER] = ["127.63.0.1", "127.63.0.2"];
const REFLECTOR_PORT = 18_620;
const FIRST_PORT = 61_001;

interface Prober {
  readonly child: ChildProcess;
  readonly folder: string;
}

async function start(config: ProberConfig): Promise<Prober> {
  const folder = mkdtempSync(join(tmpdir(), "tofro-bench-"));
  writeFileSync(join(folder, "config"), JSON.stringify(config));
  const program = join(import.meta.dirname, "..", "src", "stamp", "prober.ts");
  const child = spawn(process.execPath, [program, folder], { stdio: "inherit" });
  while (!existsSync(join(folder, "ready"))) await sleep(10);
  return { child, folder };
}

/** CPU seconds, and megabytes, of a process (proc(5)). */
function usage({ child: { pid } }: Prober): { cpuS: number; rssMb: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1];
  return { cpuS: (Number(fields[11]) + Number(fields[12])) / 100, rssMb: Number(rss) / 1000 };
}

async function measure(tunnels: number, perSecond: number, addons: readonly string[]): Promise<string[]> {
  const ends = Array.from({ length: tunnels }, (_, index) => ({
    port: FIRST_PORT + index,
    ssids: [2 * index + 1, 2 * index + 2] as const,
    key: KEY,
  }));
  const times = { intervalMs: 1000 / perSecond, probes: SECONDS * perSecond, leadMs: 1000, drainMs: 500 };
  const shared = { reflectorPort: REFLECTOR_PORT, clock: { offsetMs: 0, driftPpm: 0 }, addons, ...times };
  const reflect = ends.map((end) => ({ ...end, own: PEER, peer: OWN, rateLimit: 10 * perSecond }));
  const send = ends.map((end, index) => ({ ...end, own: OWN, peer: PEER, tunnel: String(index) }));
  const reflector = await start({ ...shared, reflect, send: [] });
  const sender = await start({ ...shared, reflect: [], send });
  const before = [usage(sender), usage(reflector)];
  for (const { folder } of [sender, reflector]) writeFileSync(join(folder, "go"), "");
  while (!existsSync(join(sender.folder, "result"))) await sleep(50);
  const after = [usage(sender), usage(reflector)];
  const result = JSON.parse(readFileSync(join(sender.folder, "result"), "utf8")) as ProberResult;
  for (const { child, folder } of [sender, reflector]) {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
  const probes = result.sessions.flatMap(({ lives }) => lives.flat());
  const delays = probes
    .flatMap(({ sentMs, answer }) => (answer ? [answer.receivedMs - sentMs] : []))
    .sort((a, b) => a - b);
  const at = (share: number): string => `${delays[Math.floor(share * (delays.length - 1))]!.toFixed(2)} ms`;
  const cpu = after.map(
    ({ cpuS }, index) => `${(((cpuS - before[index]!.cpuS) / (SECONDS + 1.5)) * 100).toFixed(0)} %`,
  );
  return [
    `${tunnels} tunnels, ${tunnels * perSecond}/s${addons.length > 0 ? ", kernel" : ""}`,
    ...[0.1, 0.5, 0.95, 0.99].map(at),
    String(probes.length - delays.length),
    ...cpu,
    ...after.map(({ rssMb }) => `${rssMb.toFixed(0)} MB`),
  ];
}

/** Requests made, sealed, checked, answered, and their answers taken in: without sockets, one thread. */
function perCore(count: number): string {
  const key = readKey(KEY);
  const sender = new Sender({ ssid: 1, key, errorEstimate: USER_STAMPS });
  const from = { address: OWN, port: FIRST_PORT };
  const reflector = new Reflector([{ address: OWN, key, rateLimit: 1e9 }], USER_STAMPS);
  const begun = performance.now();
  for (let index = 0; index < count; index++) {
    const now = BigInt(index) * 1_000_000n;
    const accepted = reflector.accept(sender.next(now), from, now);
    sender.receive(reflector.answer(accepted!, now), now);
  }
  if (sender.answered !== count) throw new Error(`${count - sender.answered} probes got no answer`);
  return `${Math.round((count / (performance.now() - begun)) * 1000)} authenticated probes a second on one core, there and back, without sockets\n`;
}

const rows: string[][] = [];
const addon = join(import.meta.dirname, "..", "dist", "kernel-stamps.node");
for (const [tunnels, perSecond] of LOADS) {
  rows.push(await measure(tunnels, perSecond, []));
  // Beside it, where `npm run build:stamps` has made the addon.
  if (existsSync(addon)) rows.push(await measure(tunnels, perSecond, [addon]));
}
const title = ["", "p10", "p50", "p95", "p99", "lost", "sender", "reflector", "sender", "reflector"];
process.stdout.write(columns([title, ...rows]));
perCore(20_000);
process.stdout.write(perCore(100_000));
