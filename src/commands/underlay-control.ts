// Changes that a page with `--allow-changes` may make: links of the underlay of a lab or a simulation, and back.
import { readSupposition } from "../controller/supposing.ts";
import type { ChangedLink, Supposition } from "../controller/wire.ts";
import type { Topology } from "../core/topology.ts";
import { directionText, isSameDirection, type Direction } from "../lab/lab-file.ts";
import { set } from "../lab/set.ts";
import { currentLinks, readState } from "../lab/state.ts";
import type { Control } from "../web/control.ts";
import { underlayChanges, type Qualities, type UnderlayChange } from "./underlay-change.ts";

/** An underlay whose links can be changed while traffic flows. */
export interface ChangingUnderlay {
  /** What its directions do now. */
  readonly look: () => Promise<(direction: Direction) => Qualities | undefined>;
  readonly change: (change: UnderlayChange) => Promise<void>;
}

interface Changed extends UnderlayChange {
  /** Before the page changed it first. */
  readonly was: Qualities;
}

export function underlayControl(
  topology: Pick<Topology, "tunnels" | "forwarders">,
  underlay: ChangingUnderlay,
): Control {
  const changed = new Map<string, Changed>();
  const put = async (change: UnderlayChange, now: Qualities): Promise<void> => {
    await underlay.change(change);
    const key = directionText(change.direction);
    const was = changed.get(key)?.was ?? now;
    if (isSame(was, change.is)) changed.delete(key);
    else changed.set(key, { ...change, was });
  };
  const change = async (what: Supposition): Promise<boolean> => {
    const now = await underlay.look();
    let changes: UnderlayChange[];
    try {
      changes = underlayChanges(topology, what, now);
    } catch {
      return false;
    }
    for (const each of changes) await put(each, now(each.direction)!);
    return true;
  };
  const restore = async (): Promise<void> => {
    for (const { direction, is, was } of changed.values()) await put({ direction, is: was }, is);
  };
  let last: Promise<unknown> = Promise.resolve();
  /** One after another: each begins with what the one before has left. */
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    change: async (text) => {
      const what = suppositionOf(text);
      return what !== undefined && (await inTurn(() => change(what)));
    },
    restore: () => inTurn(restore),
    changed: () => Array.from(changed.values(), tell),
  };
}

/** Of a lab that is up. */
export const labUnderlay = (name: string): ChangingUnderlay => ({
  look: async () => {
    const links = await currentLinks(await readState(name));
    return (direction) => links.find(({ link }) => isSameDirection(link, direction))?.link.impairment;
  },
  change: async ({ direction, is }) => {
    await set(name, { directions: [direction], change: is });
  },
});

function suppositionOf(text: string): Supposition | undefined {
  try {
    return readSupposition(text);
  } catch {
    return undefined;
  }
}

const tell = ({ direction, was, is }: Changed): ChangedLink => ({
  ...direction,
  was: { delayMs: was.delayMs, loss: was.lossPercent / 100 },
  is: { delayMs: is.delayMs, loss: is.lossPercent / 100 },
});

const isSame = (one: Qualities, other: Qualities): boolean =>
  one.delayMs === other.delayMs && one.lossPercent === other.lossPercent;
