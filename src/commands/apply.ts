// `tofro apply` and `tofro down`: every machine to the plan, or to nothing of tofro, with a way back.
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { contains } from "../core/address.ts";
import { byHandOf, type ByHand } from "../core/by-hand.ts";
import { rekeyRound, type Change } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import { NO_SECRETS } from "../core/secrets.ts";
import { planOf, settle, writeLock, type Network } from "../files/network.ts";
import { applyAll } from "../linux/apply.ts";
import type { Host } from "../linux/command.ts";
import { observeMachine, type Aim, type Machine } from "../linux/machine.ts";
import type { Io } from "./io.ts";
import { whileChanging } from "./again.ts";
import { agentOptions, withAgents } from "./agents.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions, machinesOf, type MachineOptions, type Machines } from "./machines.ts";
import { nodeKeys } from "./node-keys.ts";
import { observeAll } from "./observe.ts";
import { byHandLines, planAim, planText } from "./plan.ts";
import { progressOn } from "./progress.ts";
import { unlock } from "./unlock.ts";
import { verify } from "./verify.ts";

const DEFAULT_TIMEOUT_S = 60;
const MIN_TIMEOUT_S = 5;

interface Options extends MachineOptions {
  readonly partial?: true | undefined;
  readonly timeout: number;
  readonly json?: true | undefined;
}

const seconds = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= MIN_TIMEOUT_S && value <= 3600) return value;
  throw new InvalidArgumentError(`Write seconds, from ${MIN_TIMEOUT_S} to 3600.`);
};

const verb = (name: string) =>
  machineOptions(new Command(name))
    .option("--partial", "leave machines out that cannot be reached")
    .option("--timeout <seconds>", "until a machine goes back by itself", seconds, DEFAULT_TIMEOUT_S)
    .option("--json", "{ changed, unchanged, leftOut }");

export const applyCommand = (io: Io) =>
  agentOptions(verb("apply"))
    .description("bring every machine to the plan; all go back when one fails or cannot be reached again")
    .action(async (options) => {
      const settled = await settle(await loadNetwork(options, io), unlock);
      // Kept in the lock when it is so.
      const network = withAgents(settled.network, options);
      await reach(network, options, io, async (all) => {
        const token = newToken();
        const { plan, machines, making, forget } = await nodeKeys(network, all, token);
        try {
          if (making.length > 0) io.stderr(`${making.join(", ")}: makes its private key, and keeps it\n`);
          const aim = await planAim(network, plan);
          const reached = await once({ token, plan, aim, machines }, options, io);
          await writeLock(network.file, plan.lock);
          return reached;
        } finally {
          await forget();
        }
      });
    });

export const downCommand = (io: Io) =>
  verb("down")
    .description("remove what apply added, on every machine, and nothing else")
    .action(async (options) => {
      const network = await loadNetwork(options, io);
      // A key that tofro made goes with tofro; one that the user put there stays.
      const theirs = network.spec.nodes.filter(({ publicKey }) => publicKey !== undefined);
      const ownKeys = new Set(theirs.map(({ name }) => name));
      const aim: Aim = { kind: "down", secrets: NO_SECRETS, ownKeys };
      await reach(network, options, io, (machines) =>
        once({ token: newToken(), plan: planOf(network), aim, machines }, options, io),
      );
    });

const newToken = (): string => randomBytes(6).toString("hex");

async function reach(
  network: Network,
  options: Options,
  io: Io,
  attempt: (machines: Machines) => Promise<Reached>,
): Promise<void> {
  const machines = await machinesOf(network, planOf(network).states, options);
  try {
    const reached = await whileChanging(
      () => attempt(machines),
      ({ message }) => io.stderr(`tofro: ${message}\nlooking again, from the start ...\n`),
    );
    report(reached, options.node === undefined ? byHandOf(network.spec) : [], options.json === true, io);
  } finally {
    await machines.close();
  }
}

interface Reached {
  readonly changed: readonly Machine[];
  readonly all: readonly Machine[];
  readonly leftOut: readonly string[];
}

interface Attempt {
  readonly token: string;
  readonly plan: Plan;
  readonly aim: Aim;
  readonly machines: Machines;
}

