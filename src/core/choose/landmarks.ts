// Potentials that make reduced costs look like true delays: searches can then stop where nothing can get better.
//
// Those of Bellman and Ford are distances from one corner of the network, so a way towards that corner is nearly free and a
// way from it twice as dear. The mean distance to a few nodes spread over the network has no such slant, and clocks cancel out.

/** A power of two: a mean of as many exact numbers is exact. */
export const LANDMARKS = 8;

/**
 * What to add to a node's potential, for `reduced` costs by receiver, then sender. They stay not negative: `-distance` to
 * any node is a potential, and so are the lesser of one and a constant, and the mean of several.
 */
export function evened(reduced: Float64Array, nodes: number): Float64Array {
  const mean = new Float64Array(nodes);
  for (let landmark = 0; landmark < LANDMARKS; landmark++) {
    const ms = distancesTo(reduced, nodes, Math.floor((landmark * nodes) / LANDMARKS));
    // Nodes that do not get there are as far as the farthest that does.
    let far = 0;
    for (const each of ms) if (each < Infinity && each > far) far = each;
    for (let node = 0; node < nodes; node++) mean[node]! -= Math.min(ms[node]!, far) / LANDMARKS;
  }
  return mean;
}

/** Dijkstra's algorithm, dense: of the nodes left each time the nearest, by looking at all of them. */
function distancesTo(reduced: Float64Array, nodes: number, to: number): Float64Array {
  const distance = new Float64Array(nodes).fill(Infinity);
  const rest = Int32Array.from({ length: nodes }, (_, node) => node);
  let left = nodes;
  rest[to] = rest[--left]!;
  distance[to] = 0;
  for (let at = to; at !== -1;) {
    const row = at * nodes;
    const base = distance[at]!;
    let nearest = Infinity;
    let place = -1;
    for (let index = 0; index < left; index++) {
      const node = rest[index]!;
      const there = base + reduced[row + node]!;
      if (there < distance[node]!) distance[node] = there;
      if (distance[node]! < nearest) {
        nearest = distance[node]!;
        place = index;
      }
    }
    at = place === -1 ? -1 : rest[place]!;
    if (place !== -1) rest[place] = rest[--left]!;
  }
  return distance;
}
