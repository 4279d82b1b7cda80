import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomNetwork } from "../../../test/support/random-network.ts";
import type { Choice } from "../choose/choice.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { route, type LinkIndex } from "../route.ts";
import { forwardingOf, nextLink, repair } from "./repair.ts";

/** The same every time, from 0 to below. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A random tree towards each destination: every node takes a link to one that was reached before. */
function randomChoice(senders: readonly number[], nodes: number, seed: number): Choice {
  const random = numbers(seed);
  const trees = Array.from({ length: nodes }, (_, to) => {
    const tree = new Int32Array(nodes).fill(-1);
    const reached = new Set([to]);
    for (;;) {
      const open = senders.flatMap((from, link) =>
        !reached.has(from) && reached.has(senders[link ^ 1]!) ? [link] : [],
      );
      if (open.length === 0) return tree;
      const link = open[random(open.length)]!;
      tree[senders[link]!] = link;
      reached.add(senders[link]!);
    }
  });
  return { epoch: 1, trees, paths: new Map(), dead: new Set() };
}

const cases = fc.record({
  network: randomNetwork({ nodes: { min: 3, max: 8 }, rich: true }),
  seed: fc.nat(),
  deadLinks: fc.integer({ min: 0, max: 5 }),
  repairing: fc.nat(),
});

describe("repair", () => {
  it("never makes a loop, whoever has repaired already, and leaves what is not affected", () => {
    let repaired = 0;
    fc.assert(
      fc.property(cases, ({ network, seed, deadLinks, repairing }) => {
        const { spec } = parse(network.text, "tofro.yaml");
        const { topology } = compile(spec!);
        const senders = topology.tunnels.flatMap(({ ends }) =>
          ends.map(({ node }) => topology.nodes.findIndex(({ name }) => name === node)),
        );
        const nodes = topology.nodes.length;
        const forwarding = forwardingOf(route(spec!, topology, randomChoice(senders, nodes, seed)));
        const random = numbers(seed + 1);
        const down = new Set<LinkIndex>();
        while (down.size < Math.min(deadLinks, senders.length)) down.add(random(senders.length));
        const moved = topology.nodes.map(
          (_, node) => new Map(repair(forwarding, node, down).map(({ to, link }) => [to, link])),
        );
        if (down.size === 0) expect(moved.every((each) => each.size === 0)).toBe(true);
        const has = (node: number): boolean => ((repairing >> node) & 1) === 1;
        for (let from = 0; from < nodes; from++) {
          for (let to = 0; to < nodes; to++) {
            if (from === to || forwarding.routing.path(from, to).length === 0) continue;
            let [at, enter, hops, died] = [from, -1, 0, false];
            while (at !== to && !died) {
              const plain = nextLink(forwarding, at, enter, from, to);
              const isOwn = plain === forwarding.traffic.own[at * nodes + to];
              const link = has(at) && isOwn ? (moved[at]!.get(to) ?? plain) : plain;
              expect(++hops).toBeLessThanOrEqual(2 * nodes);
              died = link === -1 || down.has(link);
              enter = link ^ 1;
              at = senders[link ^ 1]!;
            }
            if (!has(from) || !moved[from]!.has(to)) continue;
            repaired++;
            expect(died).toBe(false);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(repaired).toBeGreaterThan(100);
  });
});
