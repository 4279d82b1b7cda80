// Brings machines to where they shall go, all of them or none: armed, in stages, verified, committed, disarmed.
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Change } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import {
  armScript,
  CHANGED,
  commitScript,
  disarmScript,
  GONE,
  rollbackScript,
  stageScript,
  TAKEN,
  type Job,
} from "../render/apply-scripts.ts";
import type { Host } from "./command.ts";
import type { Machine } from "./machine.ts";

/** Longer than packets stay on the way, in the internet's queues and ours. */
const UNDER_WAY_MS = 500;
const SCRIPT_MS = 60_000;
/** A way back of ten thousand routes takes half a minute; its script gives up after two. */
const ROLLBACK_MS = 130_000;
const AGAIN_MS = 1000;

export interface ApplyOptions {
  /** Tells this apply from another. */
  readonly token: string;
  /** Until a machine goes back by itself. */
  readonly timeoutS: number;
  /** Hops from a node to the owner of a prefix, by which moves are ordered: nearer machines first. */
  readonly distance: (node: string, change: Change) => number;
  /** Whether a machine is as it was when its changes were found, seen anew. */
  readonly isAsBefore: (machine: Machine, host: Host) => Promise<boolean>;
  /** Whether what was applied works, seen anew; throws when it does not. */
  readonly verify: () => Promise<void>;
  /** The machine by a connection of its own, for when the shared one has died. */
  readonly fresh: (node: string) => Promise<Host>;
  readonly progress: Progress;
  /** Aborted by Ctrl-C: all go back at once. */
  readonly signal: AbortSignal;
}

export interface Progress {
  /** A step begins, on these machines. */
  readonly step: (text: string, nodes: readonly string[]) => void;
  /** One of them is through. */
  readonly done: (node: string) => void;
}

/** The machine is not as it was when its changes were found: another apply was faster, or a lost one had to go back first. */
export class ChangedMeanwhile extends TofroError {}

class Taken extends TofroError {}

type Work = readonly [Machine, Job];

/** Throws when it failed, with the state in which each machine is. */
export async function applyAll(machines: readonly Machine[], options: ApplyOptions): Promise<void> {
  const { token } = options;
  const holder = `${userName()}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`;
  const all = machines.map((machine): Work => {
    const { there, back, wireguard, kept, ownKey, observed } = machine;
    const job = { token, holder, timeoutS: options.timeoutS, there, back, wireguard, kept };
    return [machine, { ...job, ...(ownKey && { ownKey }), hasSystemd: observed.hasSystemd }];
  });
  const step = new Steps(options);
  const endMs = performance.now() + options.timeoutS * 1000;
  const staged = all.filter(([{ there }]) => there.narrow.length > 0);
  // Everywhere else nothing was begun.
  const begun = new Set<Work>();
  const lock = async (work: Work): Promise<void> => {
    begun.add(work);
    await arm(work).catch((error: unknown) => {
      if (error instanceof Taken) begun.delete(work);
      throw error;
    });
  };
  try {
    // Who has the first has them all: of two applies at once one goes on.
    await step.each("arming the way back", all.slice(0, 1), lock);
    await step.each("arming the way back", all.slice(1), lock);
    await step.each("looking again", all, async ([machine]) => {
      if (await options.isAsBefore(machine, machine.host)) return;
      throw new ChangedMeanwhile(`${machine.plan.node} has changed in the meantime; run the same again`);
    });
    await step.each("adding", all, ([{ host, there }, job]) => stage(host, job, there.widen));
    for (const round of rounds(machines, options.distance)) {
      const moving = all.filter(([{ plan }]) => round.has(plan.node));
      await step.each("moving", moving, ([{ host, plan }, job]) => stage(host, job, round.get(plan.node)!));
    }
    // What was sent the old way is still under way.
    if (staged.length > 0 && machines.some(({ there }) => there.move.length > 0)) await sleep(UNDER_WAY_MS);
    await step.each("removing", staged, ([{ host, there }, job]) => stage(host, job, there.narrow));
    await step.whole("checking, by new connections", options.verify);
    // It waits for an agent to run; no longer than the way back does.
    const lastingMs = Math.max(SCRIPT_MS, options.timeoutS * 1000);
    await step.each("making it last", all, ([{ host }, job]) => send(host, commitScript(job), lastingMs));
    options.signal.throwIfAborted();
  } catch (error) {
    const isLate = performance.now() > endMs;
    const isUntouched = error instanceof ChangedMeanwhile;
    const states = begun.size === 0 ? "" : ` ${await rollBack([...begun], options, isUntouched)}`;
    const late = isLate ? `It took longer than the ${options.timeoutS} s of --timeout.\n` : "";
    const reason = late + (error instanceof Error ? error.message : String(error));
    const message = `${reason}\nNothing was applied.${states}`;
    const Kind = isUntouched ? ChangedMeanwhile : TofroError;
    throw new Kind(message, { kind: "failed" }, error);
  }
  await disarm(all, options);
}

/** Runs the steps one after the other, each on many machines at once, until one fails or somebody interrupts. */
class Steps {
  readonly #options: ApplyOptions;
  constructor(options: ApplyOptions) {
    this.#options = options;
  }

