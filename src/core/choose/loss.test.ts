import { expect, it } from "vitest";
import { estimateLoss } from "./loss.ts";

it("is not moved by one lost packet, but by many", () => {
  expect(estimateLoss([{ sent: 40, lost: 1 }])).toBeLessThan(0.006);
  expect(estimateLoss([{ sent: 1200, lost: 1 }])).toBeLessThan(0.0003);
  expect(estimateLoss([{ sent: 40, lost: 12 }])).toBeGreaterThan(0.19);
  expect(estimateLoss([{ sent: 1200, lost: 60 }])).toBeCloseTo(0.0406, 3);
});

it("lets the window speak that is surest", () => {
  const sudden = { sent: 40, lost: 20 };
  const steady = { sent: 1200, lost: 20 };
  expect(estimateLoss([sudden, steady])).toBe(estimateLoss([sudden]));
  expect(
    estimateLoss([
      { sent: 40, lost: 1 },
      { sent: 1200, lost: 24 },
    ]),
  ).toBe(estimateLoss([{ sent: 1200, lost: 24 }]));
});

it("agrees with the interval worked out by hand, and stays between 0 and the share seen", () => {
  // 5 of 10: (0.5 + z²/20 - z sqrt(0.025 + z²/400)) / (1 + z²/10) at z = 1.644854.
  expect(estimateLoss([{ sent: 10, lost: 5 }])).toBeCloseTo(0.26931, 4);
  expect(estimateLoss([])).toBe(0);
  expect(estimateLoss([{ sent: 0, lost: 0 }])).toBe(0);
  expect(estimateLoss([{ sent: 100, lost: 0 }])).toBe(0);
  const all = estimateLoss([{ sent: 20, lost: 20 }]);
  expect(all).toBeGreaterThan(0.85);
  expect(all).toBeLessThan(1);
});
