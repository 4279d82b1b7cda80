import fc from "fast-check";
import { expect, it } from "vitest";
import { numbers, randomChoiceWithPaths } from "../../../test/support/random-choice.ts";
import { randomNetwork } from "../../../test/support/random-network.ts";
import { forwardingOf } from "../failover/repair.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { route, type LinkIndex } from "../route.ts";
import { LAST } from "./agent.ts";
import { Forwardings } from "./forwardings.ts";
import type { Installed } from "./installed.ts";
import { linksOf } from "./links.ts";

const cases = fc.record({
  network: randomNetwork({ nodes: { min: 3, max: 8 }, rich: true }),
  seed: fc.nat(),
  moves: fc.integer({ min: 1, max: 3 }),
  order: fc.nat(),
});

it("moves no packet in a circle and loses none, whoever has moved how far, also from a move that was broken off", () => {
  let [between, kept] = [0, 0];
  fc.assert(
    fc.property(cases, ({ network, seed, moves, order }) => {
      const { spec } = parse(network.text, "tofro.yaml");
      const { topology } = compile(spec!);
      const nodes = topology.nodes.length;
      const { names, receivers } = linksOf(topology);
      const forwardings = new Forwardings((choice) => forwardingOf(route(spec!, topology, choice)));
      const random = numbers(order);
      const first = randomChoiceWithPaths(topology, seed, 1);
      let held: Installed[] = names.map(() => ({ choice: first, distance: LAST }));
      const choices = [first];

      const look = (): void => {
        for (let from = 0; from < nodes; from++)
          for (let to = 0; to < nodes; to++) {
            const ways = choices.map((choice) => forwardings.of(choice).routing.path(from, to));
            if (from === to || ways.some(({ length }) => length === 0)) continue;
            const taken: LinkIndex[] = [];
            let [at, enter] = [from, -1];
            while (at !== to) {
              const link = forwardings.next(held[at]!, at, enter, from, to);
              taken.push(link);
              if (link === -1 || taken.length > 2 * nodes)
                throw new Error(`${names[from]} to ${names[to]}: ${link === -1 ? "nowhere" : "a circle"}`);
              [at, enter] = [receivers[link]!, link ^ 1];
            }
            if (!ways.every((way) => way.join() === ways[0]!.join())) continue;
            kept++;
            expect(taken).toEqual(ways[0]);
          }
      };

      for (let move = 1; move <= moves; move++) {
        const choice = randomChoiceWithPaths(topology, seed + 100 * move, 1);
        choices.push(choice);
        const before = held;
        // Whoever is not called has been told.
        held = before.map((each) => ({ choice, before: each, distance: -1 }));
        const distances = before.map((each, node) => forwardings.distances(node, each, choice));
        const called = [...new Set(distances.flat())].sort((x, y) => x - y);
        // The last one goes to its end; the others stay where they are.
        const until = move === moves ? called.length : random(called.length + 1);
        for (const distance of called.slice(0, until)) {
          const going = distances.flatMap((own, node) => (own.includes(distance) ? [node] : []));
          while (going.length > 0) {
            const [node] = going.splice(random(going.length), 1);
            held = held.map((each, index) =>
              index === node ? { choice, before: before[index]!, distance } : each,
            );
            between++;
            look();
          }
        }
        if (move < moves) continue;
        const all = names.map((_, node) => node);
        while (all.length > 0) {
          const [node] = all.splice(random(all.length), 1);
          held = held.map((each, index) => (index === node ? { choice, distance: LAST } : each));
          look();
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(between).toBeGreaterThan(1000);
  expect(kept).toBeGreaterThan(1000);
});