async function once(attempt: Attempt, options: Options, io: Io): Promise<Reached> {
  const { machines, aim, plan } = attempt;
  const { machines: all, leftOut } = await observeAll(machines, aim, options.partial === true, io);
  if (aim.kind === "plan") refuseUnknown(plan, all);
  const changed = all.filter(({ isDone }) => !isDone);
  if (options.json !== true) io.stdout(planText(all));
  if (changed.length > 0) await bring({ changed, all }, attempt, options, io);
  return { changed, all, leftOut };
}

/** A peer that nobody asked yet for the key that it keeps cannot be told to WireGuard. */
function refuseUnknown(plan: Plan, machines: readonly Machine[]): void {
  for (const { plan: state } of machines) {
    const unknown = state.interfaces.find(
      ({ peer }) => plan.lock.nodes.get(peer.node)?.publicKey === undefined,
    );
    if (unknown === undefined) continue;
    const { node } = unknown.peer;
    const message = `Cannot set ${state.node} up: ${node} makes its key in the first apply that reaches it, and this one leaves it out`;
    throw new TofroError(message, { kind: "usage" });
  }
}

async function bring(
  { changed, all }: Omit<Reached, "leftOut">,
  { token, plan, aim, machines }: Attempt,
  { timeout: timeoutS }: Options,
  io: Io,
): Promise<void> {
  // Who gives a slow network more time has it for its handshakes, too.
  const waitS = Math.max(Math.min(20, Math.floor(timeoutS / 2)), Math.floor(timeoutS / 3));
  const progress = progressOn(io);
  await untilInterrupted((signal) =>
    applyAll(changed, {
      token,
      timeoutS,
      distance: (node, change) => distance(plan, node, change),
      isAsBefore: (machine, host) => isAsBefore(machine, host, aim),
      verify: () => verify(plan, { changed, all, waitS }, machines, aim),
      fresh: machines.fresh,
      progress,
      signal,
    }),
  ).finally(progress.end);
}

function report({ changed, all, leftOut }: Reached, byHand: readonly ByHand[], json: boolean, io: Io): void {
  const names = changed.map((machine) => machine.plan.node);
  if (json) {
    const unchanged = all.map((machine) => machine.plan.node).filter((node) => !names.includes(node));
    const others = byHand.length > 0 ? { byHand } : {};
    io.stdout(`${JSON.stringify({ changed: names, unchanged, leftOut, ...others }, undefined, 2)}\n`);
  } else {
    if (names.length > 0) io.stdout(`done: ${names.join(", ")}\n`);
    io.stdout(byHandLines(byHand));
    if (leftOut.length > 0) io.stdout(`left out: ${leftOut.join(", ")}\n`);
  }
  if (leftOut.length > 0) io.exit(1);
}

/** Hops to the node that has the route's prefix; new keys come before all routes, rules behind them. */
function distance(plan: Plan, node: string, change: Change): number {
  if (change.kind === "wireguard") return rekeyRound(change.set);
  if (change.kind !== "route-replace") return Number.POSITIVE_INFINITY;
  const { nodes } = plan.topology;
  const { prefix } = change.route;
  const owner = nodes.findIndex(
    ({ addresses, prefixes }) =>
      prefixes.includes(prefix) || addresses.some((address) => contains(prefix, address)),
  );
  const from = nodes.findIndex(({ name }) => name === node);
  return owner === -1 ? 0 : plan.routing.path(from, owner).length;
}

/** A first Ctrl-C makes all go back; a second one ends tofro, and they go back when their time is over. */
async function untilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new TofroError("Interrupted"));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const each of signals) process.once(each, interrupt);
  await work(controller.signal).finally(() => {
    for (const each of signals) process.off(each, interrupt);
  });
}

/** Somebody may have applied between our looking and our locking. */
async function isAsBefore(machine: Machine, host: Host, aim: Aim): Promise<boolean> {
  const { plan, wireguard, there, back } = machine;
  const seen = await observeMachine(host, plan, { ...aim, wireguard });
  return isDeepStrictEqual([seen.there, seen.back], [there, back]);
}
