// Nodes and links as typed arrays: what the choosing walks on.
//
// Link `2 * tunnel + end` is the direction that `end` sends, as in route.ts.
import { detourOf } from "../graph.ts";
import type { LinkIndex } from "../route.ts";
import type { Topology } from "../topology.ts";

export interface Graph {
  readonly nodes: number;
  readonly links: number;
  /** Whether no two nodes have more than one tunnel. */
  readonly isSimple: boolean;
  /** By link, node indices. */
  readonly senders: Int32Array;
  readonly receivers: Int32Array;
  /** The links that node `v` sends are `leaving[leavingAt[v]]` up to `leaving[leavingAt[v + 1] - 1]`, the preferred first. */
  readonly leavingAt: Int32Array;
  readonly leaving: Int32Array;
  /** By link, its place in `leaving`. */
  readonly places: Int32Array;
  /** The same for the links that arrive at a node. */
  readonly arrivingAt: Int32Array;
  readonly arriving: Int32Array;
}

/** Raw costs in ms by link. Negative ones are normal: clocks are apart. Infinity: down; NaN: unknown, not to be chosen. */
export type LinkCosts = Float64Array;

/** Prefers links to dialable nodes, then the file's order, then direct tunnels, as `route` does. */
export function graphOf(topology: Topology): Graph {
  const indices = new Map(topology.nodes.map((node, index) => [node.name, index]));
  const senders = Int32Array.from(
    topology.tunnels.flatMap(({ ends }) => ends.map(({ node }) => indices.get(node)!)),
  );
  const rank = (link: LinkIndex): number => {
    const receiver = senders[link ^ 1]!;
    const hidden = topology.nodes[receiver]!.endpoint === undefined;
    return (Number(hidden) * topology.nodes.length + receiver) * 3 + detourOf(topology.tunnels[link >> 1]!);
  };
  return graphFrom(topology.nodes.length, senders, rank);
}

/** A graph from the sender of every link; link ^ 1 is its opposite direction. */
export function graphFrom(
  nodes: number,
  senders: Int32Array,
  rank: (link: LinkIndex) => number = (link) => link,
): Graph {
  const receivers = senders.map((_, link) => senders[link ^ 1]!);
  const [leavingAt, leaving] = group(nodes, senders);
  const [arrivingAt, arriving] = group(nodes, receivers);
  for (let node = 0; node < nodes; node++)
    leaving.subarray(leavingAt[node], leavingAt[node + 1]).sort((x, y) => rank(x) - rank(y));
  const places = new Int32Array(senders.length);
  for (let place = 0; place < places.length; place++) places[leaving[place]!] = place;
  return {
    nodes,
    links: senders.length,
    isSimple: hasNoDoubles(receivers, leavingAt, leaving),
    senders,
    receivers,
    leavingAt,
    leaving,
    places,
    arrivingAt,
    arriving,
  };
}

function hasNoDoubles(receivers: Int32Array, leavingAt: Int32Array, leaving: Int32Array): boolean {
  const seenFrom = new Int32Array(leavingAt.length).fill(-1);
  for (let node = 0; node + 1 < leavingAt.length; node++)
    for (let at = leavingAt[node]!; at < leavingAt[node + 1]!; at++) {
      const receiver = receivers[leaving[at]!]!;
      if (seenFrom[receiver] === node) return false;
      seenFrom[receiver] = node;
    }
  return true;
}

/** Counting sort of the links by a node. */
function group(nodes: number, by: Int32Array): [Int32Array, Int32Array] {
  const starts = new Int32Array(nodes + 1);
  for (const node of by) starts[node + 1]!++;
  for (let node = 0; node < nodes; node++) starts[node + 1]! += starts[node]!;
  const grouped = new Int32Array(by.length);
  const place = starts.slice();
  by.forEach((node, link) => {
    grouped[place[node]!++] = link;
  });
  return [starts, grouped];
}
