// Whose packets pass a node under one routing, and how: what a move asks about the packets that go by rules.
import type { LinkIndex, Routing } from "../route.ts";

export interface Passage {
  readonly source: number;
  /** The interface that they come in by, as the link that leaves by it. */
  readonly enter: LinkIndex;
  readonly leave: LinkIndex;
  /** From the node to the destination, in links. */
  readonly distance: number;
}

const NONE: readonly Passage[] = [];

/** All ways to a destination are walked once, when it is first asked about, and not once for each node or source. */
export class Passages {
  readonly #routing: Routing;
  readonly #only: number | undefined;
  /** By destination, then by node. */
  readonly #found = new Map<number, ReadonlyMap<number, readonly Passage[]>>();

  /** `only`: nobody asks about other nodes than this. */
  constructor(routing: Routing, only?: number) {
    this.#routing = routing;
    this.#only = only;
  }

  /** By ascending source; not of the node's own packets, which come in by nothing. */
  at(node: number, to: number): readonly Passage[] {
    const known = this.#found.get(to) ?? this.#walk(to);
    this.#found.set(to, known);
    return known.get(node) ?? NONE;
  }

  #walk(to: number): ReadonlyMap<number, readonly Passage[]> {
    const { nodes, walk, sender } = this.#routing;
    const found = new Map<number, Passage[]>();
    const path: LinkIndex[] = [];
    for (let source = 0; source < nodes; source++) {
      if (source === to) continue;
      path.length = 0;
      walk(source, to, (link) => path.push(link));
      for (let hop = 1; hop < path.length; hop++) {
        const node = sender(path[hop]!);
        if (this.#only !== undefined && node !== this.#only) continue;
        const own = found.get(node) ?? [];
        if (own.length === 0) found.set(node, own);
        own.push({ source, enter: path[hop - 1]! ^ 1, leave: path[hop]!, distance: path.length - hop });
      }
    }
    return found;
  }
}
