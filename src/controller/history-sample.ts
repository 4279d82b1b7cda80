// A second of the network as the controller knows it: what goes into the history.
import type { Controller } from "../core/agent/controller.ts";
import type { Links } from "../core/agent/links.ts";
import { wayOf } from "../core/choose/choose.ts";
import type { Network } from "../core/choose/network.ts";
import type { PairKey } from "../core/lines.ts";
import type { DelayInterval } from "../core/measure/measurement.ts";
import { oneWayDelays } from "../core/measure/one-way.ts";
import type { LinkIndex } from "../core/route.ts";
import { encodeLink, encodePair, type LinkFigures, type PairFigures } from "./history-columns.ts";
import type { Layout, Sample } from "./history-store.ts";
import type { DelayBand } from "./history-types.ts";

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

/** In the order of the layout. */
interface Figures {
  readonly links: readonly LinkFigures[];
  readonly pairs: readonly (PairFigures & { readonly hops: number })[];
}

export class Sampler {
  readonly #options: SampledNetwork;
  /** By measured pair: the link of its direct tunnel. */
  readonly #direct: readonly (LinkIndex | undefined)[];
  readonly #paths = new Map<number, string>();
  readonly layout: Layout;
  #count = 0;
  #latest: Figures = { links: [], pairs: [] };

  constructor(options: SampledNetwork) {
    this.#options = options;
    const { links, tunnels, measured } = options;
    const { names, senders, receivers, outgoing } = links;
    const ends = (pair: PairKey) => [Math.floor(pair / names.length), pair % names.length] as const;
    this.layout = {
      links: Array.from(senders, (sender, link) => ({ tunnel: tunnels[link >> 1]!, from: names[sender]! })),
      pairs: measured.map((pair) => {
        const [from, to] = ends(pair);
        return { from: names[from]!, to: names[to]! };
      }),
    };
    this.#direct = measured.map((pair) => {
      const [from, to] = ends(pair);
      // One over a forwarder has its name behind that of the tunnel: the shortest is the plain one.
      const between = outgoing[from]!.filter((link) => receivers[link] === to);
      return between.sort((x, y) => tunnels[x >> 1]!.length - tunnels[y >> 1]!.length)[0];
    });
  }

  /** Of the last sample. */
  get latest(): Figures {
    return this.#latest;
  }

  /** Undefined: not this second. `nowMs` is on the controller's clock, `atMs` since 1970. */
  sample(core: Controller, nowMs: number, atMs: number): Sample | undefined {
    const { links, network, measured } = this.#options;
    const { names, senders, receivers } = links;
    const period = Math.ceil((names.length / EVERY_SECOND) ** 3);
    if (this.#count++ % period !== 0) return undefined;
    const down = core.down();
    const reports = Array.from(senders, (_, link) => (down.has(link) ? undefined : core.report(link, nowMs)));
    const delayOf = oneWayDelays(
      names.length,
      reports.map((each, link) => each && { ...each, from: senders[link]!, to: receivers[link]! }),
    );
    const lossOf = (link: LinkIndex): number | undefined => {
      if (down.has(link)) return 1;
      const window = reports[link]?.losses[LOSS_WINDOW];
      return window === undefined || window.sent === 0 ? undefined : window.lost / window.sent;
    };
    const linkFigures = Array.from(senders, (_, link): LinkFigures => {
      const [delay, loss] = [delayOf([link]), lossOf(link)];
      return {
        ...(delay && { delayMs: bandOf(delay) }),
        ...(reports[link] && { jitterMs: reports[link].jitterMs }),
        ...(loss !== undefined && { loss }),
        isDown: down.has(link),
      };
    });
    const paths: [number, string[]][] = [];
    const pairFigures = measured.map((pair, index) => {
      const way = wayOf(network, core.state, pair);
      const path = pathOf(links, way);
      if (this.#paths.get(index) !== path.join()) paths.push([index, path]);
      this.#paths.set(index, path.join());
      const direct = this.#direct[index];
      const [delay, directDelay] = [delayOf(way), direct === undefined ? undefined : delayOf([direct])];
      const losses = way.map(lossOf);
      const isKnown = way.length > 0 && !losses.includes(undefined);
      const directLoss = direct === undefined ? undefined : lossOf(direct);
      return {
        hops: way.length,
        ...(delay && { delayMs: bandOf(delay) }),
        ...(isKnown && { loss: 1 - losses.reduce<number>((arriving, loss) => arriving * (1 - loss!), 1) }),
        ...(directDelay && { directDelayMs: bandOf(directDelay) }),
        ...(directLoss !== undefined && { directLoss }),
      };
    });
    this.#latest = { links: linkFigures, pairs: pairFigures };
    const figures = [...linkFigures.map(encodeLink), ...pairFigures.map(encodePair)];
    return { atMs, figures: Uint16Array.from(figures.flat()), paths };
  }
}

const bandOf = ({ lowestMs, highestMs, guessMs }: DelayInterval): DelayBand => ({
  low: lowestMs,
  typical: guessMs,
  high: highestMs,
});

/** Node names; empty: no way. */
export function pathOf({ names, senders, receivers }: Links, way: readonly LinkIndex[]): string[] {
  const [first] = way;
  if (first === undefined) return [];
  return [names[senders[first]!]!, ...way.map((link) => names[receivers[link]!]!)];
}
