// A command of a RouterOS script, and the part of a node's state that RouterOS can have.
import { lengthOf } from "../core/address.ts";
import type { NodeState, Rule } from "../core/node-state.ts";

/** How comments begin by which everything of ours is found again. */
export const MARK = "tofro";

/** A property with a value in quotes, or words as they stand. */
type Word = readonly [string, string | number] | string;

/** One line, marked as ours. */
export const command = (path: string, words: readonly Word[], comment: string = MARK): string =>
  [
    path,
    ...words.map((word) => {
      if (typeof word === "string") return word;
      const [key, value] = word;
      return typeof value === "number" ? `${key}=${value}` : `${key}="${value}"`;
    }),
    `comment="${comment}"`,
  ].join(" ");

/** A rule that is part of an exit: it names no tunnel, or leads to a table with a default route. */
export const isOfExit = ({ routes }: NodeState, { iif, table }: Rule): boolean =>
  iif === undefined || routes.some((route) => route.table === table && lengthOf(route.prefix) === 0);

/** Without what exits need: half of that would send the tunnels' own packets into tunnels. */
export const withoutExits = (state: NodeState): NodeState => ({
  ...state,
  routes: state.routes.filter(({ prefix }) => lengthOf(prefix) !== 0),
  rules: state.rules.filter((rule) => !isOfExit(state, rule)),
});
