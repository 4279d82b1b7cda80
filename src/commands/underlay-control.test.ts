// What the page has changed, and what it was before, whoever else changes something meanwhile.
import { expect, it } from "vitest";
import type { Topology } from "../core/topology.ts";
import type { Qualities } from "./underlay-change.ts";
import { underlayControl } from "./underlay-control.ts";

const topology = {
  tunnels: [{ id: "a - b", ends: [{ node: "a" }, { node: "b" }] }],
  forwarders: [],
} as unknown as Topology;

function controlled() {
  const links = new Map<string, Qualities>([
    ["a b", { delayMs: 10, lossPercent: 1 }],
    ["b a", { delayMs: 20, lossPercent: 0 }],
  ]);
  const control = underlayControl(topology, {
    look: async () => {
      const seen = new Map(links);
      return ({ from, to }) => seen.get(`${from} ${to}`);
    },
    change: async ({ direction: { from, to }, is }) => void links.set(`${from} ${to}`, is),
  });
  return { links, control };
}

const more = (from: string, moreMs: number): string =>
  JSON.stringify({ links: [{ tunnel: "a - b", from, moreMs }], nodes: [] });

it("tells what differs from before its first change, and puts that back", async () => {
  const { links, control } = controlled();
  expect(await control.change(more("a", 5))).toBe(true);
  // One after the other, however fast they come.
  await Promise.all([control.change(more("a", 7)), control.change(more("b", 1))]);
  expect(control.changed()).toEqual([
    { from: "a", to: "b", was: { delayMs: 10, loss: 0.01 }, is: { delayMs: 22, loss: 0.01 } },
    { from: "b", to: "a", was: { delayMs: 20, loss: 0 }, is: { delayMs: 21, loss: 0 } },
  ]);
  await control.change(more("b", -1));
  expect(control.changed()).toHaveLength(1);
  await control.restore();
  expect(control.changed()).toEqual([]);
  expect(links.get("a b")).toEqual({ delayMs: 10, lossPercent: 1 });
});

it("changes nothing for what it cannot read, or what is not there", async () => {
  const { links, control } = controlled();
  const before = new Map(links);
  for (const text of [
    "",
    "nonsense",
    "[]",
    '{"links":[]}',
    '{"links":[],"nodes":[],"more":1}',
    '{"links":[{"tunnel":"a - b","from":"a","moreMs":1e9}],"nodes":[]}',
    '{"links":[{"tunnel":"a - b","from":"a","loss":2}],"nodes":[]}',
    '{"links":[{"tunnel":"a - b","from":"a","isDown":"yes"}],"nodes":[]}',
    '{"links":[{"tunnel":"a - z","from":"a","isDown":true}],"nodes":[]}',
    '{"links":[{"tunnel":"a - b","from":"a","isDown":true}],"nodes":["z"]}',
  ])
    expect(await control.change(text), text).toBe(false);
  expect([links, control.changed()]).toEqual([before, []]);
});

it("goes on after a change that failed", async () => {
  const control = underlayControl(topology, {
    look: async () => () => ({ delayMs: 10, lossPercent: 0 }),
    change: async ({ is }) => {
      if (is.delayMs > 100) throw new Error("no room");
    },
  });
  await expect(control.change(more("a", 200))).rejects.toThrow("no room");
  expect(control.changed()).toEqual([]);
  expect(await control.change(more("a", 1))).toBe(true);
});
