import { expect, it } from "vitest";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { networkOf } from "./network.ts";

const TEXT = `overlay: 10.77.0.0/24
nodes:
  a: { endpoint: 198.51.100.1 }
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
paths:
  - a -> b -> c
  - c => a
  - { path: b => a, avoid: [c] }
`;

it("tells free, limited and pinned pairs apart, and limits those that a relay carries", () => {
  const { topology } = compile(parse(TEXT, "tofro.yaml").spec!);
  const { spec } = parse(TEXT, "tofro.yaml");
  const { graph, rules, isFree } = networkOf(spec!, topology);
  const pinned = rules.get(2);
  const links = pinned?.kind === "pinned" ? pinned.links : [];
  expect(links.map((link) => [graph.senders[link], graph.receivers[link]])).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(isFree(6)).toBe(true);
  const limited = rules.get(3);
  expect(limited?.kind === "limited" && [0, 1, 2].map(limited.limits.passes)).toEqual([true, true, false]);
  const carried = networkOf(spec!, topology, new Map([[1, new Set([6])]]));
  expect(carried.isFree(6)).toBe(false);
  expect(carried.rules.get(6)?.kind).toBe("limited");
});
