// Traffic for tests of a lab: pings, and UDP probes whose two ends read the same monotonic clock.
import type { Host } from "../../src/linux/command.ts";
import { PATIENCE } from "../support/patience.ts";

export interface Ping {
  readonly sent: number;
  readonly received: number;
  /** Mean round trip; NaN when nothing came back. */
  readonly rttMs: number;
}

export async function ping(host: Host, to: string, count: number, intervalMs = 20): Promise<Ping> {
  const argv = ["ping", "-n", "-q", "-W", "1", "-i", String(intervalMs / 1000), "-c", String(count), to];
  const { stdout, stderr, code } = await host.run(argv, { anyExit: true, timeoutMs: 60_000 * PATIENCE });
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
  if (code > 1 || sent === undefined) throw new Error(`ping ${to}: ${stderr}`);
  const rtt = /= [\d.]+\/([\d.]+)\//.exec(stdout)?.[1];
  return { sent: Number(sent), received: Number(received), rttMs: Number(rtt ?? NaN) };
}

export interface Probes {
  /** Milliseconds on the way, of each probe that arrived. */
  readonly delaysMs: readonly number[];
  /** Where the probes came from, as the receiver sees it. */
  readonly source: string | undefined;
  /** How many answers came back to the sender. */
  readonly answers: number;
}

const RECEIVER = `
const [port, last] = process.argv.slice(1).map(Number);
const socket = require("dgram").createSocket("udp4");
const delays = []; let source;
const end = () => { console.log(JSON.stringify({ delaysMs: delays, source })); process.exit(); };
socket.on("message", (message, from) => {
  const now = process.hrtime.bigint();
  const [number, sent] = String(message).split(" ");
  delays.push(Number(now - BigInt(sent)) / 1e6); source = from.address;
  socket.send("answer", from.port, from.address);
  if (Number(number) === last) setTimeout(end, 200);
});
socket.bind(port);
setTimeout(end, ${20_000 * PATIENCE});`;

const SENDER = `
const [port, to, count, interval] = process.argv.slice(1);
const socket = require("dgram").createSocket("udp4");
let answers = 0; socket.on("message", () => answers++);
let number = 0;
const timer = setInterval(() => {
  socket.send(++number + " " + process.hrtime.bigint(), Number(port), to, () => {});
  if (number < Number(count)) return;
  clearInterval(timer);
  setTimeout(() => { console.log(answers); process.exit(); }, 800);
}, Number(interval));`;

/** Sends probes one way; `at` is where they arrive, which is not `to` behind a forwarder. */
export async function probe(
  from: Host,
  to: { readonly address: string; readonly port: number },
  at: { readonly host: Host; readonly port: number },
  count = 40,
  intervalMs = 20,
): Promise<Probes> {
  const node = [process.execPath, "-e"];
  const receiving = at.host.run([...node, RECEIVER, String(at.port), String(count)]);
  await waitForPort(at.host, at.port);
  const argv = [...node, SENDER, String(to.port), to.address, String(count), String(intervalMs)];
  const [received, sent] = await Promise.all([receiving, from.run(argv)]);
  const { delaysMs, source } = JSON.parse(received.stdout) as Omit<Probes, "answers">;
  return { delaysMs, source, answers: Number(sent.stdout) };
}

async function waitForPort(host: Host, port: number): Promise<void> {
  const script = `until grep -qi ":${port.toString(16).padStart(4, "0")} " /proc/net/udp /proc/net/udp6; do sleep 0.02; done`;
  await host.run(["sh", "-c", script], { timeoutMs: 10_000 * PATIENCE });
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
