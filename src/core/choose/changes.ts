// What is different from one moment to the next, and which destinations have to be thought about because of it.
import type { LinkIndex } from "../route.ts";
import { quantised } from "./cells.ts";
import type { Followed } from "./follow.ts";
import type { Graph, LinkCosts } from "./graph.ts";

/** Links whose cost is another one; unknown (NaN) is the same as unknown. */
export function changedLinks(before: LinkCosts, now: LinkCosts): LinkIndex[] {
  const changed: number[] = [];
  if (before === now) return changed;
  const fours = now.length - (now.length % 4);
  for (let link = 0; link < fours; link += 4) {
    // Nearly always all are the same, and to ask for four in a row takes half the time.
    if (
      before[link] === now[link] &&
      before[link + 1] === now[link + 1] &&
      before[link + 2] === now[link + 2] &&
      before[link + 3] === now[link + 3]
    )
      continue;
    for (let each = link; each < link + 4; each++) if (isOther(before[each]!, now[each]!)) changed.push(each);
  }
  for (let link = fours; link < now.length; link++)
    if (isOther(before[link]!, now[link]!)) changed.push(link);
  return changed;
}

const isOther = (was: number, is: number): boolean =>
  was !== is && !(Number.isNaN(was) && Number.isNaN(is)) && quantised(was) !== quantised(is);

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
