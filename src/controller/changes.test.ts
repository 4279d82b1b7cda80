// Which changes are told, and which links have died since the look before.
import { expect, it } from "vitest";
import { changesOf } from "./changes.ts";
import type { ChangeRecord } from "./history-types.ts";
import { LinkChanges } from "./link-changes.ts";

it("tells an apply of long ago behind hundreds of links that flapped", () => {
  const flaps = Array.from({ length: 300 }, (_, index): ChangeRecord => ({
    atMs: 10_000 - index,
    kind: "failover",
    text: "a -> c (a - c) is down",
  }));
  const applied: ChangeRecord = {
    atMs: 5,
    kind: "apply",
    who: "alice@laptop",
    text: "the network was applied",
  };
  const rolledBack: ChangeRecord = { ...applied, atMs: 9_900.5, kind: "rollback" };
  const all = [...flaps, applied, rolledBack].sort((x, y) => y.atMs - x.atMs);
  const told = changesOf({
    link: () => [],
    pair: () => [],
    decisions: () => [],
    changes: (count) => all.slice(0, count),
  });
  expect(told.filter(({ kind }) => kind === "failover")).toEqual(flaps.slice(0, 50));
  expect(told.slice(-2)).toEqual([rolledBack, applied]);
});

it("tells a death once, and when it is over", () => {
  const links = {
    names: ["a", "c"],
    tunnels: ["a - b"],
    senders: Int32Array.of(0, 1),
    receivers: Int32Array.of(1, 0),
    outgoing: [[0], [1]],
    incoming: [[1], [0]],
  };
  const changes = new LinkChanges(links, ["a - c"]);
  const kind = "failover";
  const died = [{ atMs: 1, kind, who: "c", text: "a -> c (a - c) is down" }];
  expect(changes.look(new Set([0]), 1)).toEqual({ died, back: [] });
  expect(changes.look(new Set([0]), 2)).toEqual({ died: [], back: [] });
  const back = [{ atMs: 3, kind, who: "c", text: "a -> c (a - c) is up again" }];
  expect(changes.look(new Set([1]), 3)).toMatchObject({ died: [{ who: "a" }], back });
});
