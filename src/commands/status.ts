// `tofro status`: every tunnel, every direction and what has drifted, once or again and again.
import { setTimeout as sleep } from "node:timers/promises";
import { styleText } from "node:util";
import { Command } from "@commander-js/extra-typings";
import { TofroError } from "../core/error.ts";
import { measure } from "../core/measure/measurement.ts";
import type { SessionSamples } from "../core/measure/samples.ts";
import type { Plan } from "../core/plan.ts";
import { runOf, type Run } from "../core/status/history.ts";
import { linkStatuses } from "../core/status/links.ts";
import { directionStatuses, tunnelStatuses, type MachineTunnels } from "../core/status/status.ts";
import { openNetwork, planOf, type OpenNetwork } from "../files/network.ts";
import type { Aim } from "../linux/machine.ts";
import { driftOf, tunnelsOf, type Drift } from "../linux/status.ts";
import { probeTunnels } from "../probe/run.ts";
import { askAgents, linksNow, type AgentsNow } from "./agents-now.ts";
import { historyNote } from "./history-note.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { loadNetwork } from "./load.ts";
import { machineOptions } from "./machines.ts";
import { chosenPlan } from "./plan-now.ts";
import { planAim } from "./plan.ts";
import { reach, type Reachable, type Unreachable } from "./reachable.ts";
import { stampsNote } from "./stamps-note.ts";
import { agentStates, isDown } from "./status-agents.ts";
import { statusJson } from "./status-json.ts";
import { statusText, type StatusReport } from "./status-text.ts";
import { unlock } from "./unlock.ts";

const REFRESH_MS = 2000;
const DRIFT_MS = 15_000;
const PROBE_S = 1.5;
const PROBE_INTERVAL_MS = 30;
/** Runs whose packets the shown figures are of; about half a minute. */
const RECENT = 6;
/** Runs of which the history tells; about ten minutes. */
const KEPT = 128;

export const statusCommand = (io: Io) =>
  machineOptions(new Command("status"))
    .description(
      "every tunnel, every direction that a line names, and drift, on one screen; exit 3 when something is down or drifted",
    )
    .option("--watch", "again and again, with the history of what it sees; Ctrl-C ends it")
    .option("--no-measure", "no delays but those that agents know: at once instead of in five seconds")
    .option("--json", "{ tunnels, links, directions, drift, unreachable, … }")
    .action(async (options) => {
      const network = await openNetwork(await loadNetwork(options, io), unlock);
      const plan = planOf(network);
      const machines = await reach(network, plan, options, () => true);
      const board = new Board(network, plan, machines);
      try {
        if (options.watch === true) {
          await watch(board, options.measure, (report) => show(report, options.json === true, io));
          return;
        }
        if (options.measure) io.stderr("measuring ...\n");
        const report = await untilInterrupted("Cannot finish", async (signal) => {
          await Promise.all([
            board.ask(),
            board.observe(),
            options.measure ? board.measure(signal) : undefined,
          ]);
          return board.report();
        });
        io.stdout(
          options.json === true ? statusJson(report, false) : coloured(statusText(report, screenOf(io)), io),
        );
        if (isWanting(report)) io.exit(3);
        else if (report.unreachable.length > 0) io.exit(1);
      } finally {
        await machines.close();
      }
    });

const isWanting = ({ tunnels, links, directions, drift }: StatusReport): boolean =>
  tunnels.some(({ condition }) => condition === "down" || condition === "never") ||
  links.some(isDown) ||
  directions.some(({ broken }) => broken.length > 0) ||
  [...drift.values()].some(({ kind }) => kind === "drift");

/** What is known so far; each part is renewed on its own. */
class Board {
  readonly #network: OpenNetwork;
  readonly #plan: Plan;
  /** With what agents have chosen. */
  #now: Plan;
  readonly #machines: Reachable;
  #tunnels: ReadonlyMap<string, MachineTunnels> = new Map();
  #drift: ReadonlyMap<string, Drift> = new Map();
  #silent: readonly Unreachable[] = [];
  #sessions: readonly (readonly SessionSamples[])[] = [];
  #runs: readonly Run[] = [];
  #probed: ReadonlySet<string> = new Set();
  #failures: readonly string[] = [];
  #stamps: StatusReport["stamps"] = new Map();
  #agents: AgentsNow = { said: new Map(), ageMs: 0 };
  #begun: number | undefined;
  #measuredMs = 0;

  constructor(network: OpenNetwork, plan: Plan, machines: Reachable) {
    this.#network = network;
    this.#plan = plan;
    this.#now = plan;
    this.#machines = machines;
  }

