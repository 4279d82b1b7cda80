// The fewest hops over links that are not down: the way where nothing is measured yet.
import type { Graph, LinkCosts } from "./graph.ts";

/** For each node the link of a way of fewest hops to a destination, -1 where none leads. */
export function fewestHops(graph: Graph, costs: LinkCosts, closed: Uint8Array, to: number): Int32Array {
  const { senders, receivers, arriving, arrivingAt, leaving, leavingAt } = graph;
  const distance = new Int32Array(graph.nodes).fill(-1);
  distance[to] = 0;
  const queue = [to];
  for (let head = 0; head < queue.length && queue.length < graph.nodes; head++) {
    const node = queue[head]!;
    if (closed[node] === 1 && node !== to) continue;
    for (let at = arrivingAt[node]!; at < arrivingAt[node + 1]!; at++) {
      const [link, sender] = [arriving[at]!, senders[arriving[at]!]!];
      if (distance[sender] !== -1 || costs[link] === Infinity) continue;
      distance[sender] = distance[node]! + 1;
      queue.push(sender);
    }
  }
  const nearer = (node: number): number => {
    for (let at = leavingAt[node]!; at < leavingAt[node + 1]!; at++) {
      const link = leaving[at]!;
      const next = receivers[link]!;
      if (distance[next] !== distance[node]! - 1 || costs[link] === Infinity) continue;
      if (next === to || closed[next] === 0) return link;
    }
    return -1;
  };
  return distance.map((hops, node) => (hops < 1 ? -1 : nearer(node)));
}
