// Relays that have carried enough: chosen paths keep off them, for a while or until the month is over.
import type { LinkCosts } from "../choose/graph.ts";
import type { CarriesSpec } from "../spec.ts";
import type { Links } from "./links.ts";
import type { Carried } from "./meter.ts";

export interface Closed {
  readonly node: number;
  readonly why: "rate" | "month";
  /** Somebody would be cut off without it: it is used all the same. */
  readonly isNeeded: boolean;
}

interface Relay {
  carried?: Carried;
  /** By rate, until then, ms. */
  untilMs: number;
  /** How long it was the last time; 0: never, or it has held since. */
  pauseMs: number;
}

/** What comes back at once if it is let, must not come back often. */
const PAUSE_MS = 10 * 60_000;
const MOST_MS = 24 * 3_600_000;

export class Quota {
  readonly #links: Links;
  readonly #relays: ReadonlyMap<number, Relay>;
  readonly #limits: ReadonlyMap<number, CarriesSpec>;

  /** `nodes` in the order of `links`. */
  constructor(links: Links, nodes: readonly { readonly carries?: CarriesSpec }[]) {
    this.#links = links;
    this.#limits = new Map(
      nodes.flatMap(({ carries }, node) =>
        carries?.rateBps === undefined && carries?.monthBytes === undefined ? [] : [[node, carries] as const],
      ),
    );
    this.#relays = new Map(
      Array.from(this.#limits.keys(), (node) => [node, { untilMs: -Infinity, pauseMs: 0 }]),
    );
  }

  /** What a node says that it carries. */
  report(node: number, carried: Carried, nowMs: number): void {
    const relay = this.#relays.get(node);
    if (relay === undefined) return;
    relay.carried = carried;
    const most = this.#limits.get(node)!.rateBps;
    if (most === undefined || nowMs < relay.untilMs) return;
    // It has held for as long as it was closed: the next time is a first one.
    if (nowMs - relay.untilMs >= relay.pauseMs) relay.pauseMs = 0;
    if (carried.bps <= most) return;
    relay.pauseMs = Math.min(MOST_MS, relay.pauseMs === 0 ? PAUSE_MS : relay.pauseMs * 2);
    relay.untilMs = nowMs + relay.pauseMs;
  }

  /** In the order of nodes. Infinite costs are links that are down. */
  closed(costs: LinkCosts, nowMs: number): Closed[] {
    const found: Closed[] = [];
    const shut = new Set<number>();
    for (const [node, { carried, untilMs }] of this.#relays) {
      const month = this.#limits.get(node)!.monthBytes;
      const isOver = month !== undefined && (carried?.monthBytes ?? 0) >= month;
      if (!isOver && nowMs >= untilMs) continue;
      shut.add(node);
      const isNeeded = !this.#reachesAll(shut, costs);
      if (isNeeded) shut.delete(node);
      found.push({ node, why: isOver ? "month" : "rate", isNeeded });
    }
    return found;
  }

  /** Whether every node that lives still has a way to every other, passing none of these. When in doubt: no. */
  #reachesAll(shut: ReadonlySet<number>, costs: LinkCosts): boolean {
    const { names, outgoing, incoming, senders, receivers } = this.#links;
    const lives = (link: number): boolean => costs[link] !== Infinity;
    const isThere = names.map((_, node) => outgoing[node]!.some(lives) && incoming[node]!.some(lives));
    const open = names.flatMap((_, node) => (isThere[node] && !shut.has(node) ? [node] : []));
    const [start] = open;
    if (start === undefined) return false;
    const walk = (links: Links["outgoing"], end: Int32Array): Set<number> => {
      const seen = new Set([start]);
      // A set is walked in the order of its growing.
      for (const node of seen)
        if (!shut.has(node)) for (const link of links[node]!) if (lives(link)) seen.add(end[link]!);
      return seen;
    };
    const [there, back] = [walk(outgoing, receivers), walk(incoming, senders)];
    return isThere.every((alive, node) => !alive || (there.has(node) && back.has(node)));
  }
}
