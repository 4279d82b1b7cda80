import { expect, it } from "vitest";
import { Agent, LAST, type Effect } from "./agent.ts";
import type { Links } from "./links.ts";

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

it("reports what it forwarded once, and nothing of when it had no controller", () => {
  const agent = new Agent(
    {
      links: LINKS,
      node: 1,
      network: "n",
      session: 1,
      life: 1,
      installed: { choice: FOUND, distance: LAST },
      distances: () => [],
      intervalMs: 50,
      holdMs: 10_000,
    },
    0,
  );
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