  /** Waits for every machine before it throws the first error, so that nothing still runs behind a rollback. */
  async each(text: string, works: readonly Work[], work: (work: Work) => Promise<void>): Promise<void> {
    const { signal, progress } = this.#options;
    signal.throwIfAborted();
    if (works.length === 0) return;
    progress.step(text, namesOf(works));
    const results = await Promise.allSettled(
      works.map(async (each) => {
        await work(each);
        progress.done(each[0].plan.node);
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  /** One that only looks: nobody has to wait for its end. */
  async whole(text: string, work: () => Promise<void>): Promise<void> {
    const { signal, progress } = this.#options;
    signal.throwIfAborted();
    progress.step(text, []);
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    await Promise.race([work(), promise]).finally(() => signal.removeEventListener("abort", abort));
  }
}

async function arm([{ host }, job]: Work): Promise<void> {
  const options = { input: armScript(job), anyExit: true, timeoutMs: SCRIPT_MS };
  const { code, stdout, stderr } = await host.run(["sh", "-s"], options);
  if (code === 0) return;
  const cannot = `Cannot apply on ${host.name}:`;
  if (code === TAKEN) throw new Taken(`${cannot} another apply is under way there: ${stdout.trim()}`);
  if (code === CHANGED) throw new ChangedMeanwhile(`${cannot} its private key has changed in the meantime`);
  throw new TofroError(`${cannot} ${said(stderr, code)}`);
}

async function stage(host: Host, job: Job, changes: readonly Change[]): Promise<void> {
  if (changes.length > 0) await send(host, stageScript(job, changes));
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

/** All go back at once; returns the state in which each machine is then, in words. `isUntouched`: nothing was begun, and others may have changed them. */
async function rollBack(all: readonly Work[], options: ApplyOptions, isUntouched: boolean): Promise<string> {
  options.progress.step("going back", namesOf(all));
  const went = async ([machine, job]: Work): Promise<string> => {
    const fresh = (): Promise<Host> => options.fresh(machine.plan.node);
    try {
      // The shared connection may have died, and a new one may be what does not work any more.
      const input = rollbackScript(job);
      const tell = (host: Host): Promise<void> => send(host, input, ROLLBACK_MS);
      await Promise.any([tell(machine.host), fresh().then(tell)]);
    } catch {
      return `cannot be told; what began there goes back by itself within ${options.timeoutS} s`;
    }
    options.progress.done(machine.plan.node);
    if (isUntouched) return "untouched";
    const isBack = await fresh()
      .then((host) => options.isAsBefore(machine, host))
      .catch(() => undefined);
    if (isBack === true) return "as before";
    if (isBack === undefined) return "went back, and cannot be seen now";
    return "not as before: see /run/tofro/rollback.log there, or another apply was faster";
  };
  const states = new Map<string, string[]>();
  await Promise.all(
    all.map(async (work) => {
      const state = await went(work);
      states.set(state, [...(states.get(state) ?? []), work[0].plan.node]);
    }),
  );
  return [...states].map(([state, nodes]) => `${nodes.sort().join(", ")}: ${state}.`).join(" ");
}

/** From the first that is disarmed on there is no common way back: the others are told again until their time is over. */
async function disarm(all: readonly Work[], { timeoutS, fresh, progress }: ApplyOptions): Promise<void> {
  progress.step("staying", namesOf(all));
  const endMs = performance.now() + timeoutS * 1000;
  const lost = new Map<string, string>();
  await Promise.all(
    all.map(async ([{ host, plan }, job]) => {
      const why = await stay(host, () => fresh(plan.node), job, endMs);
      if (why === undefined) progress.done(plan.node);
      else lost.set(plan.node, why);
    }),
  );
  if (lost.size === 0) return;
  const stays = namesOf(all).filter((node) => !lost.has(node));
  const reasons = [...lost].map(([node, why]) => `Cannot apply on ${node}: ${why}`).join("\n");
  const back = [...lost.keys()].sort().join(", ");
  throw new TofroError(
    `${reasons}\n${stays.length === 0 ? "" : `${stays.join(", ")}: as planned. `}${back}: went back, or will within ${timeoutS} s. Run the same again.`,
  );
}

/** Returns why the machine does not stay, or cannot be told to. */
async function stay(
  host: Host,
  fresh: () => Promise<Host>,
  job: Job,
  endMs: number,
): Promise<string | undefined> {
  const options = { input: disarmScript(job), anyExit: true, timeoutMs: SCRIPT_MS };
  for (let to = host; ; to = await fresh()) {
    try {
      const { code, stderr } = await to.run(["sh", "-s"], options);
      if (code === 0) return undefined;
      if (code === GONE) return stderr.trim();
      throw new TofroError(said(stderr, code));
    } catch (error) {
      if (performance.now() > endMs) return error instanceof Error ? error.message : String(error);
    }
    await sleep(AGAIN_MS);
  }
}

async function send(host: Host, script: string, timeoutMs = SCRIPT_MS): Promise<void> {
  const { code, stderr } = await host.run(["sh", "-s"], { input: script, anyExit: true, timeoutMs });
  if (code !== 0) throw new TofroError(`Cannot apply on ${host.name}: ${said(stderr, code)}`);
}

/** Without the box in which wireguard-go recommends the kernel's. */
const said = (stderr: string, code: number): string =>
  stderr.replaceAll(/^[┌│└].*\n/gm, "").trim() || `exit code ${code}`;

const namesOf = (all: readonly Work[]): string[] => all.map(([{ plan }]) => plan.node).sort();

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // Nobody in /etc/passwd.
    return String(process.getuid?.());
  }
}
