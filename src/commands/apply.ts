// `tofro apply` and `tofro down`: every machine to the plan, or to nothing of tofro, with a way back.
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { contains } from "../core/address.ts";
import { isNothing, rekeyRound, type Change } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import { directions, type Plan } from "../core/plan.ts";
import { NO_SECRETS } from "../core/secrets.ts";
import { keepsItsKey } from "../core/spec.ts";
import { planOf, secretsInUse, settle, writeLock, type Network } from "../files/network.ts";
import { applyAll } from "../linux/apply.ts";
import { observeMachine, type Aim, type Machine } from "../linux/machine.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions, machinesOf, type MachineOptions, type Machines } from "./machines.ts";
import { nodeKeys } from "./node-keys.ts";
import { observeAll } from "./observe.ts";
import { planText } from "./plan.ts";
import { unlock } from "./unlock.ts";

const DEFAULT_TIMEOUT_S = 60;

interface Options extends MachineOptions {
  readonly partial?: true | undefined;
  readonly timeout: number;
  readonly json?: true | undefined;
}

const seconds = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 10 && value <= 3600) return value;
  throw new InvalidArgumentError("Write seconds, from 10 to 3600.");
};

const verb = (name: string) =>
  machineOptions(new Command(name))
    .option("--partial", "leave machines out that cannot be reached")
    .option("--timeout <seconds>", "until a machine goes back by itself", seconds, DEFAULT_TIMEOUT_S)
    .option("--json", "{ changed: [node] }");

export const applyCommand = (io: Io) =>
  verb("apply")
    .description("bring every machine to the plan; all go back when one fails or cannot be reached again")
    .action(async (options) => {
      const { network } = await settle(await loadNetwork(options, io), unlock);
      const token = newToken();
      await atMachines(network, options, async (first) => {
        const { plan, machines, making, forget } = await nodeKeys(network, first, token);
        try {
          if (making.length > 0) io.stderr(`${making.join(", ")}: makes its private key, and keeps it\n`);
          const ownKeys = new Set(network.spec.nodes.filter(keepsItsKey).map(({ name }) => name));
          const aim: Aim = { kind: "plan", secrets: secretsInUse(network), ownKeys };
          await reach(aim, token, plan, machines, options, io);
          await writeLock(network.file, plan.lock);
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
      await atMachines(network, options, (machines) =>
        reach(aim, newToken(), planOf(network), machines, options, io),
      );
    });

const newToken = (): string => randomBytes(6).toString("hex");

async function atMachines(
  network: Network,
  options: Options,
  work: (machines: Machines) => Promise<void>,
): Promise<void> {
  const machines = await machinesOf(network, planOf(network).states, options);
  try {
    await work(machines);
  } finally {
    await machines.close();
  }
}

async function reach(
  aim: Aim,
  token: string,
  plan: Plan,
  machines: Machines,
  options: Options,
  io: Io,
): Promise<void> {
  const observed = await observeAll(machines, aim, options.partial === true, io);
  if (aim.kind === "plan") refuseUnknown(plan, observed);
  const todo = observed.filter(({ isDone }) => !isDone);
  if (options.json !== true) io.stdout(planText(observed));
  if (todo.length > 0) {
    await untilInterrupted((signal) =>
      applyAll(todo, {
        token,
        timeoutS: options.timeout,
        distance: (node, change) => distance(plan, node, change),
        confirm: () => confirm(todo, aim),
        verify: () =>
          verify(aim.kind, plan, { changed: todo, all: observed, timeoutS: options.timeout }, machines, aim),
        progress: (text) => io.stderr(`${text} ...\n`),
        signal,
      }),
    );
  }
  const changed = todo.map((machine) => machine.plan.node);
  if (options.json === true) io.stdout(`${JSON.stringify({ changed })}\n`);
  else if (changed.length > 0) io.stdout(`done: ${changed.join(", ")}\n`);
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
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  await work(controller.signal).finally(() => process.off("SIGINT", interrupt).off("SIGTERM", interrupt));
}

/** Somebody may have applied between our looking and our locking. */
async function confirm(machines: readonly Machine[], aim: Aim): Promise<void> {
  await Promise.all(
    machines.map(async ({ host, plan, wireguard, there, back }) => {
      const seen = await observeMachine(host, plan, { ...aim, wireguard });
      if (isDeepStrictEqual([seen.there, seen.back], [there, back])) return;
      throw new TofroError(`${plan.node} has changed in the meantime; run the same again`);
    }),
  );
}

interface Applied {
  readonly changed: readonly Machine[];
  /** With those that had nothing to do. */
  readonly all: readonly Machine[];
  readonly timeoutS: number;
}

/** Every changed machine is where it shall be, seen by a new connection, and the named directions work. */
async function verify(
  kind: Aim["kind"],
  plan: Plan,
  { changed, all, timeoutS }: Applied,
  machines: Machines,
  aim: Aim,
): Promise<void> {
  await Promise.all(
    changed.map(async ({ plan: state, wireguard }) => {
      const host = await machines.fresh(state.node);
      const seen = await observeMachine(host, state, { ...aim, wireguard });
      const left = planText([{ ...seen, isDone: false }]);
      if (!isNothing(seen.there)) {
        throw new TofroError(`${state.node} did not come to its state; this is left:\n${left}`);
      }
    }),
  );
  if (kind === "down") return;
  const reachable = new Set(all.map((machine) => machine.plan.node));
  const named = [...directions(plan)].filter(
    ({ from, to, path, line }) =>
      line !== undefined && [from, to, ...path].every((node) => reachable.has(node)),
  );
  const waitS = Math.min(20, Math.floor(timeoutS / 2));
  await Promise.all(
    [...new Set(named.map(({ from }) => from))].map((from) => {
      const targets = named.filter((each) => each.from === from).map(({ to }) => to);
      return reachAll(plan, machines, from, targets, waitS);
    }),
  );
}

/** All directions from one node by one connection: an sshd takes few at once. Handshakes may take some seconds. */
async function reachAll(
  plan: Plan,
  machines: Machines,
  from: string,
  targets: readonly string[],
  waitS: number,
): Promise<void> {
  const addresses = new Map(
    plan.topology.nodes
      .filter(({ name }) => targets.includes(name))
      .flatMap((node) => node.addresses.map((address) => [address as string, node.name])),
  );
  const script = [
    "command -v ping >/dev/null || { echo no ping; exit 0; }",
    `end=$(($(cut -d. -f1 /proc/uptime) + ${waitS}))`,
    "reach() { until ping -q -c 1 -W 1 $1 >/dev/null 2>&1; do [ $(cut -d. -f1 /proc/uptime) -lt $end ] || { echo $1; break; }; sleep 0.2; done; }",
    ...Array.from(addresses.keys(), (address) => `reach ${address} &`),
    "wait",
    "",
  ].join("\n");
  const host = await machines.fresh(from);
  const { stdout } = await host.run(["sh", "-s"], { input: script, timeoutMs: (waitS + 15) * 1000 });
  const failed = stdout.split("\n").filter((line) => line !== "");
  if (failed.length === 0) return;
  if (failed[0] === "no ping") throw new TofroError(`${from} has no \`ping\` to check the overlay with`);
  const list = failed.map((address) => `${addresses.get(address)} at ${address}`).sort();
  throw new TofroError(`${from} does not reach ${list.join(", ")}`);
}
