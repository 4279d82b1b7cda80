// What the underlay of a lab file does to the packets of each link: delay, jitter and loss, one after the other over a forwarder.
import type { LinkQuality } from "../core/measure/cost.ts";
import type { LinkIndex } from "../core/route.ts";
import type { Topology } from "../core/topology.ts";
import type { Impairment } from "../lab/impairment.ts";
import type { Direction, LabFile } from "../lab/lab-file.ts";
import { underlayWays } from "../lab/ways.ts";

/** Delays vary evenly by up to the jitter either way: p95 - p50 of that. */
const P95 = 0.9;

export class Underlay {
  /** By link, its directions of the underlay. */
  readonly #ways: readonly (readonly string[])[];
  readonly #impairments = new Map<string, Impairment>();
  readonly #fallback: Impairment;

  constructor(topology: Topology, lab: Pick<LabFile, "links" | "fallback">) {
    this.#fallback = lab.fallback;
    for (const { impairment, ...direction } of lab.links) this.#impairments.set(keyOf(direction), impairment);
    this.#ways = underlayWays(topology).map((way) => way.map(keyOf));
  }

  of(direction: Direction): Impairment {
    return this.#of(keyOf(direction));
  }

  /** The rest of the impairment stays. */
  set(direction: Direction, change: Partial<Impairment>): void {
    this.#impairments.set(keyOf(direction), { ...this.#of(keyOf(direction)), ...change });
  }

  /** How long a packet takes over a link, ms; undefined: it is lost. */
  carry(link: LinkIndex, random: () => number): number | undefined {
    let ms = 0;
    for (const key of this.#ways[link]!) {
      const { delayMs, jitterMs, lossPercent } = this.#of(key);
      if (lossPercent > 0 && random() * 100 < lossPercent) return undefined;
      ms += jitterMs === 0 ? delayMs : Math.max(0, delayMs + (2 * random() - 1) * jitterMs);
    }
    return ms;
  }

  /** What measuring for ever would find. */
  quality(link: LinkIndex): LinkQuality {
    const hops = this.#ways[link]!.map((key) => this.#of(key));
    return {
      delayMs: hops.reduce((sum, { delayMs }) => sum + delayMs, 0),
      jitterMs: P95 * Math.hypot(...hops.map(({ jitterMs }) => jitterMs)),
      loss: 1 - hops.reduce((through, { lossPercent }) => through * (1 - lossPercent / 100), 1),
    };
  }

  #of(key: string): Impairment {
    return this.#impairments.get(key) ?? this.#fallback;
  }
}

const keyOf = ({ from, to, over = "" }: Direction): string => `${from} ${to} ${over}`;
