// Each link as the agent of the node that receives it knows it, with delays between the clocks of all agents that told.
import type { AgentStatus } from "../agent/told.ts";
import type { DelayInterval, PathFigures } from "../measure/measurement.ts";
import { oneWayDelays, type OneWayReport } from "../measure/one-way.ts";
import type { Plan } from "../plan.ts";
import type { LinkIndex } from "../route.ts";

export interface LinkStatus {
  readonly tunnel: string;
  readonly from: string;
  readonly to: string;
  /** `held`: heard again after an outage, and not used yet. `unheard`: its agent has just begun. */
  readonly condition: AgentStatus["links"][number]["condition"];
  /** How long it has been so, or its agent has run, which may be shorter. */
  readonly forMs: number;
  /** What follows is absent when too little was heard of late. Of the last 5 s; also absent: the sender's clock is not known. */
  readonly delay?: DelayInterval;
  /** p95 - p50, of the last 5 s. */
  readonly jitterMs?: number;
  /** Share of packets of the last minute, 0 to 1. */
  readonly loss?: number;
}

export interface KnownLinks {
  /** By link index; undefined: nobody tells of it. */
  readonly links: readonly (LinkStatus | undefined)[];
  /** Undefined when nothing is known of a link of the path. */
  readonly path: (links: readonly LinkIndex[]) => Pick<PathFigures, "delay" | "loss"> | undefined;
}

/** By `agents`, whose answers are of moments that lie `ageMs` apart at most. */
export function knownLinks(
  { topology: { nodes, tunnels } }: Pick<Plan, "topology">,
  agents: ReadonlyMap<string, AgentStatus>,
  ageMs: number,
): KnownLinks {
  const told = new Map(
    Array.from(agents, ([node, { links }]) => [
      node,
      new Map(links.map((each) => [`${each.tunnel} ${each.from}`, each])),
    ]),
  );
  const index = new Map(nodes.map(({ name }, at) => [name, at]));
  const all = tunnels.flatMap(({ id, ends: [one, other] }) =>
    [
      [one.node, other.node],
      [other.node, one.node],
    ].map(([from, to]) => ({ tunnel: id, from: from!, to: to!, said: told.get(to!)?.get(`${id} ${from}`) })),
  );
  const reports = all.map(({ from, to, said }): OneWayReport | undefined => {
    if (said?.rawMs === undefined || said.boundMs === undefined || said.condition === "down")
      return undefined;
    // A sender that has begun anew since may have another clock.
    if (agents.get(from)?.life !== said.life) return undefined;
    return { from: index.get(from)!, to: index.get(to)!, rawMs: said.rawMs, boundMs: said.boundMs };
  });
  const delayOf = oneWayDelays(nodes.length, reports, ageMs);
  const links = all.map(({ said, ...link }, at): LinkStatus | undefined => {
    if (said === undefined) return undefined;
    const { condition, forMs, jitterMs, losses } = said;
    const base = { ...link, condition, forMs };
    // What was heard before it fell silent says nothing of it now.
    if (condition === "down") return base;
    const delay = delayOf([at]);
    const minute = losses?.at(-1);
    return {
      ...base,
      ...(delay && { delay }),
      ...(jitterMs !== undefined && { jitterMs }),
      ...(minute && minute.sent > 0 && { loss: minute.lost / minute.sent }),
    };
  });
  return {
    links,
    path: (path) => {
      const delay = delayOf(path);
      const through = path.reduce((share, link) => share * (1 - (links[link]?.loss ?? NaN)), 1);
      return delay === undefined || Number.isNaN(through) ? undefined : { delay, loss: 1 - through };
    },
  };
}

/** Those that somebody tells of, in the order of the plan's tunnels, first what goes to the second node of the name. */
export const linkStatuses = (
  { topology: { tunnels } }: Pick<Plan, "topology">,
  { links }: KnownLinks,
): LinkStatus[] =>
  tunnels.flatMap(({ ends: [one, other] }, tunnel) => {
    const pair = [links[2 * tunnel], links[2 * tunnel + 1]];
    return (one.node < other.node ? pair : pair.toReversed()).flatMap((each) => each ?? []);
  });