  async ask(): Promise<void> {
    const silent: Unreachable[] = [];
    const tunnels = new Map<string, MachineTunnels>();
    const [agents] = await Promise.all([
      askAgents(this.#machines.hosts),
      ...Array.from(this.#machines.hosts, async ([node, host]) => {
        try {
          tunnels.set(node, await tunnelsOf(host));
        } catch (error) {
          if (!(error instanceof TofroError)) throw error;
          silent.push({ node, message: error.message });
        }
      }),
    ]);
    this.#now = chosenPlan(this.#plan, agents);
    [this.#tunnels, this.#silent, this.#agents] = [tunnels, silent, agents];
  }

  async observe(): Promise<void> {
    const { wireguard } = this.#machines;
    const aim: Aim = { ...(await planAim(this.#network, this.#plan)), ...(wireguard && { wireguard }) };
    const states = this.#plan.states.filter(({ node }) => this.#machines.hosts.has(node));
    const found = await Promise.all(
      states.map(
        async (state) =>
          [state.node, await driftOf(this.#machines.hosts.get(state.node)!, state, aim)] as const,
      ),
    );
    this.#drift = new Map(found);
  }

  async measure(signal: AbortSignal): Promise<void> {
    const { hosts } = this.#machines;
    this.#begun ??= performance.now();
    const { sessions, failures, stamps } = await probeTunnels(hosts, this.#plan, this.#network.secrets, {
      seconds: PROBE_S,
      intervalMs: PROBE_INTERVAL_MS,
      signal,
    });
    this.#stamps = stamps;
    const { tunnels } = this.#plan.topology;
    const run = runOf(sessions, measure(tunnels, sessions));
    this.#sessions = [...this.#sessions, sessions].slice(-RECENT);
    this.#runs = [...this.#runs, run].slice(-KEPT);
    // Who could not take part says nothing of its tunnels.
    const out = new Set(failures.flatMap((each) => (each.kind === "machine" ? [each.node] : [])));
    const took = tunnels.filter(({ ends }) => ends.every(({ node }) => hosts.has(node) && !out.has(node)));
    this.#probed = new Set(took.map(({ id }) => id));
    this.#failures = failures.flatMap((each) => (each.kind === "machine" ? [each.message] : []));
    this.#measuredMs = performance.now() - this.#begun;
  }

  report(): StatusReport {
    const { tunnels } = this.#plan.topology;
    const { said } = this.#agents;
    // Of a machine that cannot be asked this is said once.
    const asked = new Map(Array.from(said).filter(([node]) => this.#tunnels.has(node)));
    const known = linksNow(this.#plan, this.#agents);
    const isMeasured = this.#runs.length > 0;
    const [last] = this.#sessions.slice(-1);
    // What is down now is down, whatever came through before.
    const alive = new Set((last ?? []).map(({ tunnel }) => tunnel));
    const sessions = this.#sessions.flat().filter(({ tunnel }) => alive.has(tunnel));
    const recent = isMeasured ? measure(tunnels, sessions) : undefined;
    const now = last === undefined ? undefined : measure(tunnels, last);
    const measured = new Map(
      [...this.#probed].map((id) => [id, (now?.links ?? []).filter(({ tunnel }) => tunnel === id)] as const),
    );
    return {
      file: this.#network.spec.file,
      tunnels: tunnelStatuses(this.#plan, this.#tunnels, measured),
      links: linkStatuses(this.#plan, known),
      agents: agentStates(asked, this.#plan.lock.agents === true),
      directions: directionStatuses(this.#now, recent, known, this.#probed, this.#runs),
      drift: this.#drift,
      unreachable: [...this.#machines.unreachable, ...this.#silent],
      notes: [
        ...this.#failures.map((message) => `not measured: ${message}`),
        ...stampsNote(this.#stamps),
        ...(this.#runs.length > 1 ? [] : historyNote(this.#plan, said)),
      ],
      stamps: this.#stamps,
      historyS: this.#runs.length > 1 ? this.#measuredMs / 1000 : 0,
    };
  }
}

/** Three loops of their own, so that a slow measurement does not hold up the rest; returns on Ctrl-C. */
async function watch(
  board: Board,
  isMeasuring: boolean,
  paint: (report: StatusReport) => void,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const end = (): void => controller.abort();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const each of signals) process.on(each, end);
  const loop = async (pauseMs: number, work: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      try {
        await work();
        await sleep(pauseMs, undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        controller.abort();
        throw error;
      }
    }
  };
  try {
    await Promise.all([
      loop(REFRESH_MS, async () => {
        await board.ask();
        if (!signal.aborted) paint(board.report());
      }),
      loop(DRIFT_MS, () => board.observe()),
      ...(isMeasuring ? [loop(0, () => board.measure(signal))] : []),
    ]);
  } finally {
    for (const each of signals) process.off(each, end);
  }
}

/** On a terminal over what was there before, elsewhere one below the other. */
function show(report: StatusReport, isJson: boolean, io: Io): void {
  if (isJson) return io.stdout(statusJson(report, true));
  const text = coloured(statusText(report, screenOf(io)), io);
  const screen = io.rows?.();
  if (screen === undefined) io.stdout(`${text}\n`);
  else io.stdout(`\u001B[H${text.replaceAll("\n", "\u001B[K\n")}\u001B[J`);
}

function screenOf(io: Io): { rows?: number } {
  const rows = io.rows?.();
  return rows === undefined ? {} : { rows };
}

/** Lines with a mark are what is wrong. */
const coloured = (text: string, io: Io): string =>
  io.colour ? text.replaceAll(/^!.*$/gm, (line) => styleText("red", line, { validateStream: false })) : text;
