// Links of the overlay over the underlay: a - b directly, a - c by a forwarder, which is on the node b or on its own.
import { expect, it } from "vitest";
import { underlayChanges } from "./underlay-change.ts";
import type { Topology } from "../core/topology.ts";

const topologyOf = (on?: string) =>
  ({
    tunnels: [
      { id: "a - b", ends: [{ node: "a" }, { node: "b" }] },
      { id: "a - c [f]", ends: [{ node: "a" }, { node: "c" }], forwarder: "f" },
    ],
    forwarders: [{ name: "f", ...(on !== undefined && { on }) }],
  }) as unknown as Topology;
const DIRECT = topologyOf();

/** Each direction has 10 ms and loses 1 %. */
const now = () => ({ delayMs: 10, lossPercent: 1 });
const changes = (
  links: Parameters<typeof underlayChanges>[1]["links"],
  nodes: string[] = [],
  topology = DIRECT,
) =>
  Object.fromEntries(
    underlayChanges(topology, { links, nodes }, now).map(({ direction: { from, to }, is }) => [
      `${from} -> ${to}`,
      [is.delayMs, is.lossPercent],
    ]),
  );

it("changes what is said of a link, in its direction, and nothing else", () => {
  expect(changes([{ tunnel: "a - b", from: "b", moreMs: 2.5 }])).toEqual({ "b -> a": [12.5, 1] });
  expect(changes([{ tunnel: "a - b", from: "a", loss: 0.2 }])).toEqual({ "a -> b": [10, 20] });
  expect(changes([{ tunnel: "a - b", from: "a", isDown: true }])).toEqual({ "a -> b": [10, 100] });
  expect(changes([{ tunnel: "a - b", from: "a", moreMs: -50 }])).toEqual({ "a -> b": [0, 1] });
  expect(changes([{ tunnel: "a - b", from: "a", moreMs: 60_000 }])).toEqual({ "a -> b": [60_000, 1] });
});

it("changes both directions that a link over a forwarder has, so that the whole is as said", () => {
  const over = (more: object, topology = DIRECT) =>
    changes([{ tunnel: "a - c [f]", from: "c", ...more }], [], topology);
  expect(over({ moreMs: 5 })).toEqual({ "c -> f": [15, 1], "f -> a": [10, 1] });
  expect(over({ moreMs: -15 })).toEqual({ "c -> f": [0, 1], "f -> a": [5, 1] });
  expect(over({ loss: 0.5 })).toEqual({ "c -> f": [10, 50], "f -> a": [10, 0] });
  expect(over({ isDown: true }, topologyOf("b"))).toEqual({ "c -> b": [10, 100], "b -> a": [10, 1] });
});

it("cuts a dead node off, and refuses what is not there", () => {
  expect(changes([], ["c"])).toEqual({ "f -> c": [10, 100], "c -> f": [10, 100] });
  expect(changes([{ tunnel: "a - b", from: "a", moreMs: 5 }], ["b"])).toEqual({
    "a -> b": [15, 100],
    "b -> a": [10, 100],
  });
  for (const wrong of [
    { links: [{ tunnel: "a - b", from: "c" }], nodes: [] },
    { links: [{ tunnel: "a - z", from: "a" }], nodes: [] },
    { links: [], nodes: ["z"] },
  ])
    expect(() => underlayChanges(DIRECT, wrong, now)).toThrow(/there is no|sends nothing/);
  expect(() => underlayChanges(DIRECT, { links: [], nodes: ["a"] }, () => undefined)).toThrow(/no link/);
});
