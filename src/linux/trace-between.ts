// One trace: bursts between two nodes, counted everywhere, then as much else as it takes to say what became of them.
import { examine } from "../core/doctor/examine.ts";
import type { Finding } from "../core/doctor/finding.ts";
import { TofroError } from "../core/error.ts";
import type { Plan } from "../core/plan.ts";
import type { Scene } from "../core/trace/scene.ts";
import type { PingResult } from "../core/trace/ping.ts";
import { flowKey, probesBetween, repliesOf, requestsOf, type Flow, type Probe } from "../core/trace/probe.ts";
import { judge, witnessKey, type DirectionTrace, type Sight } from "../core/trace/trace.ts";
import type { RouteQuestion } from "../render/trace-scripts.ts";
import type { Host } from "./command.ts";
import { factsOf } from "./facts.ts";
import {
  askRoutes,
  burst,
  newIds,
  recordRoute,
  sweep,
  tapped,
  wake,
  type Tapped,
  type Unseen,
} from "./trace.ts";

/** Small packets of one burst; full ones are fewer. */
const PACKETS = 10;

export interface Traced {
  readonly directions: readonly DirectionTrace[];
  /** Machines whose packets could not be counted. */
  readonly unseen: readonly Unseen[];
}

/** `hosts` by node: those of the two ends send, all of them count. Throws only when it is aborted. */
export async function traceBetween(
  plan: Plan,
  hosts: ReadonlyMap<string, Host>,
  [a, c]: readonly [string, string],
  signal: AbortSignal,
): Promise<Traced> {
  const probes = probesBetween(plan, a, c, newIds(), PACKETS);
  const pings = new Map<number, PingResult>();
  await wake(hosts, probes);
  signal.throwIfAborted();
  const { taps, unseen } = await tapped(hosts, probes, async () => {
    await Promise.all(
      probes.map(async (probe) => {
        const host = hosts.get(probe.from);
        const result = host && (await burst(host, probe));
        if (result !== undefined && hasTried(result)) pings.set(probe.id, result);
      }),
    );
  });
  signal.throwIfAborted();
  const sight: Sight = {
    probes,
    pings,
    taps: new Map(Array.from(taps, ([node, { tap }]) => [node, tap])),
    witnesses: new Map(),
  };
  const nothing: Scene = { ...bareScene(plan, pings), evidence: new Map(), findings: new Map() };
  const first = judge(plan, sight, nothing);
  const witnesses = await askRouters(plan, hosts, probes, first);
  const whole = { ...sight, witnesses };
  const second = witnesses.size === 0 ? first : judge(plan, whole, nothing);
  const isWell = second.every(({ verdict }) => verdict === "as-planned" || verdict === "partly");
  if (isWell) return { directions: second, unseen };
  return { directions: judge(plan, whole, await scene(plan, hosts, taps, pings, probes)), unseen };
}

/** Sent packets, or was kept from it by the kernel; a ping that does not know an option has not tried. */
const hasTried = ({ sent, complaints }: PingResult): boolean =>
  sent > 0 ||
  complaints.some((line) => /unreachable|No route|not permitted|not available|too long/i.test(line));

const bareScene = (plan: Plan, pings: ReadonlyMap<number, PingResult>) => ({
  states: new Map(plan.states.map((state) => [state.node, state])),
  ping: (flow: Flow) => (flow.kind === "request" ? pings.get(flow.probe.id) : undefined),
  routeAt: (): string | undefined => undefined,
});

/** Where counters leave gaps: routers name themselves when a TTL runs out, and stamp record route both ways. */
async function askRouters(
  plan: Plan,
  hosts: ReadonlyMap<string, Host>,
  probes: readonly Probe[],
  directions: readonly DirectionTrace[],
): Promise<Map<string, readonly string[]>> {
  const names = new Map<string, string>(
    plan.states.flatMap(({ node, addresses }) => addresses.map((address) => [address, node])),
  );
  const nodesOf = (addresses: readonly string[]): string[] =>
    addresses.flatMap((each) => names.get(each) ?? []);
  const found = new Map<string, readonly string[]>();
  const gaps = new Set(
    directions
      .filter(({ verdict }) => verdict === "partly" || verdict === "unknown")
      .map(({ from, to, family }) => witnessKey(from, to, family)),
  );
  const isGap = ({ from, to, family }: Pick<Probe, "from" | "to" | "family">): boolean =>
    gaps.has(witnessKey(from, to, family));
  await Promise.all(
    probes.map(async (probe) => {
      const { from, to, family, size, destination } = probe;
      const host = hosts.get(from);
      const back = { from: to, to: from, family };
      if (size === "full" || host === undefined || !(isGap(probe) || isGap(back))) return;
      const hops = nodesOf(await sweep(host, destination));
      found.set(witnessKey(from, to, family), [from, ...hops]);
      if (family === 6 || hosts.has(to)) return;
      const stamps = nodesOf((await recordRoute(host, destination)) ?? []);
      const turn = stamps.lastIndexOf(to);
      // Nine stamps may end before the packet is home again.
      if (turn !== -1) found.set(witnessKey(to, from, family), distinctRuns(stamps.slice(turn)));
    }),
  );
  return found;
}

/** The node that answers stamps as the one that is asked, and as the one that answers. */
const distinctRuns = (nodes: readonly string[]): string[] =>
  nodes.filter((node, index) => node !== nodes[index - 1]);

/** All that may tell why: counters, the doctor's findings, and what kernels say of the packets. */
async function scene(
  plan: Plan,
  hosts: ReadonlyMap<string, Host>,
  taps: ReadonlyMap<string, Tapped>,
  pings: ReadonlyMap<number, PingResult>,
  probes: readonly Probe[],
): Promise<Scene> {
  const findings = new Map<string, readonly Finding[]>();
  const routes = new Map<string, string>();
  const flows = probes.flatMap((probe) =>
    probe.size === "small" ? [requestsOf(probe), repliesOf(probe)] : [requestsOf(probe)],
  );
  await Promise.all(
    Array.from(hosts, async ([node, host]) => {
      const state = plan.states.find((each) => each.node === node)!;
      try {
        const questions = flows.flatMap((flow) => questionOf(taps.get(node), node, flow));
        const [facts, answers] = await Promise.all([factsOf(host, state), askRoutes(host, questions)]);
        findings.set(node, examine(plan, state, facts));
        for (const [name, line] of answers) routes.set(`${node} ${name}`, line);
      } catch (error) {
        // Without its word the culprit is guessed by the rest.
        if (!(error instanceof TofroError)) throw error;
      }
    }),
  );
  return {
    ...bareScene(plan, pings),
    evidence: taps,
    findings,
    routeAt: (node, flow) => routes.get(`${node} ${flowKey(flow)}`),
  };
}

/** A flow's own packets at the node where they begin, forwarded ones by the interface that they came in by. */
function questionOf(seen: Tapped | undefined, node: string, flow: Flow): RouteQuestion[] {
  const base = { name: flowKey(flow), destination: flow.destination };
  if (flow.from === node) return [base];
  const [entered] = seen?.tap.get(`in_${flowKey(flow)}`) ?? [];
  return entered === undefined
    ? []
    : [{ ...base, from: { source: entered.source, interface: entered.interface } }];
}
