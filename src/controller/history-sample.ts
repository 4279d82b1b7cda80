// A second of the network as the controller knows it, raw: what figures for the history are made of.
import type { Controller } from "../core/agent/controller.ts";
import type { Links } from "../core/agent/links.ts";
import { wayOf } from "../core/choose/choose.ts";
import type { Network } from "../core/choose/network.ts";
import type { PairKey } from "../core/lines.ts";
import type { LinkIndex } from "../core/route.ts";
import { REPORT, type Sampled, type Snapshot } from "./history-figures.ts";

export interface SampledNetwork {
  readonly links: Links;
  readonly network: Network;
  /** Ids, by index. */
  readonly tunnels: readonly string[];
  /** That lines measure. */
  readonly measured: readonly PairKey[];
}

/** With more nodes clocks are compared less often than every second: all of them with all costs the third power. */
const EVERY_SECOND = 64;
/** Of the loss windows of a report the shortest: its packets are counted in two seconds, not in sixty. */
const LOSS_WINDOW = 0;

export class Sampler {
  readonly #options: SampledNetwork;
  readonly #ways: (readonly LinkIndex[] | undefined)[];
  readonly sampled: Sampled;
  #count = 0;

  constructor(options: SampledNetwork) {
    this.#options = options;
    const { links, tunnels, measured } = options;
    const { names, senders, receivers } = links;
    this.sampled = {
      names,
      senders,
      receivers,
      tunnels,
      pairs: measured.map((pair) => {
        const [from, to] = [Math.floor(pair / names.length), pair % names.length];
        return { from, to, direct: directLink(options, from, to) };
      }),
    };
    this.#ways = measured.map(() => undefined);
  }

  /** By measured pair, as of the last sample. */
  get hops(): readonly number[] {
    return this.#ways.map((way) => way?.length ?? 0);
  }

  /** Undefined: not this second. `nowMs` is on the controller's clock, `atMs` since 1970. */
  sample(core: Controller, nowMs: number, atMs: number): Snapshot | undefined {
    const { links, network, measured } = this.#options;
    const period = Math.ceil((links.names.length / EVERY_SECOND) ** 3);
    if (this.#count++ % period !== 0) return undefined;
    const size = links.senders.length;
    const [reports, down] = [new Float64Array(REPORT * size).fill(NaN), new Uint8Array(size)];
    for (const link of core.down()) down[link] = 1;
    for (let link = 0; link < size; link++) {
      const report = down[link] === 1 ? undefined : core.report(link, nowMs);
      if (report === undefined) continue;
      const window = report.losses[LOSS_WINDOW];
      // NaN of none.
      const loss = window === undefined ? NaN : window.lost / window.sent;
      reports.set([report.rawMs, report.boundMs, report.jitterMs, loss], REPORT * link);
    }
    const ways: [number, readonly LinkIndex[]][] = [];
    measured.forEach((pair, index) => {
      const way = wayOf(network, core.state, pair);
      if (this.#ways[index]?.join() === way.join()) return;
      ways.push([index, way]);
      this.#ways[index] = way;
    });
    return { atMs, reports, down, ways };
  }
}

/** Of several tunnels the one over no forwarder or uplink, whose name stands behind the two nodes' in an id. */
function directLink({ links, tunnels }: SampledNetwork, from: number, to: number): LinkIndex {
  const between = links.outgoing[from]!.filter((link) => links.receivers[link] === to);
  const [first] = between.sort((x, y) => tunnels[x >> 1]!.length - tunnels[y >> 1]!.length);
  return first ?? -1;
}
