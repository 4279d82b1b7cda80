// Probes tunnels: a prober on each machine for some seconds, all of them in the same ones, and nothing of it left there.
import { TofroError } from "../core/error.ts";
import type { Probe, SessionSamples } from "../core/measure/samples.ts";
import type { Plan } from "../core/plan.ts";
import type { Secrets } from "../core/secrets.ts";
import type { Host } from "../linux/command.ts";
import type { ProberResult } from "../stamp/config.ts";
import { newRun, type Timing } from "./configs.ts";
import { explain } from "./explain.ts";
import { arm, collect, go, look, release, type Collected, type Part } from "./machine.ts";
import { proberSource } from "./prober-source.ts";
import { planSessions, type PlannedSession } from "./sessions.ts";

export interface ProbeOptions extends Timing {
  /** Tunnel ids; absent: every tunnel whose two ends are among the machines. */
  readonly tunnels?: ReadonlySet<string>;
  readonly progress?: (text: string) => void;
  /** Aborted by Ctrl-C: the machines are cleaned up at once. */
  readonly signal?: AbortSignal;
}

export interface Probed {
  /** A tunnel whose reflector restarted in the meantime has several. */
  readonly sessions: readonly SessionSamples[];
  readonly failures: readonly ProbeFailure[];
  /** Who read the arrival times, by node: "kernel", or Node.js ("user") some tenths of a millisecond later, as all do today. */
  readonly stamps: ReadonlyMap<string, ProberResult["stamps"]>;
}

/** A machine that could not take part, or a tunnel that nothing is known of. */
type ProbeFailure =
  | { readonly kind: "machine"; readonly node: string; readonly message: string }
  | { readonly kind: "tunnel"; readonly tunnel: string; readonly message: string };

/**
 * Probes every tunnel between `machines`, by node. What goes wrong on a machine or a tunnel is a failure in the result, and
 * the rest is measured; it throws only when it is aborted.
 */
export async function probeTunnels(
  machines: ReadonlyMap<string, Host>,
  plan: Plan,
  secrets: Secrets,
  options: ProbeOptions,
): Promise<Probed> {
  const failures: ProbeFailure[] = [];
  /** Does one step on all of them at once; who fails is out. */
  const step = async <Item extends { readonly node: string }, Result>(
    text: string,
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
  ): Promise<[Item, Result][]> => {
    options.signal?.throwIfAborted();
    options.progress?.(text);
    const results = await Promise.allSettled(items.map(work));
    return items.flatMap((item, index): [Item, Result][] => {
      const result = results[index]!;
      if (result.status === "fulfilled") return [[item, result.value]];
      if (!(result.reason instanceof TofroError)) throw result.reason;
      failures.push({ kind: "machine", node: item.node, message: result.reason.message });
      return [];
    });
  };

  const all = Array.from(machines, ([node, host]) => ({ node, host }));
  const surveyed = await step("looking for Node.js", all, ({ host }) => look(host));
  const parts = new Map(
    surveyed.map(([{ node, host }, survey]): [string, Part] => [node, { node, host, survey }]),
  );
  const tunnels = plan.topology.tunnels.filter(
    ({ id, ends }) => (options.tunnels?.has(id) ?? true) && ends.every(({ node }) => machines.has(node)),
  );
  const possible = tunnels.filter(({ ends }) => ends.every(({ node }) => parts.has(node)));
  const busy = new Map(Array.from(parts, ([node, { survey }]) => [node, survey.busy]));
  const sessions = planSessions(plan.topology, possible, busy);
  const run = newRun(sessions, secrets, options);
  const taking = [...parts.values()].filter(({ node }) => run.configs.has(node));
  try {
    const source = await proberSource();
    const armed = await step("starting probers", taking, (part) => arm(part, run, source));
    const going = armed.map(([part]) => part);
    const started = await step(`probing for ${options.seconds} s`, going, (part) => go(part, run));
    const collected = await step(
      "collecting",
      started.map(([part]) => part),
      (part) => orAbort(collect(part, run), options.signal),
    );
    return conclude(
      sessions,
      tunnels.filter((each) => !possible.includes(each)).map(({ id }) => id),
      new Map(collected.map(([{ node }, each]) => [node, each])),
      failures,
    );
  } finally {
    // Whatever happened: who cannot be reached any more cleans up by itself.
    await Promise.allSettled(taking.map((part) => release(part, run)));
  }
}

function conclude(
  planned: readonly PlannedSession[],
  left: readonly string[],
  collected: ReadonlyMap<string, Collected>,
  machineFailures: readonly ProbeFailure[],
): Probed {
  const sessions: SessionSamples[] = [];
  const failures: ProbeFailure[] = [...machineFailures];
  for (const tunnel of left)
    failures.push({ kind: "tunnel", tunnel, message: "one of its ends takes no part" });
  for (const session of planned) {
    const { tunnel, sender, reflector } = session;
    const from = collected.get(sender.node);
    const to = collected.get(reflector.node);
    const sent = from?.result.sessions.find((each) => each.tunnel === tunnel);
    if (sent === undefined || sent.lives.length === 0) {
      failures.push({ kind: "tunnel", tunnel, message: explain(session, from, to, sent?.error) });
      continue;
    }
    for (const life of sent.lives) {
      // Where the other prober ended early, nobody was there to answer what came last.
      const probes = to === undefined ? untilLastAnswer(life) : life;
      sessions.push({ tunnel, sender: sender.node, reflector: reflector.node, probes });
    }
  }
  const stamps = new Map(Array.from(collected, ([node, { result }]) => [node, result.stamps]));
  return { sessions, failures, stamps };
}

const untilLastAnswer = (probes: readonly Probe[]): Probe[] =>
  probes.slice(0, probes.findLastIndex(({ answer }) => answer !== undefined) + 1);

/** The work is not stopped by this, but nobody waits for it any more. */
async function orAbort<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
