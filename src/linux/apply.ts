// Brings machines to where they shall go, all of them or none: armed, in stages, verified, committed, disarmed.
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
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

/** Longer than packets stay on the way, in the internet's queues and ours. */
const UNDER_WAY_MS = 500;

export interface ApplyOptions {
  /** Tells this apply from another. */
  readonly token: string;
  /** Until a machine goes back by itself. */
  readonly timeoutS: number;
  /** Hops from a node to the owner of a prefix, by which moves are ordered: nearer machines first. */
  readonly distance: (node: string, change: Change) => number;
  /** Called when nobody else can apply any more: throws when a machine is not as it was when the changes were found. */
  readonly confirm: () => Promise<void>;
  /** Whether what was applied works, seen anew; throws when it does not. */
  readonly verify: () => Promise<void>;
  readonly progress: (text: string) => void;
  /** Aborted by Ctrl-C: all go back at once. */
  readonly signal?: AbortSignal;
}

/** Throws when it failed; then every machine is back where it was, or goes back when its time is over. */
export async function applyAll(machines: readonly Machine[], options: ApplyOptions): Promise<void> {
  const { token } = options;
  const holder = `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
  const jobs = machines.map((machine): [Machine, Job] => {
    const { there, back, wireguard, kept, observed } = machine;
    const job = { token, holder, timeoutS: options.timeoutS, there, back, wireguard, kept };
    const own = machine.ownKey === undefined ? {} : { ownKey: machine.ownKey };
    return [machine, { ...job, ...own, hasSystemd: observed.hasSystemd }];
  });
  const step = async (text: string, work: () => Promise<void>): Promise<void> => {
    options.signal?.throwIfAborted();
    options.progress(text);
    await work();
  };
  try {
    await step("arming the way back", () => each(jobs, ([{ host }, job]) => arm(host, job)));
    await step("looking again", options.confirm);
    await step("adding", () => stage(jobs, ({ there }) => there.widen));
    await step("moving", async () => {
      for (const round of rounds(machines, options.distance)) {
        await stage(jobs, (_, { plan }) => round.get(plan.node) ?? []);
      }
    });
    // What was sent the old way is still under way.
    if (jobs.some(([, { there }]) => there.move.length > 0 && there.narrow.length > 0))
      await sleep(UNDER_WAY_MS);
    await step("removing", () => stage(jobs, ({ there }) => there.narrow));
    await step("checking, by new connections", options.verify);
    await step("making it last", () => each(jobs, ([{ host }, job]) => send(host, commitScript(job))));
    options.signal?.throwIfAborted();
  } catch (error) {
    options.progress("going back");
    const stuck = await rollBack(machines, token);
    const reason = error instanceof Error ? error.message : String(error);
    const where =
      stuck.length === 0
        ? "every machine is as it was"
        : `${stuck.join(", ")} cannot be reached and will be as before in ${options.timeoutS} s at the latest`;
    throw new TofroError(`${reason}\nNothing was applied: ${where}.`, { kind: "failed" }, error);
  }
  await disarm(jobs, options.timeoutS);
}

/** From the first that is disarmed on there is no common way back; the others can only be told again. */
async function disarm(jobs: readonly (readonly [Machine, Job])[], timeoutS: number): Promise<void> {
  const results = await Promise.allSettled(
    jobs.map(async ([{ host }, job]) => {
      const again = (): Promise<void> => send(host, disarmScript(job));
      await again().catch(again);
    }),
  );
  const lost = jobs.filter((_, index) => results[index]!.status === "rejected");
  if (lost.length === 0) return;
  const names = lost.map(([{ host }]) => host.name).join(", ");
  const message = `${names} cannot be told to stay, and will be as before in ${timeoutS} s at the latest; the others are as planned.\nRun the same again when it can be reached.`;
  throw new TofroError(message, { kind: "failed" });
}

async function arm(host: Host, job: Job): Promise<void> {
  const { code, stdout, stderr } = await host.run(["sh", "-s"], {
    input: armScript(job),
    anyExit: true,
    timeoutMs: 60_000,
  });
  if (code === 0) return;
  const why =
    code === 75 ? `another apply is under way there: ${stdout.trim()}` : stderr.trim() || `exit code ${code}`;
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
