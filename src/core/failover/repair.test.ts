import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbers, randomChoice } from "../../../test/support/random-choice.ts";
import { randomNetwork } from "../../../test/support/random-network.ts";
import { linksOf } from "../agent/links.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { route, type LinkIndex } from "../route.ts";
import { forwardingOf, nextLink, repair, repairRules } from "./repair.ts";

const cases = fc.record({
  network: randomNetwork({ nodes: { min: 3, max: 8 }, rich: true }),
  seed: fc.nat(),
  deadLinks: fc.integer({ min: 0, max: 5 }),
  repairing: fc.nat(),
});

describe("repair", () => {
  it("never makes a loop, whoever has repaired already, and leaves what is not affected", () => {
    let [repaired, byRules] = [0, 0];
    fc.assert(
      fc.property(cases, ({ network, seed, deadLinks, repairing }) => {
        const { spec } = parse(network.text, "tofro.yaml");
        const { topology } = compile(spec!);
        const senders = topology.tunnels.flatMap(({ ends }) =>
          ends.map(({ node }) => topology.nodes.findIndex(({ name }) => name === node)),
        );
        const nodes = topology.nodes.length;
        const forwarding = forwardingOf(route(spec!, topology, randomChoice(topology, seed)));
        const random = numbers(seed + 1);
        const down = new Set<LinkIndex>();
        while (down.size < Math.min(deadLinks, senders.length)) down.add(random(senders.length));
        const moved = topology.nodes.map(
          (_, node) => new Map(repair(forwarding, node, down).map(({ to, link }) => [to, link])),
        );
        const ruled = topology.nodes.map(
          (_, node) =>
            new Map(
              repairRules(forwarding, node, down).map(({ enter, source, to, link }) => [
                [enter, source, to].join(),
                link,
              ]),
            ),
        );
        if (down.size === 0) expect(moved.every((each) => each.size === 0)).toBe(true);
        const has = (node: number): boolean => ((repairing >> node) & 1) === 1;
        for (let from = 0; from < nodes; from++) {
          for (let to = 0; to < nodes; to++) {
            if (from === to || forwarding.routing.path(from, to).length === 0) continue;
            let [at, enter, hops, died, rescued] = [from, -1, 0, false, false];
            while (at !== to && !died) {
              const plain = nextLink(forwarding, at, enter, from, to);
              const isOwn = plain === forwarding.traffic.own[at * nodes + to];
              const byRule = ruled[at]!.get([enter, from, to].join());
              const link = has(at) ? ((isOwn ? moved[at]!.get(to) : byRule) ?? plain) : plain;
              if (has(at) && byRule !== undefined) {
                byRules++;
                rescued = true;
              }
              expect(++hops).toBeLessThanOrEqual(2 * nodes);
              died = link === -1 || down.has(link);
              enter = link ^ 1;
              if (rescued) expect(died).toBe(false);
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
    expect(byRules).toBeGreaterThan(0);
  });

  it("goes through no node that was not heard when it was chosen: it may forward by another choice", () => {
    const nodes = ["a", "b", "c"].map((name, index) => `  ${name}: { endpoint: 198.51.100.${index + 1} }\n`);
    const { spec } = parse(
      `overlay: 10.0.0.0/24\nnodes:\n${nodes.join("")}paths: [all <=> all]\n`,
      "tofro.yaml",
    );
    const { topology } = compile(spec!);
    const { outgoing, receivers } = linksOf(topology);
    const link = (from: number, to: number): LinkIndex =>
      outgoing[from]!.find((each) => receivers[each] === to)!;
    const trees = outgoing.map((_, to) =>
      Int32Array.from(outgoing, (__, from) => (from === to ? -1 : link(from, to))),
    );
    const repairs = (dead: readonly LinkIndex[]) => {
      const choice = { epoch: 1, trees, paths: new Map(), dead: new Set(dead) };
      return repair(forwardingOf(route(spec!, topology, choice)), 0, new Set([link(0, 2)]));
    };
    expect(repairs([])).toEqual([{ to: 2, link: link(0, 1) }]);
    expect(repairs(outgoing[1]!)).toEqual([]);
  });
});
