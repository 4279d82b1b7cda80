// `tofro trace`: where packets between two nodes really go, both ways, beside what the plan says.
import { Command } from "@commander-js/extra-typings";
import { TofroError } from "../core/error.ts";
import { measure } from "../core/measure/measurement.ts";
import type { Plan } from "../core/plan.ts";
import { chosenPlan } from "./plan-now.ts";
import { plannedPath } from "../core/trace/trace.ts";
import { openNetwork, planOf } from "../files/network.ts";
import { NO_SECRETS } from "../core/secrets.ts";
import { traceBetween, type Traced } from "../linux/trace-between.ts";
import { probeTunnels } from "../probe/run.ts";
import { askAgents, linksNow } from "./agents-now.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions } from "./machines.ts";
import { checkNode } from "./node-argument.ts";
import { reach, type Unreachable } from "./reachable.ts";
import { figuresOfAgents, figuresOfMeasurement, type TraceFigures } from "./trace-figures.ts";
import { traceJson } from "./trace-json.ts";
import { traceText } from "./trace-text.ts";
import { unlock } from "./unlock.ts";

/** Of a small network all machines look out for packets, of a large one those of the two paths. */
const FEW_NODES = 12;
const PROBE_S = 2;
const PROBE_INTERVAL_MS = 20;

export const traceCommand = (io: Io) =>
  machineOptions(new Command("trace"))
    .description(
      "say where packets between two nodes go, both ways, beside the plan; exit 3 when they differ",
    )
    .argument("<a>", "a node")
    .argument("<c>", "another")
    .option("--no-measure", "no delays but those that agents know: a second instead of six")
    .option("--json", "{ ok, directions, unreachable, failures }")
    .action(async (a, c, options) => {
      const network = await loadNetwork(options, io);
      const plan = planOf(network);
      checkEnds(plan, a, c);
      const { secrets } = options.measure ? await openNetwork(network, unlock) : { secrets: NO_SECRETS };
      const onPaths = new Set([...plannedPath(plan, a, c).path, ...plannedPath(plan, c, a).path, a, c]);
      const isFew = plan.states.length <= FEW_NODES;
      const machines = await reach(network, plan, options, (node) => isFew || onPaths.has(node));
      try {
        const { hosts, unreachable: others } = machines;
        if (!hosts.has(a) && !hosts.has(c)) throw outOfReach(a, c, others);
        const agents = await askAgents(hosts);
        const now = chosenPlan(plan, agents);
        const report = await untilInterrupted(
          "Cannot finish the trace",
          async (signal): Promise<TraceReport> => {
            io.stderr(`tracing ${a} and ${c} ...\n`);
            const traced = await traceBetween(now, hosts, [a, c], signal);
            const unreachable = [...machines.unreachable, ...traced.unseen].filter(({ node }) =>
              onPaths.has(node),
            );
            const base = { directions: traced.directions, unreachable };
            if (!options.measure)
              return { ...base, failures: [], figures: figuresOfAgents(linksNow(plan, agents)) };
            const probed = await probeTunnels(hosts, plan, secrets, {
              seconds: PROBE_S,
              intervalMs: PROBE_INTERVAL_MS,
              tunnels: tunnelsOf(traced),
              signal,
              progress: (text) => io.stderr(`${text} ...\n`),
            });
            const figures = figuresOfMeasurement(measure(plan.topology.tunnels, probed.sessions));
            return { ...base, failures: probed.failures, figures };
          },
        );
        print(report, options.json === true, io);
      } finally {
        await machines.close();
      }
    });

/** What one trace found. */
export interface TraceReport {
  readonly directions: Traced["directions"];
  readonly unreachable: readonly Unreachable[];
  /** Of measuring, which fails where packets do. */
  readonly failures: Awaited<ReturnType<typeof probeTunnels>>["failures"];
  readonly figures: TraceFigures;
}

function outOfReach(a: string, c: string, unreachable: readonly Unreachable[]): TofroError {
  const why = unreachable
    .filter(({ node }) => node === a || node === c)
    .map(({ message }) => `\n  ${message}`);
  return new TofroError(`Cannot trace: neither ${a} nor ${c} can be asked${why.join("")}`, {
    kind: "failed",
  });
}

function checkEnds(plan: Plan, a: string, c: string): void {
  const names = plan.states.map(({ node }) => node);
  for (const each of [a, c]) checkNode(names, each);
  if (a === c)
    throw new TofroError(`Name two nodes: a packet from ${a} to itself has no way to go`, { kind: "usage" });
}

/** Those of the plan's two paths, and those that packets took instead. */
const tunnelsOf = ({ directions }: Traced): Set<string> =>
  new Set(
    directions.flatMap(({ plan, hops }) => [...plan.tunnels, ...hops.flatMap(({ tunnel }) => tunnel ?? [])]),
  );

function print(report: TraceReport, isJson: boolean, io: Io): void {
  const { directions, unreachable, failures } = report;
  const isWrong = directions.some(({ verdict }) => verdict === "differs" || verdict === "lost");
  const isBlind = directions.every(({ verdict }) => verdict === "unknown");
  for (const { message } of [...unreachable, ...failures]) io.stderr(`not known: ${message}\n`);
  if (isJson) io.stdout(traceJson(report, !isWrong && !isBlind));
  else io.stdout(traceText(report));
  if (isWrong) io.exit(3);
  else if (isBlind) io.exit(1);
}
