// What is different from one moment to the next, and which destinations have to be thought about because of it.
import type { LinkIndex } from "../route.ts";
import { quantised } from "./cells.ts";
import type { Followed } from "./follow.ts";
import type { Graph, LinkCosts } from "./graph.ts";

/** Links whose cost is another one; unknown (NaN) is the same as unknown. */
export function changedLinks(before: LinkCosts, now: LinkCosts): LinkIndex[] {
  const changed: number[] = [];
  if (before === now) return changed;
  for (let link = 0; link < now.length; link++) {
    const was = before[link]!;
    const is = now[link]!;
    // oxlint-disable-next-line no-self-compare -- NaN, and a call for each of a million links is too slow
    if (was !== is && (was === was || is === is) && quantised(was) !== quantised(is)) changed.push(link);
  }
  return changed;
}

/** Of `changed` links whether one went down or came up. */
export const isAnyFlipped = (changed: readonly LinkIndex[], before: LinkCosts, now: LinkCosts): boolean =>
  changed.some((link) => (before[link] === Infinity) !== (now[link] === Infinity));

/** More changed links than this touch nearly every tree. */
const MANY = 64;

/** Whether the present ways to a destination, or what else they could be, may be different after these changes. */
export function touches(
  { senders }: Graph,
  changed: readonly LinkIndex[],
  isFlipped: boolean,
  { tree, isLost }: Followed,
): boolean {
  if (changed.length > MANY || (isLost && isFlipped)) return true;
  for (const link of changed) if (tree[senders[link]!] === link) return true;
  return false;
}
