// What a choice, a move and a repair make of machines: packets for the internet go where those for the exit go, and come back as its own.
import fc from "fast-check";
import { expect, it } from "vitest";
import { numbers, randomChoiceWithPaths } from "../../test/support/random-choice.ts";
import { randomNetwork } from "../../test/support/random-network.ts";
import { parseAddress } from "../core/address.ts";
import { LAST, type Holding } from "../core/agent/agent.ts";
import { formatHeld, parseHeld } from "../core/agent/held.ts";
import { linksOf } from "../core/agent/links.ts";
import { Findings } from "../core/check/findings.ts";
import { judgeExits } from "../core/check/internet.ts";
import { buildMachines } from "../core/check/machine.ts";
import { hostOf } from "../core/check/prefix-map.ts";
import { addressOf } from "../core/check/reach.ts";
import { pathOf, walk } from "../core/check/walk.ts";
import type { NodeState } from "../core/node-state.ts";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import type { LinkIndex } from "../core/route.ts";
import type { Spec } from "../core/spec.ts";
import { moves } from "./hold.ts";
import { Router } from "./router.ts";

const cases = fc.record({
  network: randomNetwork({ nodes: { min: 3, max: 6 }, rich: true, exits: true }),
  seed: fc.nat(),
  order: fc.nat(),
});

const OUTSIDE = { 4: hostOf(parseAddress("192.0.0.8")!), 6: hostOf(parseAddress("100::8")!) };

/** It is of the present ways, for hosts behind the node. */
function withoutMss(state: NodeState): NodeState {
  const { mss: _mss, ...firewall } = state.firewall;
  return { ...state, firewall };
}

/** The ways of each node with an exit: to it, to the internet, back from it, and answers of the internet. */
function waysOf(spec: Spec, states: readonly NodeState[]) {
  const machines = buildMachines(states, { defaultRoute: true }, spec);
  const named = (name: string) => machines.find((each) => each.name === name)!;
  return spec.nodes.flatMap(({ name, leaves }) => {
    if (leaves === undefined) return [];
    const [from, exit] = [named(name), named(leaves.via.value)];
    return ([4, 6] as const).flatMap((family) => {
      const [own, there] = [addressOf(from, family), addressOf(exit, family)];
      if (own === undefined || there === undefined) return [];
      return [
        {
          there: pathOf(walk(from, there)),
          internet: pathOf(walk(from, OUTSIDE[family])),
          back: pathOf(walk(exit, own)),
          answers: pathOf(walk(exit, own, OUTSIDE[family])),
        },
      ];
    });
  });
}

it("leads exits as the agents lead their pair, whoever has moved how far and repaired what, by routes and rules alone", () => {
  const seen = { looks: 0, moved: 0, repaired: 0 };
  fc.assert(
    fc.property(cases, ({ network, seed, order }) => {
      const { spec } = parse(network.text, "tofro.yaml");
      if (!spec!.nodes.some(({ leaves }) => leaves !== undefined)) return;
      const { lock, topology } = compile(spec!);
      const { names } = linksOf(topology);
      const routers = names.map((name) => new Router(spec!, lock, name));
      const random = numbers(order);
      const none: ReadonlySet<LinkIndex> = new Set();
      const first = randomChoiceWithPaths(topology, seed, 2);
      let held: Holding[] = names.map(() => ({ choice: first, distance: LAST, down: none }));
      let states = held.map((each, node) => routers[node]!.state(each));
      const begun = waysOf(spec!, states);

      const look = (): typeof begun => {
        seen.looks++;
        const ways = waysOf(spec!, states);
        for (const { there, internet, back, answers } of ways)
          expect({ internet, answers }).toEqual({ internet: there, answers: back });
        return ways;
      };
      // Around what is down the pair itself may come by a node twice, or be lost.
      const judge = (): void => {
        const findings = new Findings();
        judgeExits(spec!, states, () => undefined, findings);
        expect(findings.diagnostics()).toEqual([]);
      };
      const set = (node: number, holding: Holding): void => {
        held = held.with(node, holding);
        const next = routers[node]!.state(holding);
        // By `ip` alone: neither allowed IPs nor the firewall change, so no packet is lost.
        expect(moves(withoutMss(states[node]!), withoutMss(next))).toBeDefined();
        // Who plans takes it for what is wanted.
        expect(parseHeld(formatHeld("", next))).toMatchObject({ routes: next.routes, rules: next.rules });
        states = states.with(node, next);
      };

      look();
      judge();
      const choice = randomChoiceWithPaths(topology, seed + 100, 2);
      const before = held;
      before.forEach((each, node) => set(node, { choice, before: each, distance: -1, down: none }));
      const distances = before.map((each, node) => routers[node]!.distances(each, choice));
      for (const distance of [...new Set(distances.flat())].sort((x, y) => x - y)) {
        const going = distances.flatMap((own, node) => (own.includes(distance) ? [node] : []));
        while (going.length > 0) {
          const [node] = going.splice(random(going.length), 1);
          set(node!, { choice, before: before[node!]!, distance, down: none });
          look();
          judge();
        }
      }
      names.forEach((_, node) => set(node, { choice, distance: LAST, down: none }));
      const ended = look();
      judge();
      if (JSON.stringify(ended) !== JSON.stringify(begun)) seen.moved++;

      const links = 2 * topology.tunnels.length;
      const down = new Set(Array.from({ length: 2 }, () => random(links)));
      for (const node of names.keys()) {
        set(node, { ...held[node]!, down });
        if (JSON.stringify(look()) !== JSON.stringify(ended)) seen.repaired++;
      }
    }),
    { numRuns: 60 },
  );
  expect(seen.looks).toBeGreaterThan(500);
  expect(seen.moved).toBeGreaterThan(20);
  expect(seen.repaired).toBeGreaterThan(20);
});
