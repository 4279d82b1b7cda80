// `tofro measure`: probes every tunnel for some seconds, and says what each direction gets and what it could get.
import { Command, Option } from "@commander-js/extra-typings";
import { TofroError } from "../core/error.ts";
import { nodeIndices, type PairKey } from "../core/lines.ts";
import { directionFigures, type DirectionFigures } from "../core/measure/directions.ts";
import { measure } from "../core/measure/measurement.ts";
import type { Plan } from "../core/plan.ts";
import { suggest } from "../core/suggest.ts";
import { openNetwork, planOf } from "../files/network.ts";
import { parseDurationMs } from "../core/quantity.ts";
import { probeTunnels } from "../probe/run.ts";
import type { Io } from "./io.ts";
import { planNow } from "./plan-now.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions, machinesOf } from "./machines.ts";
import { measureText } from "./measure-text.ts";
import { measureJson } from "./measure-json.ts";
import { unlock } from "./unlock.ts";

const LONGEST_S = 3600;
const MOST_PER_SECOND = 500;

export const measureCommand = (io: Io) =>
  machineOptions(new Command("measure"))
    .description(
      "delay, jitter and loss of every link, each way, and the best path; exit 3 when a tunnel gave nothing",
    )
    .argument("[from]", "a node: only what goes from here ...")
    .argument("[to]", "... to here, and back")
    .option("--all", "every pair of nodes, not only those that a line names")
    .addOption(
      new Option("--for <time>", "how long to probe, such as 10s or 90s")
        .default(10, "10s")
        .argParser(seconds),
    )
    .addOption(
      new Option("--rate <n>", "probes a second over each tunnel").default(20).argParser(probesPerSecond),
    )
    .option("--json", "{ seconds, ratePerS, links, directions, failures, … }")
    .action(async (from, to, options) => {
      const closed = await loadNetwork(options, io);
      const plan = planOf(closed);
      const pairs = pairsOf(plan, { from, to, all: options.all === true });
      const network = await openNetwork(closed, unlock);
      const machines = await machinesOf(network, plan.states, options);
      const stop = new AbortController();
      const abort = (): void => stop.abort(new TofroError("Cannot finish measuring: interrupted"));
      process.once("SIGINT", abort).once("SIGTERM", abort).once("SIGHUP", abort);
      try {
        const tunnels = tunnelsBetween(plan, machines.states);
        const hosts = await Promise.all(
          machines.states.map(async ({ node }) => [node, await machines.host(node)] as const),
        );
        const probed = await probeTunnels(new Map(hosts), plan, network.secrets, {
          seconds: options.for,
          intervalMs: 1000 / options.rate,
          progress: (text) => io.stderr(`${text} ...\n`),
          signal: stop.signal,
        });
        const measurement = measure(plan.topology.tunnels, probed.sessions);
        const report = {
          seconds: options.for,
          ratePerS: options.rate,
          tunnels,
          measurement,
          directions: directionFigures(await planNow(plan, new Map(hosts)), measurement, pairs),
          failures: probed.failures,
          stamps: probed.stamps,
        };
        for (const failure of probed.failures) io.stderr(`tofro: ${failureText(failure)}\n`);
        io.stdout(options.json === true ? measureJson(report) : measureText(report));
        if (probed.failures.length > 0) io.exit(3);
      } finally {
        process.off("SIGINT", abort).off("SIGTERM", abort).off("SIGHUP", abort);
        await machines.close();
      }
    });

/** Ids; throws "usage" when there is none. */
function tunnelsBetween({ topology }: Plan, states: Plan["states"]): ReadonlySet<string> {
  const nodes = new Set(states.map(({ node }) => node));
  const found = topology.tunnels.filter(({ ends }) => ends.every(({ node }) => nodes.has(node)));
  if (found.length > 0) return new Set(found.map(({ id }) => id));
  const message = `There is nothing to measure: no tunnel is between nodes of ${[...nodes].join(", ")}`;
  throw new TofroError(message, { kind: "usage" });
}

type Probed = Awaited<ReturnType<typeof probeTunnels>>;

/** What one run found. */
export interface MeasureReport {
  readonly seconds: number;
  readonly ratePerS: number;
  /** Ids of those that were probed. */
  readonly tunnels: ReadonlySet<string>;
  readonly measurement: ReturnType<typeof measure>;
  readonly directions: readonly DirectionFigures[];
  readonly failures: Probed["failures"];
  readonly stamps: Probed["stamps"];
}

const failureText = (failure: Probed["failures"][number]): string =>
  failure.kind === "machine" ? failure.message : `Nothing came through ${failure.tunnel}: ${failure.message}`;

interface Wanted {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly all: boolean;
}

/** The two directions of the given nodes, or all that there are, or those that a line names; a direction and its opposite together. */
function pairsOf(plan: Plan, { from, to, all }: Wanted): PairKey[] {
  const { nodes, lines } = plan.routing;
  if (from === undefined) {
    const pairs = Array.from({ length: nodes * nodes }, (_, key): PairKey[] => {
      const [x, y] = [Math.floor(key / nodes), key % nodes];
      return x < y ? [key, y * nodes + x] : [];
    });
    return pairs.flat().filter((key) => all || lines.has(key));
  }
  if (all || to === undefined || from === to) {
    const message =
      "Give two nodes, `tofro measure a c`, or `--all`, or nothing for what the file's lines name";
    throw new TofroError(message, { kind: "usage" });
  }
  const indices = nodeIndices(plan.spec);
  const index = (name: string): number => {
    const found = indices.get(name);
    if (found !== undefined) return found;
    const near = suggest(name, indices.keys());
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    throw new TofroError(`There is no node "${name}"${hint}`, { kind: "usage" });
  };
  const [there, back] = [index(from), index(to)];
  return [there * nodes + back, back * nodes + there];
}

export function seconds(text: string): number {
  const ms = parseDurationMs(text);
  if (ms === undefined || ms < 1000 || ms > LONGEST_S * 1000)
    throw new TofroError(`--for must be a time from 1s to ${LONGEST_S}s, not "${text}"`, { kind: "usage" });
  return ms / 1000;
}

function probesPerSecond(text: string): number {
  const rate = Number(text);
  if (!(rate >= 1 && rate <= MOST_PER_SECOND))
    throw new TofroError(`--rate must be a number from 1 to ${MOST_PER_SECOND}, not "${text}"`, {
      kind: "usage",
    });
  return rate;
}
