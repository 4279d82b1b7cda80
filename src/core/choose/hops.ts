// The fewest hops over links that are not down: the way where nothing is measured yet.
import type { Graph, LinkCosts } from "./graph.ts";

/**
 * For each node the link of a way of fewest hops to a destination, of several the one that its sender prefers; -1 where
 * none leads. Who is reached next is asked for at the smaller side: the nodes just reached, or those that are left.
 */
export function fewestHops(graph: Graph, costs: LinkCosts, closed: Uint8Array, to: number): Int32Array {
  const { senders, receivers, arriving, arrivingAt, leaving, leavingAt, places } = graph;
  const next = new Int32Array(graph.nodes).fill(-1);
  const hops = new Int32Array(graph.nodes).fill(-1);
  hops[to] = 0;
  let reached = [to];
  let left = graph.nodes - 1;
  for (let hop = 1; reached.length > 0 && left > 0; hop++) {
    const found: number[] = [];
    const take = (link: number, node: number): void => {
      if (hops[node] === -1) found.push(node);
      hops[node] = hop;
      next[node] = link;
    };
    if (left < reached.length) {
      for (let node = 0; node < graph.nodes; node++) {
        if (hops[node] !== -1) continue;
        for (let at = leavingAt[node]!; at < leavingAt[node + 1]!; at++) {
          const link = leaving[at]!;
          const after = receivers[link]!;
          if (hops[after] !== hop - 1 || costs[link] === Infinity || closed[after] === 1) continue;
          take(link, node);
          break;
        }
      }
    } else {
      for (const after of reached) {
        if (closed[after] === 1 && after !== to) continue;
        for (let at = arrivingAt[after]!; at < arrivingAt[after + 1]!; at++) {
          const link = arriving[at]!;
          const node = senders[link]!;
          if (costs[link] === Infinity || (hops[node] !== -1 && hops[node] !== hop)) continue;
          if (next[node] === -1 || places[link]! < places[next[node]!]!) take(link, node);
        }
      }
    }
    left -= found.length;
    reached = found;
  }
  return next;
}
