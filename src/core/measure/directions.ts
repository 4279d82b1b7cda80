// What each direction of the plan gets, and the best that it could get over the tunnels that are there.
import { WORTHWHILE_MS } from "../choose/defaults.ts";
import { graphOf, type Graph } from "../choose/graph.ts";
import { limitsOfLine, waysTo } from "../choose/limited.ts";
import type { PairKey } from "../lines.ts";
import type { Plan } from "../plan.ts";
import { isLimited, type LinkIndex } from "../route.ts";
import type { PathSpec } from "../spec.ts";
import type { Measurement, PathFigures } from "./measurement.ts";

export interface Way {
  /** Node names, both ends included. */
  readonly path: readonly string[];
  /** Tunnel ids, one a hop. */
  readonly tunnels: readonly string[];
  /** Absent: a tunnel on the way gave nothing. */
  readonly figures?: PathFigures;
}

export interface DirectionFigures {
  readonly from: string;
  readonly to: string;
  readonly named: boolean;
  /** As the plan has it; absent: it has no path. */
  readonly planned?: Way;
  /** The cheapest of all that the tunnels and the line's limits allow; absent: nothing leads there. */
  readonly best?: Way & { readonly figures: PathFigures };
  /** What the best would bring; absent when one of the two is, or when it is the planned one. */
  readonly gain?: Gain;
}

/** Above 0 the best is better. Exact whatever the clocks: both paths have the same two ends. */
export interface Gain {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Share of packets. */
  readonly loss: number;
  readonly costMs: number;
  /** Enough to be worth a change. */
  readonly worthwhile: boolean;
}

/** Figures of ordered pairs of node indices, as `from * nodes + to`, in their order. */
export function directionFigures(
  plan: Plan,
  measurement: Measurement,
  pairs: readonly PairKey[],
): DirectionFigures[] {
  const search = new Search(plan, measurement);
  return pairs.map((key) => {
    const [from, to] = [Math.floor(key / search.size), key % search.size];
    const line = plan.routing.lines.get(key);
    const planned = search.way(plan.routing.path(from, to));
    const best = search.way(search.best(from, to, line));
    const base = { from: search.name(from), to: search.name(to), named: line !== undefined };
    return {
      ...base,
      ...(planned && { planned }),
      ...(best?.figures && { best: { ...best, figures: best.figures } }),
      ...gainOf(planned, best),
    };
  });
}

function gainOf(planned: Way | undefined, best: Way | undefined): { readonly gain?: Gain } {
  const [was, is] = [planned?.figures, best?.figures];
  if (was === undefined || is === undefined || planned?.tunnels.join() === best?.tunnels.join()) return {};
  const costMs = was.costMs - is.costMs;
  const gain = {
    delayMs: was.comparableMs - is.comparableMs,
    jitterMs: was.jitterMs - is.jitterMs,
    loss: was.loss - is.loss,
    costMs,
    worthwhile: costMs >= WORTHWHILE_MS,
  };
  return { gain };
}

/** The cheapest paths, looked for once a destination where lines set no limits. */
class Search {
  readonly size: number;
  readonly #plan: Plan;
  readonly #measurement: Measurement;
  readonly #graph: Graph;
  readonly #costs: Float64Array;
  /** By destination, then by node. */
  readonly #unlimited = new Map<number, LinkIndex[][]>();

  constructor(plan: Plan, measurement: Measurement) {
    this.size = plan.routing.nodes;
    this.#plan = plan;
    this.#measurement = measurement;
    this.#graph = graphOf(plan.topology);
    // With the guessed offsets taken off, raw delays cannot be negative (Johnson's potentials) but by what drift may be
    // wrong by, and paths with the same two ends keep their order.
    this.#costs = Float64Array.from(measurement.links, (_, link) =>
      Math.max(0, measurement.path([link])?.costMs ?? Infinity),
    );
  }

  name(node: number): string {
    return this.#plan.topology.nodes[node]!.name;
  }

  best(from: number, to: number, line: PathSpec | undefined): readonly LinkIndex[] {
    if (line?.kind === "measured" && isLimited(line))
      return waysTo(this.#graph, this.#costs, to, limitsOfLine(this.#plan.topology, line))[from]!;
    const known = this.#unlimited.get(to) ?? waysTo(this.#graph, this.#costs, to);
    this.#unlimited.set(to, known);
    return known[from]!;
  }

  way(links: readonly LinkIndex[]): Way | undefined {
    const [first] = links;
    if (first === undefined) return undefined;
    const { sender } = this.#plan.routing;
    const figures = this.#measurement.path(links);
    return {
      path: [this.name(sender(first)), ...links.map((link) => this.name(sender(link ^ 1)))],
      tunnels: links.map((link) => this.#plan.topology.tunnels[link >> 1]!.id),
      ...(figures && { figures }),
    };
  }
}
