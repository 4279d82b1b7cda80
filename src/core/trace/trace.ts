// Both directions between two nodes: what the plan says, what was seen, and why they differ if they do.
import type { Family } from "../address.ts";
import { directions, type Plan } from "../plan.ts";
import { deviationOf, isWhole, type PlannedPath } from "./compare.ts";
import { culpritOf } from "./culprit.ts";
import { mtuCulprit } from "./mtu-culprit.ts";
import type { Culprit, Scene } from "./scene.ts";
import type { PingResult } from "./ping.ts";
import { repliesOf, requestsOf, type Flow, type Probe } from "./probe.ts";
import { follow, type Seen, type SeenHop, type Witness } from "./seen.ts";
import type { Tap } from "./tap.ts";
import { wiringOf } from "./wiring.ts";

/** `partly`: nothing seen speaks against the plan, and not all of the path could be seen. */
export type Verdict = "as-planned" | "partly" | "differs" | "lost" | "unknown";

export interface DirectionTrace {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  /** Empty: the plan has no path, and nothing is to arrive. */
  readonly plan: PlannedPath;
  readonly hops: readonly SeenHop[];
  readonly verdict: Verdict;
  readonly culprits: readonly Culprit[];
}

/** What was found out by one trace. */
export interface Sight {
  readonly probes: readonly Probe[];
  /** By node; absent: that machine could not be asked. */
  readonly taps: ReadonlyMap<string, Tap>;
  /** By probe id. */
  readonly pings: ReadonlyMap<number, PingResult>;
  /** Nodes that a direction's packets met, as routers name themselves; by `witnessKey`. */
  readonly witnesses: ReadonlyMap<string, readonly string[]>;
}

export const witnessKey = (from: string, to: string, family: Family): string => `${from} ${to} ${family}`;

export function plannedPath(plan: Plan, from: string, to: string): PlannedPath {
  for (const { path, tunnels, ...ends } of directions(plan))
    if (ends.from === from && ends.to === to) return { path, tunnels };
  return { path: [from], tunnels: [] };
}

/** All flows of a direction, followed. */
interface Followed {
  readonly request?: Seen;
  readonly reply?: Seen;
  readonly full?: Seen;
}

/** Every direction and family, in the order in which they were probed. */
export function judge(plan: Plan, sight: Sight, scene: Scene): DirectionTrace[] {
  const wiring = wiringOf(plan);
  const see = (flow: Flow): Seen => follow(flow, sight.taps, wiring, witnessOf(flow, sight));
  const pairs = Map.groupBy(sight.probes, ({ from, to, family }) => witnessKey(from, to, family));
  return [...pairs.values()].map(([probe]) => {
    const { from, to, family } = probe!;
    const sent = (one: string, size: Probe["size"]): Probe | undefined =>
      sight.probes.find(
        (each) =>
          each.from === one && each.family === family && each.size === size && sight.pings.has(each.id),
      );
    const [there, back, full] = [sent(from, "small"), sent(to, "small"), sent(from, "full")];
    const asked = back && see(requestsOf(back));
    // What never came, or came from somebody else, is not answered as the plan says.
    const isAnswered = asked !== undefined && asked.arrived !== false && asked.rewrite === undefined;
    return verdictOf(plannedPath(plan, from, to), { from, to, family }, scene, {
      ...(there && { request: see(requestsOf(there)) }),
      ...(back && isAnswered && { reply: see(repliesOf(back)) }),
      ...(full && { full: see(requestsOf(full)) }),
    });
  });
}

function witnessOf(flow: Flow, { pings, witnesses }: Sight): Witness {
  const nodes = witnesses.get(witnessKey(flow.from, flow.to, flow.probe.family));
  const ping = pings.get(flow.probe.id);
  // A ping that was answered went both ways; one that was not went nobody knows how far.
  return { ...(nodes && { nodes }), ...(ping && { received: ping.received }) };
}

function verdictOf(
  plan: PlannedPath,
  ends: Pick<DirectionTrace, "from" | "to" | "family">,
  scene: Scene,
  { request, reply, full }: Followed,
): DirectionTrace {
  const base = { ...ends, plan };
  const seen = request ?? reply;
  if (seen === undefined) return { ...base, hops: [], verdict: "unknown", culprits: [] };
  const all = [request, reply].filter((each) => each !== undefined);
  const wrong = all.filter(
    (each) => each.loss !== undefined || each.rewrite !== undefined || deviationOf(plan, each) !== undefined,
  );
  // What is wrong with one of the two is what is to be shown, but for answers that are not even sent.
  const shown = wrong.find((each) => each === request || each.loss?.stage !== "origin") ?? seen;
  const culprits = wrong.flatMap((each) => culpritOf(each, plan, scene) ?? []);
  const isSmallWell = wrong.length === 0 && request?.arrived === true;
  if (full !== undefined && isSmallWell && full.arrived !== true && isJudged(full))
    culprits.push(mtuCulprit(full, plan, scene));
  return { ...base, hops: shown.hops, verdict: verdict(plan, shown, culprits), culprits: distinct(culprits) };
}

/** Its fate is known: by counters, or because its answers would have come as those of small packets do. */
const isJudged = ({ loss, arrived }: Seen): boolean => loss !== undefined || arrived === undefined;

function verdict(plan: PlannedPath, seen: Seen, culprits: readonly Culprit[]): Verdict {
  if (seen.arrived === false) return "lost";
  if (culprits.length > 0) return "differs";
  if (seen.arrived === undefined) return "unknown";
  return isWhole(plan, seen) ? "as-planned" : "partly";
}

const distinct = (culprits: readonly Culprit[]): Culprit[] => [
  ...new Map(culprits.map((each) => [`${each.code} ${each.node}`, each])).values(),
];
