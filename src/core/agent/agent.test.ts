import { describe, expect, it } from "vitest";
import { Agent, LAST, type Effect } from "./agent.ts";
import type { Links } from "./links.ts";
import type { Notice } from "./messages.ts";
import { Notices } from "./notices.ts";

// a - b, b - c; of b.
const LINKS: Links = {
  names: ["a", "b", "c"],
  tunnels: ["a - b", "b - c"],
  senders: Int32Array.of(0, 1, 1, 2),
  receivers: Int32Array.of(1, 0, 2, 1),
  outgoing: [[0], [1, 2], [3]],
  incoming: [[1], [0, 3], [2]],
};
const FOUND = { epoch: 0, trees: [], paths: new Map(), dead: new Set<number>() };

const told = (effects: readonly Effect[]): unknown[] =>
  effects.flatMap((each) =>
    each.kind === "control" && each.message.kind === "report" ? [each.message.forwarded] : [],
  );

const agentOf = (life: number): Agent =>
  new Agent(
    {
      links: LINKS,
      node: 1,
      network: "n",
      session: 1,
      life,
      installed: { choice: FOUND, distance: LAST },
      distances: () => [],
      intervalMs: 50,
      holdMs: 10_000,
    },
    0,
  );

it("reports what it forwarded once, and nothing of when it had no controller", () => {
  const agent = agentOf(1);
  const second = (from: number): unknown[] =>
    Array.from({ length: 100 }, (_, tick) => told(agent.tick(from + 10 * tick))).flat();
  agent.forwarded([[0, 2, 1000]]);
  agent.connected();
  expect(second(0)).toEqual([undefined]);
  agent.forwarded([[0, 2, 5]]);
  agent.forwarded([
    [0, 2, 6],
    [3, 1, 7],
  ]);
  expect(second(1000)).toEqual([
    [
      [0, 2, 11],
      [3, 1, 7],
    ],
  ]);
  expect(second(2000)).toEqual([undefined]);
  agent.forwarded([[0, 2, 8]]);
  agent.disconnected();
  agent.forwarded([[0, 2, 9]]);
  agent.connected();
  expect(second(3000)).toEqual([undefined]);
});

describe("what an earlier life of its own has said", () => {
  const heardFromA = (life: number): Agent => {
    const agent = agentOf(life);
    agent.hear(0, { life: 7, sequence: 1, sentMs: 0, heardMs: 10 });
    agent.tick(20);
    return agent;
  };
  const sync = (agent: Agent, notice: Notice) => agent.ordered({ kind: "sync", notices: [notice] });
  const words = (effects: readonly Effect[]): unknown[] =>
    effects.flatMap((each) => (each.kind === "tell" ? each.notices : []));

  it.each([
    ["of a time before", 4, 5],
    ["of a clock that was ahead", 9, 10],
  ])("%s is taken back, as of a later life", (_, before, life) => {
    const agent = heardFromA(5);
    const said = words(sync(agent, { link: 0, down: true, life: before, number: 3 }));
    const notice = { link: 0, down: false, life, number: 1 };
    expect(said).toEqual([notice, notice]);
    // Everybody else takes it for newer, from whomever it comes.
    const others = new Notices();
    others.take({ link: 0, down: true, life: before, number: 3 }, "receiver");
    expect(others.take(notice, life > before ? "hearsay" : "receiver")).toBe(true);
    expect(others.down()).toEqual(new Set());
    // Said with this life, it is only late.
    expect(sync(agent, { link: 0, down: true, life, number: 0 })).toEqual([]);
  });

  it("stays where it is so, or nothing is known yet, or the link is another's", () => {
    const agent = heardFromA(5);
    expect(words(sync(agent, { link: 0, down: false, life: 4, number: 3 }))).toEqual([]);
    expect(words(sync(agent, { link: 3, down: true, life: 4, number: 3 }))).toEqual([]);
    expect(words(sync(agent, { link: 1, down: true, life: 4, number: 3 }))).toEqual([]);
    expect(agent.holding.down).toEqual(new Set([1]));
  });
});
