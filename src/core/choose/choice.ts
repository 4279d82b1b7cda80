// What is ever decided about paths: for each destination a tree of next links, and for some pairs a path of their own.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";

export interface Choice {
  /** Counts up with every decision. */
  readonly epoch: number;
  /** By destination; at a node's index the link by which it sends free pairs' packets there, -1 for none. */
  readonly trees: readonly Int32Array[];
  /** The links of pairs that do not follow the tree: limited ones, and pinned ones whose own path is dead. Empty: no path. */
  readonly paths: ReadonlyMap<PairKey, readonly LinkIndex[]>;
  /** Links that pairs which no line names must not use either. */
  readonly dead: ReadonlySet<LinkIndex>;
}
