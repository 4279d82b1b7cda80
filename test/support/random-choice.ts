// Choices that nobody measured: a random tree towards each destination.
import { linksOf } from "../../src/core/agent/links.ts";
import type { Choice } from "../../src/core/choose/choice.ts";
import { climb } from "../../src/core/choose/moves.ts";
import type { LinkIndex } from "../../src/core/route.ts";
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

/** Besides, ways of their own for so many thirds of the pairs. */
export function randomChoiceWithPaths(topology: Topology, seed: number, thirds: number): Choice {
  const random = numbers(seed + 7);
  const nodes = topology.nodes.length;
  const others = randomChoice(topology, seed + 1).trees;
  const { receivers } = linksOf(topology);
  const paths = new Map<number, readonly LinkIndex[]>();
  for (let pair = 0; pair < nodes * nodes; pair++) {
    const [from, to] = [Math.floor(pair / nodes), pair % nodes];
    const links = from === to ? [] : climb(receivers, others[to]!, from, to);
    if (links.length > 0 && random(3) < thirds) paths.set(pair, links);
  }
  return { ...randomChoice(topology, seed), epoch: seed, paths };
}
