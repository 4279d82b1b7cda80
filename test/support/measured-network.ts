// A simulated network for tests: true delays, and what probes over it yield on clocks that are all wrong.
import type { Tunnel } from "../../src/core/topology.ts";
import type { Answer, Probe, SessionSamples } from "../../src/core/measure/samples.ts";

export { randomFrom as randomNumbers } from "../../src/simulate/random.ts";

export interface Clock {
  readonly offsetMs: number;
  /** As a share. */
  readonly drift: number;
}

/** A clock's reading at a true time. */
const read = ({ offsetMs, drift }: Clock, trueMs: number): number => offsetMs + (1 + drift) * trueMs;

export interface TrueLink {
  readonly delayMs: number;
  /** Even jitter either way, as wirefilter's. */
  readonly jitterMs?: number;
  /** Mean of one-sided jitter, as queues make it. */
  readonly queueMs?: number;
  /** Shares, 0 to 1. */
  readonly loss?: number;
  readonly doubled?: number;
}

export interface TrueTunnel {
  readonly ends: readonly [string, string];
  readonly forwarder?: string;
  /** From the first end to the second, and back. */
  readonly links: readonly [TrueLink, TrueLink];
}

export interface Run {
  readonly probes: number;
  readonly intervalMs: number;
  /** True time of the first probe. */
  readonly startMs?: number;
  /** Which end sends the probes; 0 when left out. */
  readonly sender?: 0 | 1;
  /** Before these probes the reflector starts again: its counter at 0, and with a clock the machine with it. */
  readonly restarts?: readonly { readonly before: number; readonly clock?: Clock }[];
}

export const tunnelOf = ({ ends: [a, b], forwarder }: TrueTunnel): Tunnel => ({
  id: `${a} - ${b}${forwarder === undefined ? "" : ` [${forwarder}]`}`,
  ends: [
    { node: a, interface: `wg-${b}`, port: 51820 },
    { node: b, interface: `wg-${a}`, port: 51820 },
  ],
  mtu: 1420,
  ...(forwarder === undefined ? {} : { forwarder }),
});

export interface Simulated {
  /** More than one when the reflector restarted. */
  readonly sessions: readonly SessionSamples[];
  /** True delays of the answered probes, by the end that sent the packet. */
  readonly delaysMs: readonly [readonly number[], readonly number[]];
  /** What was truly lost, by the end that sent it: probes, and answers to those that came. */
  readonly lost: readonly [number, number];
}

interface Copy {
  readonly sequence: number;
  readonly arrivesMs: number;
}

/** Sends probes over a tunnel as STAMP does. */
export function simulate(
  tunnel: TrueTunnel,
  clocks: ReadonlyMap<string, Clock>,
  run: Run,
  random: () => number,
): Simulated {
  const sender = run.sender ?? 0;
  const [near, far] = [tunnel.ends[sender], tunnel.ends[1 - sender]!];
  const [there, back] = [tunnel.links[sender], tunnel.links[1 - sender]!];
  const nearClock = clocks.get(near)!;
  const sentAt = Array.from(
    { length: run.probes },
    (_, index) => (run.startMs ?? 0) + index * run.intervalMs,
  );
  const arriving = sentAt.flatMap((atMs, sequence) =>
    cross(there, random).map((delayMs): Copy => ({ sequence, arrivesMs: atMs + delayMs })),
  );
  arriving.sort((x, y) => x.arrivesMs - y.arrivesMs);

  const restarts = run.restarts ?? [];
  let number = 0;
  let restarted = 0;
  let farClock = clocks.get(far)!;
  let taken = new Set<number>();
  let lastReturnMs = -Infinity;
  /** Which run of the reflector took a probe. */
  const lives = new Map<number, number>();
  const returning = arriving.flatMap(({ sequence, arrivesMs }) => {
    while (restarted < restarts.length && arrivesMs >= sentAt[restarts[restarted]!.before]!) {
      farClock = restarts[restarted]!.clock ?? farClock;
      number = 0;
      taken = new Set();
      restarted++;
    }
    // It drops what it has answered as replayed.
    if (taken.has(sequence)) return [];
    taken.add(sequence);
    // One after the other.
    lives.set(sequence, restarted);
    lastReturnMs = Math.max(lastReturnMs + 0.001, arrivesMs + 0.05 + 0.1 * random());
    const own = { sequence, number: number++, arrivesMs, returnsMs: lastReturnMs };
    const stamps = { receivedMs: read(farClock, arrivesMs), returnedMs: read(farClock, own.returnsMs) };
    return cross(back, random).map((delayMs) => ({ ...own, ...stamps, backTrueMs: own.returnsMs + delayMs }));
  });
  returning.sort((x, y) => x.backTrueMs - y.backTrueMs);

  const answers = new Map<number, Answer>();
  const truth = new Map<number, [number, number]>();
  returning.forEach((copy, arrival) => {
    const known = answers.get(copy.sequence);
    if (known !== undefined) {
      answers.set(copy.sequence, { ...known, duplicates: known.duplicates + 1 });
      return;
    }
    const { receivedMs, returnedMs } = copy;
    const backMs = read(nearClock, copy.backTrueMs);
    const stamps = { receivedMs, returnedMs, backMs, reflectorSequence: copy.number };
    answers.set(copy.sequence, { ...stamps, arrival, duplicates: 0 });
    truth.set(copy.sequence, [copy.arrivesMs - sentAt[copy.sequence]!, copy.backTrueMs - copy.returnsMs]);
  });
  const probes = sentAt.map((atMs, sequence): Probe => {
    const answer = answers.get(sequence);
    return { sentMs: read(nearClock, atMs), ...(answer && { answer }) };
  });
  const came = new Set(arriving.map(({ sequence }) => sequence)).size;
  const byRole = [0, 1].map((role) => probes.flatMap((_, sequence) => truth.get(sequence)?.[role] ?? []));
  const lostByRole: [number, number] = [run.probes - came, came - answers.size];
  return {
    sessions: livesOf(probes, lives).map((life) => ({
      tunnel: tunnelOf(tunnel).id,
      sender: near,
      reflector: far,
      probes: life,
    })),
    delaysMs: [byRole[sender]!, byRole[1 - sender]!],
    lost: [lostByRole[sender], lostByRole[1 - sender]!],
  };
}

/** As the sender cuts them: what went unanswered around a restart met nobody. */
function livesOf(probes: readonly Probe[], lives: ReadonlyMap<number, number>): Probe[][] {
  const answered = probes.flatMap(({ answer }, sequence) => (answer === undefined ? [] : [sequence]));
  const parts = [...Map.groupBy(answered, (sequence) => lives.get(sequence)!).values()];
  if (parts.length <= 1) return [[...probes]];
  return parts.map((part, index) => {
    const start = index === 0 ? 0 : part[0]!;
    return probes.slice(start, index === parts.length - 1 ? undefined : part.at(-1)! + 1);
  });
}

/** The delays of a packet's copies: none when it is lost. */
function cross(link: TrueLink, random: () => number): number[] {
  if (random() < (link.loss ?? 0)) return [];
  const once = (): number =>
    Math.max(0, link.delayMs + (link.jitterMs ?? 0) * (2 * random() - 1)) -
    (link.queueMs ?? 0) * Math.log(1 - random());
  return random() < (link.doubled ?? 0) ? [once(), once()] : [once()];
}
