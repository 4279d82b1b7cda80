// What is seen on the wire of a lab: round trips, each direction's delay, loss, hops, and what a host in between carried.
import { hopsScript, parseHops } from "../src/render/hops.ts";
import type { Host } from "../src/linux/command.ts";

export interface Ends {
  readonly from: Host;
  readonly to: Host;
  /** Overlay addresses. */
  readonly fromAddress: string;
  readonly toAddress: string;
}

export interface RoundTrips {
  readonly sent: number;
  readonly received: number;
  /** Mean of all answers, milliseconds. */
  readonly roundTripMs: number;
  /** Means of the same packets, by the capture clocks of both ends: one machine, one clock. */
  readonly thereMs: number;
  readonly backMs: number;
}

/** Pings from one end while both ends capture; `count` at `intervalMs`. */
export async function pingBothWays(ends: Ends, count: number, intervalMs: number): Promise<RoundTrips> {
  const seconds = Math.ceil((count * intervalMs) / 1000) + 3;
  const captures = [ends.from, ends.to].map((host) => capture(host, seconds, "icmp", "any"));
  await Promise.all(captures.map(({ ready }) => ready));
  const argv = [
    "ping",
    "-q",
    "-c",
    String(count),
    "-i",
    String(intervalMs / 1000),
    "-W",
    "1",
    ends.toAddress,
  ];
  const { stdout } = await ends.from.run(argv, { anyExit: true });
  const [atFrom, atTo] = await Promise.all(captures.map(({ packets }) => packets));
  const [requestsSent, answersReceived] = [echoes(atFrom!, "request", "Out"), echoes(atFrom!, "reply", "In")];
  const [requestsReceived, answersSent] = [echoes(atTo!, "request", "In"), echoes(atTo!, "reply", "Out")];
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
  return {
    sent: Number(sent),
    received: Number(received),
    roundTripMs: Number(/= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1] ?? Number.NaN),
    thereMs: meanDelayMs(requestsSent, requestsReceived),
    backMs: meanDelayMs(answersSent, answersReceived),
  };
}

/** The overlay addresses that a packet and its answer are stamped with on their way (record route, RFC 791). */
export async function recordedRoute({ from, toAddress }: Ends): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const { stdout } = await from.run(["ping", "-n", "-R", "-c", "1", "-W", "2", toAddress], {
      anyExit: true,
    });
    const lines = /RR:\s+([\s\S]*?)\n\n/.exec(stdout)?.[1];
    if (lines !== undefined) return lines.split("\n").map((line) => line.trim());
    if (attempt === 5) return [];
  }
}

/** Hops from one end, as each router's "time exceeded" names itself. */
export async function hopsTo(host: Host, address: string): Promise<string[]> {
  const { stdout } = await host.run(["sh", "-s"], { input: `${hopsScript(address)}\n` });
  return parseHops(stdout);
}

/** Counts what passes a host while something else is going on. */
export async function countPassing(
  host: Host,
  filter: string,
  device: string,
  meanwhile: () => Promise<void>,
): Promise<number> {
  const { ready, stop, packets } = capture(host, 60, filter, device);
  await ready;
  await meanwhile();
  await stop();
  return (await packets).length;
}

interface Capture {
  readonly ready: Promise<void>;
  readonly stop: () => Promise<void>;
  /** Lines of tcpdump, one a packet. */
  readonly packets: Promise<string[]>;
}

const RUN = "/run/tofro/capture";
let captures = 0;

/** tcpdump in the host, into a file of the host's own /run; it ends by itself after `seconds`. */
function capture(host: Host, seconds: number, filter: string, device: string): Capture {
  const file = `${RUN}-${captures++}`;
  const script = `timeout ${seconds} tcpdump -l -tt -n -i ${device} '${filter}' >${file} 2>${file}.log & echo $! >${file}.pid; wait; exit 0`;
  const done = host.run(["sh", "-c", script], { timeoutMs: (seconds + 20) * 1000 });
  const waitFor = `for try in $(seq 500); do grep -qs listening ${file}.log && exit 0; sleep 0.01; done; exit 1`;
  return {
    ready: host.run(["sh", "-c", waitFor]).then(() => undefined),
    stop: () => host.run(["sh", "-c", `sleep 0.2; kill $(cat ${file}.pid)`]).then(() => undefined),
    packets: done.then(async () => {
      const { stdout } = await host.run(["cat", file]);
      return stdout.split("\n").filter((line) => line !== "");
    }),
  };
}

/** Time in seconds by sequence number, of echoes on tunnel interfaces. */
function echoes(lines: readonly string[], kind: "request" | "reply", way: "In" | "Out"): Map<string, number> {
  const pattern = new RegExp(`^(\\d+\\.\\d+) wg-\\S+\\s+${way}\\s+.*ICMP echo ${kind}, id \\d+, seq (\\d+),`);
  return new Map(
    lines.flatMap((line) => {
      const [, time, sequence] = pattern.exec(line) ?? [];
      return sequence === undefined ? [] : [[sequence, Number(time)] as const];
    }),
  );
}

function meanDelayMs(sent: ReadonlyMap<string, number>, received: ReadonlyMap<string, number>): number {
  const delays = [...received].flatMap(([sequence, at]) => {
    const from = sent.get(sequence);
    return from === undefined ? [] : [(at - from) * 1000];
  });
  return delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
}
