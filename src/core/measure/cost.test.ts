import { expect, it } from "vitest";
import { linkCostMs } from "./cost.ts";

it("lets a lossy fast link lose to a clean slower one, and adds up along a path", () => {
  const fast = linkCostMs({ delayMs: 20, jitterMs: 1, loss: 0.05 });
  const clean = linkCostMs({ delayMs: 60, jitterMs: 1, loss: 0 });
  expect(fast).toBeGreaterThan(clean);
  expect(linkCostMs({ delayMs: 20, jitterMs: 1, loss: 0.01 })).toBeCloseTo(31, 0);
  const path = linkCostMs({ delayMs: 30, jitterMs: 3, loss: 1 - 0.9 * 0.8 });
  const hops = [
    { delayMs: -470, jitterMs: 1, loss: 0.1 },
    { delayMs: 500, jitterMs: 2, loss: 0.2 },
  ];
  expect(hops.reduce((sum, hop) => sum + linkCostMs(hop), 0)).toBeCloseTo(path, 9);
  expect(linkCostMs({ delayMs: 1, jitterMs: 0, loss: 1 })).toBe(Infinity);
});
