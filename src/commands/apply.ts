// `tofro apply` and `tofro down`: every machine to the plan, or to nothing of tofro, with a way back.
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { contains } from "../core/address.ts";
import type { Change } from "../core/diff.ts";
import { TofroError } from "../core/error.ts";
import { directions, type Plan } from "../core/plan.ts";
import { planOf, settle, type Network } from "../files/network.ts";
import { applyAll } from "../linux/apply.ts";
import { observeMachine, type Aim, type Machine } from "../linux/machine.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions, machinesOf, type MachineOptions, type Machines } from "./machines.ts";
import { observeAll } from "./observe.ts";
import { planText } from "./plan.ts";

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
      const { network, plan } = await settle(await loadNetwork(options, io));
      await reach("plan", network, plan, options, io);
    });

export const downCommand = (io: Io) =>
  verb("down")
    .description("remove what apply added, on every machine, and nothing else")
    .action(async (options) => {
      const network = await loadNetwork(options, io);
      await reach("down", network, planOf(network), options, io);
    });

async function reach(
  kind: Aim["kind"],
  network: Network,
  plan: Plan,
  options: Options,
  io: Io,
): Promise<void> {
  const machines = await machinesOf(network, plan.states, options);
  const aim: Aim = { kind, secrets: network.secrets };
  try {
    const observed = await observeAll(machines, aim, options.partial === true, io);
    const todo = observed.filter(({ isDone }) => !isDone);
    if (options.json !== true) io.stdout(planText(observed));
    if (todo.length > 0) {
      await applyAll(todo, {
        timeoutS: options.timeout,
        distance: (node, change) => distance(plan, node, change),
        verify: () => verify(kind, plan, todo, observed, machines, aim),
        progress: (text) => io.stderr(`${text} ...\n`),
      });
    }
    const changed = todo.map((machine) => machine.plan.node);
    if (options.json === true) io.stdout(`${JSON.stringify({ changed })}\n`);
    else if (changed.length > 0) io.stdout(`done: ${changed.join(", ")}\n`);
  } finally {
    await machines.close();
  }
}

/** Hops to the node that has the route's prefix; new keys come before all routes, rules behind them. */
function distance(plan: Plan, node: string, change: Change): number {
  if (change.kind === "wireguard") return -1;
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

/** Every changed machine is where it shall be, seen by a new connection, and the named directions work. */
async function verify(
  kind: Aim["kind"],
  plan: Plan,
  changed: readonly Machine[],
  all: readonly Machine[],
  machines: Machines,
  aim: Aim,
): Promise<void> {
  await Promise.all(
    changed.map(async ({ plan: state, wireguard }) => {
      const host = await machines.fresh(state.node);
      const seen = await observeMachine(host, state, { ...aim, wireguard });
      const left = planText([{ ...seen, isDone: false }]);
      const { widen, move, narrow } = seen.there;
      if (widen.length + move.length + narrow.length > 0) {
        throw new TofroError(`${state.node} did not come to its state; this is left:\n${left}`);
      }
    }),
  );
  if (kind === "down") return;
  const reachable = new Set(all.map((machine) => machine.plan.node));
  await Promise.all(
    [...directions(plan)]
      .filter(
        ({ from, to, path, line }) =>
          line !== undefined && [from, to, ...path].every((node) => reachable.has(node)),
      )
      .map(({ from, to }) => ping(plan, machines, from, to)),
  );
}

/** Handshakes may take some seconds: WireGuard tries again after 5 s. */
async function ping(plan: Plan, machines: Machines, from: string, to: string): Promise<void> {
  const { addresses } = plan.topology.nodes.find(({ name }) => name === to)!;
  const host = await machines.fresh(from);
  for (const address of addresses) {
    const script = `for try in $(seq 15); do ping -q -c 1 -W 1 ${address} >/dev/null 2>&1 && exit 0; done; exit 1`;
    const { code } = await host.run(["sh", "-s"], { input: script, anyExit: true, timeoutMs: 40_000 });
    if (code !== 0) throw new TofroError(`${from} does not reach ${to} at ${address}`);
  }
}
