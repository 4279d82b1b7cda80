// Brings machines to where they shall go, all of them or none: armed, in stages, verified, committed, disarmed.
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import type { Change } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import {
  armScript,
  commitScript,
  disarmScript,
  rollbackScript,
  stageScript,
  type Job,
} from "../render/apply-scripts.ts";
import type { Host } from "./command.ts";
import type { Machine } from "./machine.ts";

export interface ApplyOptions {
  /** Until a machine goes back by itself. */
  readonly timeoutS: number;
  /** Hops from a node to the owner of a prefix, by which moves are ordered: nearer machines first. */
  readonly distance: (node: string, change: Change) => number;
  /** Whether what was applied works, seen anew; throws when it does not. */
  readonly verify: () => Promise<void>;
  readonly progress: (text: string) => void;
}

/** Throws when it failed; then every machine is back where it was, or goes back when its time is over. */
export async function applyAll(machines: readonly Machine[], options: ApplyOptions): Promise<void> {
  const token = randomBytes(6).toString("hex");
  const holder = `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
  const jobs = machines.map((machine): [Machine, Job] => {
    const { there, back, wireguard, kept, observed } = machine;
    const job = { token, holder, timeoutS: options.timeoutS, there, back, wireguard, kept };
    return [machine, { ...job, hasSystemd: observed.hasSystemd }];
  });
  const armed: Machine[] = [];
  try {
    options.progress("arming the way back");
    await each(jobs, async ([machine, job]) => {
      await arm(machine.host, job);
      armed.push(machine);
    });
    options.progress("changing");
    await stage(jobs, ({ there }) => there.widen);
    for (const round of rounds(machines, options.distance)) {
      await stage(jobs, (_, { plan }) => round.get(plan.node) ?? []);
    }
    await stage(jobs, ({ there }) => there.narrow);
    options.progress("checking, by new connections");
    await options.verify();
    await each(jobs, ([{ host }, job]) => send(host, commitScript(job)));
  } catch (error) {
    options.progress("going back");
    const stuck = await rollBack(armed, token);
    const reason = error instanceof Error ? error.message : String(error);
    const where =
      stuck.length === 0
        ? "every machine is as it was"
        : `${stuck.join(", ")} cannot be reached and will be as before in ${options.timeoutS} s at the latest`;
    throw new TofroError(`${reason}\nNothing was applied: ${where}.`, { kind: "failed" }, error);
  }
  await each(jobs, ([{ host }, job]) => send(host, disarmScript(job)));
}

async function arm(host: Host, job: Job): Promise<void> {
  const { code, stdout, stderr } = await host.run(["sh", "-s"], {
    input: armScript(job),
    anyExit: true,
    timeoutMs: 30_000,
  });
  if (code === 0) return;
  const why = code === 75 ? `another apply is under way there: ${stdout.trim()}` : stderr.trim();
  throw new TofroError(`Cannot apply on ${host.name}: ${why}`, { kind: "failed" });
}

async function stage(
  jobs: readonly (readonly [Machine, Job])[],
  changesOf: (job: Job, machine: Machine) => readonly Change[],
): Promise<void> {
  await each(jobs, async ([machine, job]) => {
    const changes = changesOf(job, machine);
    if (changes.length > 0) await send(machine.host, stageScript(job, changes));
  });
}

/** Moves by distance: the destination's side first, so that no packet comes to a machine that would send it back. */
function rounds(
  machines: readonly Machine[],
  distance: ApplyOptions["distance"],
): ReadonlyMap<string, readonly Change[]>[] {
  const byDistance = new Map<number, Map<string, Change[]>>();
  for (const { plan, there } of machines) {
    for (const change of there.move) {
      const far = distance(plan.node, change);
      const round = byDistance.get(far) ?? new Map<string, Change[]>();
      byDistance.set(far, round.set(plan.node, [...(round.get(plan.node) ?? []), change]));
    }
  }
  return [...byDistance].sort(([a], [b]) => a - b).map(([, round]) => round);
}

async function rollBack(machines: readonly Machine[], token: string): Promise<string[]> {
  const stuck: string[] = [];
  await Promise.all(
    machines.map(async ({ host }) => {
      try {
        await send(host, rollbackScript({ token }));
      } catch {
        stuck.push(host.name);
      }
    }),
  );
  return stuck.sort();
}

const send = async (host: Host, script: string): Promise<void> => {
  await host.run(["sh", "-s"], { input: script, timeoutMs: 60_000 });
};

/** All at once; waits for every one before it throws the first error, so that nothing still runs behind a rollback. */
async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
