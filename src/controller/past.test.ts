// Looking back on a pair: what is folded, what the direct tunnel would have cost, and which moves are told.
import { expect, it } from "vitest";
import type { DecisionRecord, HistoryReader, PairPoint } from "./history-types.ts";
import { pastOf } from "./past.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 10 * HOUR_MS;
const band = (typical: number) => ({ low: typical - 1, typical, high: typical + 2 });

function readerOf(points: readonly PairPoint[], decisions: readonly DecisionRecord[] = []): HistoryReader {
  return {
    link: () => [],
    pair: (from) => (from === "a" ? points : []),
    decisions: ({ from }) => (from === "a" ? decisions : []),
    changes: () => [],
  };
}

it("keeps the outermost bounds, and compares with the direct tunnel only where both are known", () => {
  const at = (seconds: number) => NOW_MS - HOUR_MS + seconds * 1000;
  const direct = { directDelayMs: band(100), directLoss: 0.1 };
  const { there, back, stepMs } = pastOf(
    readerOf([
      { atMs: at(-5), delayMs: band(500), loss: 1, path: ["a", "z", "c"] },
      { atMs: at(0), delayMs: band(10), loss: 0, path: ["a", "c"] },
      { atMs: at(1), delayMs: band(20), loss: 0.02, path: ["a", "b", "c"], ...direct },
      { atMs: at(2), delayMs: band(30), loss: 0.04, path: ["a", "b", "c"], ...direct },
      { atMs: at(3), path: [], directLoss: 1 },
      { atMs: at(60), delayMs: band(50), path: ["a", "c"] },
    ]),
    "a",
    "c",
    HOUR_MS,
    NOW_MS,
  );
  expect(stepMs).toBe(15_000);
  // What lies before the time that was asked for is left out, its path as well.
  expect(there.paths).toEqual([
    ["a", "c"],
    ["a", "b", "c"],
  ]);
  expect(there.points).toHaveLength(2);
  expect(there.points[0]).toMatchObject({
    atMs: at(0),
    delay: { lowMs: 9, typicalMs: 20, highMs: 32 },
    path: 1,
    directMs: 100,
  });
  expect(there.points[0]!.loss).toBeCloseTo(0.02);
  expect(there.points[1]).toEqual({
    atMs: at(60),
    delay: { lowMs: 49, typicalMs: 50, highMs: 52 },
    path: 0,
  });
  expect(there.saved.delayMs).toBeCloseTo(75);
  expect(there.saved.loss).toBeCloseTo(0.07);
  expect(back).toEqual({ paths: [], points: [], moves: [], untold: 0, saved: {} });
});

it("tells the latest hundred moves, the oldest of them first, and how many there are besides", () => {
  const decisions = Array.from({ length: 130 }, (_, index): DecisionRecord => ({
    atMs: NOW_MS - index * 40_000,
    from: "a",
    to: "c",
    reason: "gain",
    was: { path: ["a", "c"], moreCostMs: index },
    is: { path: ["a", "b", "c"] },
    candidates: [],
  }));
  const { moves, untold } = pastOf(readerOf([], decisions), "a", "c", HOUR_MS, NOW_MS).there;
  // 91 of them are of the last hour.
  expect([moves.length, untold, moves[0]!.gainMs, moves.at(-1)!.gainMs]).toEqual([91, 0, 90, 0]);
  const longer = pastOf(readerOf([], decisions), "a", "c", 24 * HOUR_MS, NOW_MS).there;
  expect([longer.moves.length, longer.untold, longer.moves[0]!.gainMs]).toEqual([100, 30, 99]);
});
