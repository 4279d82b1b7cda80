// What each link may carry at all when agents choose: any path that the lines of the file allow, not only the present one.
//
// Widening first and narrowing after a move would take longer than failing over may, so it is done once. It is a little
// more than what paths can use: a link is counted in when its two ends may lie on the way, whether or not a path exists.
import { BitRows } from "./bit-rows.ts";
import { mayRunOver } from "./graph.ts";
import { isLimited, type LinkIndex, type Routing } from "./route.ts";
import type { MeasuredPath, PathSpec } from "./spec.ts";
import type { Topology } from "./topology.ts";
import type { Traffic } from "./traffic.ts";

export type Permits = Pick<Traffic, "sent" | "arriving" | "transits">;

/** `present` is what the plan without a choice carries; `isolate`: pairs that no line names stay where they are. */
export function permitsOf(topology: Topology, routing: Routing, present: Traffic, isolate: boolean): Permits {
  const permits = new Wide(topology, routing, present);
  const [froms, tos] = [new Set<number>(), new Set<number>()];
  // A transit answers the ends of what it carries: with `isolate` that is a pair that only the choice makes.
  const ends = new Set(
    [...routing.lines].flatMap(([pair, line]) =>
      mayMove(line) ? [Math.floor(pair / routing.nodes), pair % routing.nodes] : [],
    ),
  );
  for (let from = 0; from < routing.nodes; from++) {
    for (let to = 0; to < routing.nodes; to++) {
      const line = routing.lines.get(from * routing.nodes + to);
      const stays = line === undefined ? isolate && !ends.has(from) && !ends.has(to) : !mayMove(line);
      if (from === to || stays) continue;
      if (line?.kind === "measured" && isLimited(line)) permits.addWithin(from, to, line);
      else {
        froms.add(from);
        tos.add(to);
      }
    }
  }
  permits.addEverywhere(froms, tos);
  return permits;
}

/** A backup that is named is a path of the plan's tunnels; what it needs is permitted as if it were free. */
const mayMove = (line: PathSpec): boolean => line.kind === "measured" || line.backup.kind !== "none";

class Wide implements Permits {
  readonly sent: BitRows;
  readonly arriving: BitRows;
  readonly transits = new Map<LinkIndex, Set<LinkIndex>>();
  readonly #topology: Topology;
  readonly #routing: Routing;
  readonly #leaving: readonly (readonly LinkIndex[])[];

  constructor(topology: Topology, routing: Routing, present: Traffic) {
    const { links, nodes } = routing;
    this.#topology = topology;
    this.#routing = routing;
    this.sent = new BitRows(links, nodes);
    this.arriving = new BitRows(links, nodes);
    const leaving: LinkIndex[][] = Array.from({ length: nodes }, () => []);
    for (let link = 0; link < links; link++) {
      leaving[routing.sender(link)]!.push(link);
      for (const to of present.sent.members(link)) this.sent.add(link, to);
      for (const from of present.arriving.members(link)) this.arriving.add(link, from);
    }
    this.#leaving = leaving;
    for (const [enter, leave] of present.transits) this.transits.set(enter, new Set(leave));
  }

  /** Pairs without limits: any link may be on the way of any of them. */
  addEverywhere(froms: ReadonlySet<number>, tos: ReadonlySet<number>): void {
    if (froms.size === 0) return;
    for (const leaving of this.#leaving) {
      for (const link of leaving) {
        for (const to of tos) if (to !== this.#routing.sender(link)) this.sent.add(link, to);
        for (const from of froms) if (from !== this.#routing.sender(link)) this.arriving.add(link, from);
        for (const other of leaving) if (other !== link) this.#transit(link, other);
      }
    }
  }

  /** One pair, over the nodes and forwarders that its line allows. */
  addWithin(from: number, to: number, line: MeasuredPath): void {
    const { tunnels, nodes } = this.#topology;
    const { sender } = this.#routing;
    const isAllowed = (name: string): boolean =>
      !line.avoid.includes(name) && (line.via === undefined || line.via.includes(name));
    const mostHops = line.maxHops ?? Infinity;
    const used = (link: LinkIndex): boolean => {
      const [start, end] = [sender(link), sender(link ^ 1)];
      const hops = 1 + Number(start !== from) + Number(end !== to);
      return (
        hops <= mostHops &&
        start !== to &&
        end !== from &&
        (start === from || isAllowed(nodes[start]!.name)) &&
        (end === to || isAllowed(nodes[end]!.name)) &&
        mayRunOver(tunnels[link >> 1]!, line)
      );
    };
    for (const [node, leaving] of this.#leaving.entries()) {
      const onward = leaving.filter(used);
      for (const link of onward) {
        this.sent.add(link, to);
        this.arriving.add(link ^ 1, from);
      }
      if (node === from) continue;
      for (const enter of leaving.filter((link) => used(link ^ 1)))
        for (const leave of onward) if (leave !== enter) this.#transit(enter, leave);
    }
  }

  #transit(enter: LinkIndex, leave: LinkIndex): void {
    const known = this.transits.get(enter);
    if (known === undefined) this.transits.set(enter, new Set([leave]));
    else known.add(leave);
  }
}
