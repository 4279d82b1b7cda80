// What each direction took over time, beside what would have been best and what its direct way did.
import { begin, choose, wayOf } from "../core/choose/choose.ts";
import { linkCostMs, type LinkQuality } from "../core/measure/cost.ts";
import type { LinkIndex } from "../core/route.ts";
import type { Plan } from "../core/plan.ts";
import type { Simulation } from "./simulation.ts";
import type { Underlay } from "./underlay.ts";

/** Costs are what choosing compares: delay, jitter and loss in one number, ms. */
export interface DirectionLedger {
  readonly from: string;
  readonly to: string;
  /** The longest taken first. */
  readonly taken: readonly { readonly links: readonly LinkIndex[]; readonly share: number }[];
  /** Means over the time in which there was a living way at all. */
  readonly delayMs: number;
  readonly bestDelayMs: number;
  /** Absent: there is no direct tunnel, or it was dead throughout. */
  readonly directDelayMs?: number;
  /** By how much dearer than the best way at each moment. */
  readonly excessMs: number;
  /** Time in which packets were lost though some way lived, ms. */
  readonly outageMs: number;
  readonly moves: number;
}

interface Entry {
  readonly from: number;
  readonly to: number;
  readonly direct: LinkIndex;
  readonly taken: Map<string, { readonly links: readonly LinkIndex[]; ms: number }>;
  last: string | undefined;
  moves: number;
  livedMs: number;
  flownMs: number;
  delay: number;
  best: number;
  excess: number;
  directMs: number;
  directDelay: number;
  outageMs: number;
}

const NO_PATIENCE = { gainMs: 0.1, sustainMs: 0, dwellMs: 0 };

export class Ledger {
  readonly #plan: Pick<Plan, "spec" | "routing">;
  readonly #simulation: Simulation;
  readonly #underlay: Underlay;
  readonly #entries: Entry[];
  /** Ways of the best at this state of the underlay. */
  #best: (entry: Entry) => readonly LinkIndex[] = () => [];
  loops = 0;

  constructor(plan: Pick<Plan, "spec" | "routing">, simulation: Simulation, underlay: Underlay) {
    this.#plan = plan;
    this.#simulation = simulation;
    this.#underlay = underlay;
    const size = simulation.links.names.length;
    this.#entries = Array.from(plan.routing.lines, ([pair, line]): Entry[] => {
      if (line.kind !== "measured") return [];
      const [from, to] = [Math.floor(pair / size), pair % size];
      const { outgoing, receivers } = simulation.links;
      const direct = outgoing[from]!.find((link) => receivers[link] === to) ?? -1;
      const sums = {
        livedMs: 0,
        flownMs: 0,
        delay: 0,
        best: 0,
        excess: 0,
        directMs: 0,
        directDelay: 0,
        outageMs: 0,
      };
      return [{ from, to, direct, taken: new Map(), last: undefined, moves: 0, ...sums }];
    }).flat();
  }

  /** The underlay is another now. */
  changed(): void {
    const { network, links } = this.#simulation;
    const { lossWeightMs } = this.#plan.spec.choose;
    const costs = Float64Array.from(links.senders, (_, link) => {
      const quality = this.#underlay.quality(link);
      return quality.loss === 1 ? Infinity : linkCostMs(quality, lossWeightMs);
    });
    const quality = (link: LinkIndex): LinkQuality => this.#underlay.quality(link);
    const view = { costs, quality, closed: new Set<number>(), patience: NO_PATIENCE };
    let { state } = choose(network, begin(network), view, 0);
    // What has a link that is dead moves at once; the rest when it has been better for no time.
    for (const nowMs of [1, 2]) ({ state } = choose(network, state, view, nowMs));
    const size = links.names.length;
    this.#best = ({ from, to }) => wayOf(network, state, from * size + to);
  }

  /** Adds the last so many ms, as all is at their end. */
  look(ms: number): void {
    for (const entry of this.#entries) {
      const best = this.#quality(this.#best(entry));
      if (best === undefined || best.loss === 1) continue;
      entry.livedMs += ms;
      const { kind, links } = this.#simulation.journey(entry.from, entry.to);
      if (kind === "looped") this.loops++;
      const quality = kind === "arrived" ? this.#quality(links) : undefined;
      if (entry.direct !== -1) {
        const direct = this.#underlay.quality(entry.direct);
        if (direct.loss < 1)
          [entry.directMs, entry.directDelay] = [
            entry.directMs + ms,
            entry.directDelay + ms * direct.delayMs,
          ];
      }
      if (quality === undefined || quality.loss === 1) {
        entry.outageMs += ms;
        continue;
      }
      const { lossWeightMs } = this.#plan.spec.choose;
      entry.flownMs += ms;
      entry.delay += ms * quality.delayMs;
      entry.best += ms * best.delayMs;
      entry.excess += ms * Math.max(0, linkCostMs(quality, lossWeightMs) - linkCostMs(best, lossWeightMs));
      const key = links.join();
      const taken = entry.taken.get(key) ?? { links, ms: 0 };
      taken.ms += ms;
      entry.taken.set(key, taken);
      if (entry.last !== undefined && entry.last !== key) entry.moves++;
      entry.last = key;
    }
  }

  directions(): DirectionLedger[] {
    const { names } = this.#simulation.links;
    return this.#entries.map((entry) => ({
      from: names[entry.from]!,
      to: names[entry.to]!,
      taken: Array.from(entry.taken.values(), ({ links, ms }) => ({ links, share: ms / entry.livedMs })).sort(
        (x, y) => y.share - x.share,
      ),
      delayMs: entry.delay / entry.flownMs,
      bestDelayMs: entry.best / entry.flownMs,
      ...(entry.directMs > 0 && { directDelayMs: entry.directDelay / entry.directMs }),
      excessMs: entry.excess / entry.flownMs,
      outageMs: entry.outageMs,
      moves: entry.moves,
    }));
  }

  /** Along a way; undefined: there is none. */
  #quality(links: readonly LinkIndex[]): LinkQuality | undefined {
    if (links.length === 0) return undefined;
    const all = links.map((link) => this.#underlay.quality(link));
    return {
      delayMs: all.reduce((sum, { delayMs }) => sum + delayMs, 0),
      jitterMs: all.reduce((sum, { jitterMs }) => sum + jitterMs, 0),
      loss: 1 - all.reduce((through, { loss }) => through * (1 - loss), 1),
    };
  }
}
