// Nodes and links of a network as indices: link `2 * tunnel + end` is the direction that `end` sends.
import type { LinkIndex } from "../route.ts";
import type { Topology } from "../topology.ts";

export interface Links {
  readonly names: readonly string[];
  /** Ids, by tunnel: link `2 * tunnel + end`. */
  readonly tunnels: readonly string[];
  /** By link: the node that sends it, and the one that receives it. */
  readonly senders: Int32Array;
  readonly receivers: Int32Array;
  /** By node. */
  readonly outgoing: readonly (readonly LinkIndex[])[];
  readonly incoming: readonly (readonly LinkIndex[])[];
}

export function linksOf({ nodes, tunnels }: Pick<Topology, "nodes" | "tunnels">): Links {
  const names = nodes.map(({ name }) => name);
  const indices = new Map(names.map((name, index) => [name, index]));
  const ends = tunnels.flatMap(({ ends: each }) => each.map(({ node }) => indices.get(node)!));
  const senders = Int32Array.from(ends);
  const receivers = Int32Array.from(ends, (_, link) => ends[link ^ 1]!);
  const by = (list: Int32Array): LinkIndex[][] => {
    const found: LinkIndex[][] = names.map(() => []);
    list.forEach((node, link) => found[node]!.push(link));
    return found;
  };
  return {
    names,
    tunnels: tunnels.map(({ id }) => id),
    senders,
    receivers,
    outgoing: by(senders),
    incoming: by(receivers),
  };
}

/**
 * The links that no packet may be moved to: those that are down, and all into a node of which nothing is heard on any
 * link. Nobody is left there to say how its own incoming links are.
 */
export function unusable(links: Links, down: ReadonlySet<LinkIndex>): ReadonlySet<LinkIndex> {
  if (down.size === 0) return down;
  const unheard = new Uint32Array(links.names.length);
  for (const link of down) unheard[links.senders[link]!]!++;
  const all = new Set(down);
  unheard.forEach((count, node) => {
    if (count > 0 && count === links.outgoing[node]!.length)
      for (const link of links.incoming[node]!) all.add(link);
  });
  return all;
}
