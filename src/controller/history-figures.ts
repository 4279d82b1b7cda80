// From what the controller knows in a second to figures of every link and measured pair. In the writing thread: to compare
// all clocks takes longer than an agent may be held up.
import type { DelayInterval } from "../core/measure/measurement.ts";
import { oneWayDelays, type OneWayReport } from "../core/measure/one-way.ts";
import type { LinkIndex } from "../core/route.ts";
import { nameInId } from "../core/tunnels.ts";
import { encodeLink, encodePair, type LinkFigures, type PairFigures } from "./history-columns.ts";
import type { Layout, Sample } from "./history-store.ts";
import type { DelayBand } from "./history-types.ts";

/** What is sampled. Goes from thread to thread. */
export interface Sampled {
  readonly names: readonly string[];
  /** By link: node indices. */
  readonly senders: Int32Array;
  readonly receivers: Int32Array;
  /** Ids, by tunnel index. */
  readonly tunnels: readonly string[];
  readonly pairs: readonly SampledPair[];
}

interface SampledPair {
  readonly from: number;
  readonly to: number;
  /** The link of its direct tunnel; -1: there is none. */
  readonly direct: LinkIndex;
}

export interface Snapshot {
  readonly atMs: number;
  /** `REPORT` numbers for each link, NaN where nothing is known. */
  readonly reports: Float64Array;
  /** By link: 1 when it is down. */
  readonly down: Uint8Array;
  /** By pair, those that have changed since the snapshot before. */
  readonly ways: readonly (readonly [number, readonly LinkIndex[]])[];
}

/** `rawMs`, `boundMs`, `jitterMs` and the loss. */
export const REPORT = 4;

export const layoutOf = ({ names, senders, tunnels, pairs }: Sampled): Layout => ({
  links: Array.from(senders, (sender, link) => ({ tunnel: tunnels[link >> 1]!, from: names[sender]! })),
  pairs: pairs.map(({ from, to }) => ({ from: names[from]!, to: names[to]! })),
});

export class Figures {
  readonly #sampled: Sampled;
  /** By pair. */
  readonly #ways: (readonly LinkIndex[])[];

  constructor(sampled: Sampled) {
    this.#sampled = sampled;
    this.#ways = sampled.pairs.map(() => []);
  }

  of({ atMs, reports, down, ways }: Snapshot): Sample {
    const { names, senders, receivers, pairs } = this.#sampled;
    for (const [pair, way] of ways) this.#ways[pair] = way;
    const known = Array.from(senders, (from, link): OneWayReport | undefined => {
      const [rawMs, boundMs] = [reports[REPORT * link]!, reports[REPORT * link + 1]!];
      return Number.isNaN(rawMs) ? undefined : { from, to: receivers[link]!, rawMs, boundMs };
    });
    const delayOf = oneWayDelays(names.length, known);
    const lossOf = (link: LinkIndex): number => (down[link] === 1 ? 1 : reports[REPORT * link + 3]!);
    const links = Array.from(senders, (_, link): LinkFigures => {
      const [jitterMs, loss] = [reports[REPORT * link + 2]!, lossOf(link)];
      return { ...delay("delayMs", delayOf([link])), jitterMs, loss, isDown: down[link] === 1 };
    });
    const pairFigures = pairs.map(({ direct }, pair): PairFigures => {
      const way = this.#ways[pair]!;
      const arriving = way.reduce((share, link) => share * (1 - lossOf(link)), 1);
      return {
        ...delay("delayMs", delayOf(way)),
        loss: way.length === 0 ? NaN : 1 - arriving,
        ...(direct !== -1 && { ...delay("directDelayMs", delayOf([direct])), directLoss: lossOf(direct) }),
      };
    });
    const figures = new Uint16Array([...links.map(encodeLink), ...pairFigures.map(encodePair)].flat());
    return { atMs, figures, paths: ways.map(([pair, way]) => [pair, pathOf(this.#sampled, way)] as const) };
  }
}

const delay = <Key extends string>(
  key: Key,
  interval: DelayInterval | undefined,
): { [K in Key]?: DelayBand } =>
  interval === undefined
    ? {}
    : ({
        [key]: { low: interval.lowestMs, typical: interval.guessMs, high: interval.highestMs },
      } as { [K in Key]: DelayBand });

/** Node names, and between two of them `[x]` where the tunnel is over `x`, a forwarder or uplink; empty: no way. */
export function pathOf(
  { names, senders, receivers, tunnels }: Pick<Sampled, "names" | "senders" | "receivers" | "tunnels">,
  way: readonly LinkIndex[],
): string[] {
  const [first] = way;
  if (first === undefined) return [];
  return [
    names[senders[first]!]!,
    ...way.flatMap((link) => {
      const over = nameInId(tunnels[link >> 1]!);
      return [...(over === undefined ? [] : [`[${over}]`]), names[receivers[link]!]!];
    }),
  ];
}

/** The nodes of such a path: no node's name has a bracket. */
export const nodesOf = (path: readonly string[]): string[] => path.filter((each) => !each.startsWith("["));
