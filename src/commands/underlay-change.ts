// What is supposed of links of the overlay, as changes of the underlay that they lie on.
import type { Supposition } from "../controller/wire.ts";
import type { Topology } from "../core/topology.ts";
import { LARGEST_DELAY_MS, type Impairment } from "../lab/impairment.ts";
import { directionText, type Direction } from "../lab/lab-file.ts";
import { underlayWays } from "../lab/ways.ts";

/** What a page may change of an underlay. */
export type Qualities = Pick<Impairment, "delayMs" | "lossPercent">;

export interface UnderlayChange {
  readonly direction: Direction;
  readonly is: Qualities;
}

/**
 * `now` says what a direction does at present. Over a forwarder a link has two directions: it is the first that loses. Throws when a
 * link or node is not there.
 */
export function underlayChanges(
  topology: Pick<Topology, "tunnels" | "forwarders">,
  { links, nodes }: Supposition,
  now: (direction: Direction) => Qualities | undefined,
): UnderlayChange[] {
  const changes = new Map<string, UnderlayChange>();
  const change = (direction: Direction, turn: (was: Qualities) => Qualities): void => {
    const key = directionText(direction);
    const was = changes.get(key)?.is ?? now(direction);
    if (was === undefined) throw new Error(`there is no link ${key}`);
    changes.set(key, { direction, is: turn(was) });
  };
  const ways = underlayWays(topology);
  for (const { tunnel, from, moreMs = 0, loss, isDown = false } of links) {
    const first = 2 * topology.tunnels.findIndex(({ id }) => id === tunnel);
    const hops = [ways[first], ways[first + 1]].find((way) => way?.[0]?.from === from);
    if (hops === undefined) throw new Error(`${from} sends nothing by a tunnel ${tunnel}`);
    let restMs = moreMs;
    hops.forEach((hop, index) =>
      change(hop, (was) => {
        // Less than nothing no direction has: the next one has the rest.
        const delayMs = Math.min(LARGEST_DELAY_MS, Math.max(0, was.delayMs + restMs));
        restMs -= delayMs - was.delayMs;
        if (isDown) return { delayMs, lossPercent: index === 0 ? 100 : was.lossPercent };
        return { delayMs, lossPercent: loss === undefined ? was.lossPercent : index === 0 ? 100 * loss : 0 };
      }),
    );
  }
  for (const name of nodes) {
    const own = ways.flat().filter(({ from, to }) => from === name || to === name);
    if (own.length === 0) throw new Error(`there is no node ${name}`);
    for (const hop of own) change(hop, (was) => ({ ...was, lossPercent: 100 }));
  }
  return [...changes.values()];
}
