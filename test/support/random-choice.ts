// Choices that nobody measured: a random tree towards each destination.
import type { Choice } from "../../src/core/choose/choice.ts";
import type { Topology } from "../../src/core/topology.ts";

/** Numbers from 0 to below, the same every time. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Every node takes a link to one that has a way already. `hurt`: some links are down, at times so many that nodes have none. */
export function randomChoice({ nodes, tunnels }: Topology, seed: number, hurt = false): Choice {
  const random = numbers(seed);
  const indices = new Map(nodes.map(({ name }, index) => [name, index]));
  const senders = tunnels.flatMap(({ ends }) => ends.map(({ node }) => indices.get(node)!));
  const share = hurt ? random(4) : 0;
  const dead = new Set(senders.flatMap((_, link) => (random(6) < share ? [link] : [])));
  const trees = nodes.map((_, to) => {
    const tree = new Int32Array(nodes.length).fill(-1);
    const reached = new Set([to]);
    for (;;) {
      const open = senders.flatMap((from, link) =>
        !dead.has(link) && !reached.has(from) && reached.has(senders[link ^ 1]!) ? [link] : [],
      );
      if (open.length === 0) return tree;
      const link = open[random(open.length)]!;
      tree[senders[link]!] = link;
      reached.add(senders[link]!);
    }
  });
  return { epoch: 1, trees, paths: new Map(), dead };
}
