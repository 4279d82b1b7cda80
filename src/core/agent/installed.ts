// What a node's routes are made of, also in the midst of moves that are not over, or were broken off.
import type { Choice } from "../choose/choice.ts";

/**
 * Everything up to a distance from its destination is as `choice` says, the rest as before.
 * A move that was broken off stays where it was, and the next one begins from there: going back would have an order, too.
 */
export interface Installed {
  readonly choice: Choice;
  readonly before?: Installed;
  readonly distance: number;
}

/** The last choice that was installed whole. */
export const wholeOf = ({ choice, before }: Installed): Choice =>
  before === undefined ? choice : wholeOf(before);

/** Without moves that were told and not begun with here: nothing goes by them yet. */
export const begunOf = (installed: Installed): Installed =>
  installed.before !== undefined && installed.distance < 0 ? begunOf(installed.before) : installed;

/** The choice that says how one route goes; `hops` has the distance to the route's destination under a choice. */
export function choiceFor({ choice, before, distance }: Installed, hops: (choice: Choice) => number): Choice {
  return before === undefined || hops(choice) <= distance ? choice : choiceFor(before, hops);
}
