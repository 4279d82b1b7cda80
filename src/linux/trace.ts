// Traces on real machines: counters armed on all that answer, bursts of pings from both ends, and what was counted.
import { randomBytes, randomInt } from "node:crypto";
import { TofroError } from "../core/error.ts";
import { parseEvidence, type Evidence } from "../core/trace/evidence.ts";
import { parsePing, parseRecordRoute, type PingResult } from "../core/trace/ping.ts";
import type { Probe } from "../core/trace/probe.ts";
import { parseTap, type Tap } from "../core/trace/tap.ts";
import { linesOf, sectionsOf } from "../core/sections.ts";
import { hopsScript, parseHops } from "../render/hops.ts";
import {
  armTapScript,
  collectTapScript,
  routeScript,
  type RouteQuestion,
  type TapJob,
} from "../render/trace-scripts.ts";
import type { Host } from "./command.ts";

/** Until counters go by themselves: longer than any trace takes. */
const TIMEOUT_S = 60;
/** WireGuard tries again after 5 s when its first handshake was lost. */
const WAKE_S = 6;
const RANGE = 0xfff0;
const PING = ["env", "LC_ALL=C", "ping", "-n"];

export interface Tapped {
  readonly tap: Tap;
  readonly before: Evidence;
  readonly after: Evidence;
}

export interface Unseen {
  readonly node: string;
  readonly message: string;
}

/** An ICMP identifier behind which some more are free. */
export const newIds = (): number => randomInt(1, RANGE);

/**
 * First packets, so that the tunnels on the way have sessions and no probe waits for a handshake. Who is not answered at
 * once tries on only while a tunnel has none: what has sessions and no answers is broken, and waiting does not mend it.
 */
export async function wake(hosts: ReadonlyMap<string, Host>, probes: readonly Probe[]): Promise<void> {
  const small = probes.filter(({ size }) => size === "small");
  const answered = await Promise.all(small.map((probe) => isAnswered(hosts.get(probe.from), probe, 1)));
  const silent = small.filter((_, index) => answered[index] === false);
  if (silent.length === 0 || !(await lacksSession(hosts))) return;
  await Promise.all(silent.map((probe) => isAnswered(hosts.get(probe.from), probe, WAKE_S)));
}

async function isAnswered(host: Host | undefined, { destination }: Probe, tries: number): Promise<boolean> {
  const script = `for try in $(seq ${tries}); do ! ping -n -q -c 1 -W 1 ${destination} || exit 0; done; exit 1`;
  try {
    const answer = await host?.run(["sh", "-c", script], { timeoutMs: 30_000, anyExit: true });
    return answer === undefined || answer.code === 0;
  } catch (error) {
    if (error instanceof TofroError) return false;
    throw error;
  }
}

/** Whether some tunnel of these machines has no session younger than REKEY_AFTER_TIME (WireGuard's paper, 6.1). */
async function lacksSession(hosts: ReadonlyMap<string, Host>): Promise<boolean> {
  const script = `now=$(date +%s); wg show all latest-handshakes | while read name key at; do [ $((now - at)) -lt 120 ] || echo $name; done`;
  const results = await Promise.allSettled(
    Array.from(hosts.values(), (host) => host.run(["sh", "-c", script], { timeoutMs: 30_000 })),
  );
  return results.some((result) => result.status === "rejected" || result.value.stdout.trim() !== "");
}

/** Counts the probes on all machines while `work` sends them; a machine that cannot be asked is left out, and said. */
export async function tapped(
  hosts: ReadonlyMap<string, Host>,
  probes: readonly Probe[],
  work: () => Promise<void>,
): Promise<{ readonly taps: ReadonlyMap<string, Tapped>; readonly unseen: readonly Unseen[] }> {
  const job: TapJob = { token: randomBytes(6).toString("hex"), probes, timeoutS: TIMEOUT_S };
  const armed = new Map<string, { watcher: number; before: Evidence }>();
  const taps = new Map<string, Tapped>();
  const unseen: Unseen[] = [];
  const each = (nodes: Iterable<string>, ask: (node: string, host: Host) => Promise<void>) =>
    Promise.all(
      Array.from(nodes, async (node) => {
        try {
          await ask(node, hosts.get(node)!);
        } catch (error) {
          unseen.push({ node, message: error instanceof Error ? error.message : String(error) });
        }
      }),
    );
  try {
    await each(hosts.keys(), async (node, host) => {
      const output = await shell(host, armTapScript(job));
      const watcher = Number(sectionsOf(output).get("watcher")?.trim());
      if (!(watcher > 0))
        throw new TofroError(`Cannot count packets on ${host.name}: nft did not take the counters`);
      armed.set(node, { watcher, before: parseEvidence(output) });
    });
    await work();
  } finally {
    await each(armed.keys(), async (node, host) => {
      const { watcher, before } = armed.get(node)!;
      const output = await shell(host, collectTapScript(job, watcher));
      taps.set(node, {
        tap: parseTap(sectionsOf(output).get("tap") ?? ""),
        before,
        after: parseEvidence(output),
      });
    });
  }
  return { taps, unseen };
}

/** One burst. Undefined: that machine cannot ping. */
export async function burst(host: Host, probe: Probe): Promise<PingResult | undefined> {
  const { id, count, payloadBytes, destination, size } = probe;
  const cut = size === "full" ? ["-M", "do"] : [];
  const times = ["-c", String(count), "-i", "0.05", "-W", "1"];
  const argv = [...PING, "-e", String(id), ...times, "-s", String(payloadBytes), ...cut, destination];
  try {
    const { stdout, stderr } = await host.run(argv, { anyExit: true, timeoutMs: 30_000 });
    return parsePing(`${stdout}\n${stderr}`);
  } catch (error) {
    if (error instanceof TofroError) return undefined;
    throw error;
  }
}

/** Addresses that packets met on the way there, the destination last unless it kept silent. */
export async function sweep(host: Host, destination: string): Promise<string[]> {
  const { stdout } = await host.run(["sh", "-s"], {
    input: `${hopsScript(destination)}\nexit 0\n`,
    timeoutMs: 120_000,
  });
  return parseHops(stdout);
}

/** Stamps of both directions in one packet; undefined when nobody answers that. */
export async function recordRoute(host: Host, destination: string): Promise<string[] | undefined> {
  const argv = [...PING, "-R", "-c", "1", "-W", "3", destination];
  const { stdout } = await host.run(argv, { anyExit: true, timeoutMs: 30_000 });
  return parseRecordRoute(stdout);
}

/** One line of the kernel's answer for each question. */
export async function askRoutes(
  host: Host,
  questions: readonly RouteQuestion[],
): Promise<Map<string, string>> {
  const sections = sectionsOf(await shell(host, routeScript(questions)));
  return new Map(
    questions.flatMap(({ name }) => {
      const [line] = linesOf(sections.get(name) ?? "");
      return line === undefined ? [] : [[name, line.trim()] as const];
    }),
  );
}

const shell = async (host: Host, input: string): Promise<string> =>
  (await host.run(["sh", "-s"], { input, timeoutMs: 60_000 })).stdout;
