// What the underlay of a lab file does to the packets of each link: delay, jitter and loss, one after the other over a forwarder.
import type { LinkQuality } from "../core/measure/cost.ts";
import type { LinkIndex } from "../core/route.ts";
import type { Topology } from "../core/topology.ts";
import type { Impairment } from "../lab/impairment.ts";
import { directionText, type Direction, type LabFile } from "../lab/lab-file.ts";
import { underlayWays } from "../lab/ways.ts";

/** Delays vary evenly by up to the jitter either way: p95 - p50 of that. */
const P95 = 0.9;

export class Underlay {
  /** By link, the places of its directions in `#impairments`. */
  readonly #ways: readonly (readonly number[])[];
  readonly #places = new Map<string, number>();
  readonly #impairments: Impairment[] = [];
  readonly #fallback: Impairment;
  #changes = 0;

  constructor(topology: Topology, lab: Pick<LabFile, "links" | "fallback">) {
    this.#fallback = lab.fallback;
    for (const { impairment, ...direction } of lab.links)
      this.#impairments[this.#place(direction)] = impairment;
    this.#ways = underlayWays(topology).map((way) => way.map((each) => this.#place(each)));
  }

  of(direction: Direction): Impairment {
    return this.#impairments[this.#place(direction)]!;
  }

  /** The rest of the impairment stays. */
  set(direction: Direction, change: Partial<Impairment>): void {
    const place = this.#place(direction);
    this.#impairments[place] = { ...this.#impairments[place]!, ...change };
    this.#changes++;
  }

  /** Counts up: as long as it is the same all is. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether nothing comes through a link. */
  isDead(link: LinkIndex): boolean {
    return this.#ways[link]!.some((place) => this.#impairments[place]!.lossPercent === 100);
  }

  /** How long a packet takes over a link, ms; undefined: it is lost. */
  carry(link: LinkIndex, random: () => number): number | undefined {
    let ms = 0;
    for (const place of this.#ways[link]!) {
      const { delayMs, jitterMs, lossPercent } = this.#impairments[place]!;
      if (lossPercent > 0 && random() * 100 < lossPercent) return undefined;
      ms += jitterMs === 0 ? delayMs : Math.max(0, delayMs + (2 * random() - 1) * jitterMs);
    }
    return ms;
  }

  /** What measuring for ever would find. */
  quality(link: LinkIndex): LinkQuality {
    const hops = this.#ways[link]!.map((place) => this.#impairments[place]!);
    return {
      delayMs: hops.reduce((sum, { delayMs }) => sum + delayMs, 0),
      jitterMs: P95 * Math.hypot(...hops.map(({ jitterMs }) => jitterMs)),
      loss: 1 - hops.reduce((through, { lossPercent }) => through * (1 - lossPercent / 100), 1),
    };
  }

  #place(direction: Direction): number {
    const key = directionText(direction);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.#impairments.length);
    return this.#impairments.push(this.#fallback) - 1;
  }
}
