// What the controller knows of all links: the receivers' reports as costs, no older than they may be.
import type { LinkCosts } from "../choose/graph.ts";
import { estimateLoss } from "../choose/loss.ts";
import { linkCostMs, type LinkQuality } from "../measure/cost.ts";
import type { LinkIndex } from "../route.ts";
import type { Links } from "./links.ts";
import type { LinkReport } from "./messages.ts";

/** An agent reports every second. */
const STALE_MS = 4_000;

interface Known {
  readonly atMs: number;
  readonly report: LinkReport;
  /** Of the receiver, when it measured. */
  readonly receiverLife: number;
}

export class LinkTable {
  readonly #links: Links;
  readonly #lossWeightMs: number;
  readonly #known = new Map<LinkIndex, Known>();
  // Of all links, kept up with every report: a thousand nodes have a million, and are asked four times a second.
  readonly #costs: Float64Array;
  readonly #atMs: Float64Array;
  /** By node: the life that its clock is of. */
  readonly #lives = new Map<number, number>();

  constructor(links: Links, lossWeightMs: number) {
    this.#links = links;
    this.#lossWeightMs = lossWeightMs;
    this.#costs = new Float64Array(links.senders.length).fill(NaN);
    this.#atMs = new Float64Array(links.senders.length).fill(-Infinity);
  }

  /** A node has begun a new life: what was measured on its clock before says nothing now. */
  joined(node: number, life: number): void {
    if (this.#lives.get(node) === life) return;
    this.#lives.set(node, life);
    for (const link of this.#links.outgoing[node]!) this.#renew(link);
    for (const link of this.#links.incoming[node]!) this.#renew(link);
  }

  /** What `node` reports of links that it receives; of others it cannot know. */
  report(node: number, reports: readonly LinkReport[], nowMs: number): void {
    const receiverLife = this.#lives.get(node);
    if (receiverLife === undefined) return;
    for (const report of reports) {
      if (this.#links.receivers[report.link] !== node) continue;
      this.#known.set(report.link, { atMs: nowMs, report, receiverLife });
      this.#renew(report.link);
    }
  }

  /** Undefined: nothing that can be compared with the rest. */
  quality(link: LinkIndex, nowMs: number): LinkQuality | undefined {
    const report = this.latest(link, nowMs);
    if (report === undefined) return undefined;
    const { rawMs, jitterMs, losses } = report;
    return { delayMs: rawMs, jitterMs, loss: estimateLoss(losses) };
  }

  /** What the receiver said last. Undefined: it is too old, or of clocks that are no more. */
  latest(link: LinkIndex, nowMs: number): LinkReport | undefined {
    const known = this.#known.get(link);
    if (known === undefined || nowMs - known.atMs > STALE_MS) return undefined;
    const { senders, receivers } = this.#links;
    if (known.report.life !== this.#lives.get(senders[link]!)) return undefined;
    if (known.receiverLife !== this.#lives.get(receivers[link]!)) return undefined;
    return known.report;
  }

  /** Infinity where it is down, NaN where nothing is known. */
  costs(down: ReadonlySet<LinkIndex>, nowMs: number): LinkCosts {
    const [costs, atMs] = [this.#costs.slice(), this.#atMs];
    for (let link = 0; link < costs.length; link++) if (nowMs - atMs[link]! > STALE_MS) costs[link] = NaN;
    for (const link of down) costs[link] = Infinity;
    return costs;
  }

  #renew(link: LinkIndex): void {
    const known = this.#known.get(link);
    if (known === undefined) return;
    const quality = this.quality(link, known.atMs);
    this.#costs[link] = quality === undefined ? NaN : linkCostMs(quality, this.#lossWeightMs);
    this.#atMs[link] = known.atMs;
  }
}
