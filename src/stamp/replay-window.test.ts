import fc from "fast-check";
import { expect, it } from "vitest";
import { ReplayWindow } from "./replay-window.ts";

it("takes each number once, and none that is 1024 behind the highest", () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3000 })), {
    maxLength: 300,
  });
  fc.assert(
    fc.property(steps, (numbers) => {
      const window = new ReplayWindow();
      const seen = new Set<number>();
      let highest = -1;
      for (const each of numbers) {
        expect(window.take(each)).toBe(!seen.has(each) && each > highest - 1024);
        seen.add(each);
        highest = Math.max(highest, each);
      }
    }),
  );
});

it("leaps over what was never there", () => {
  const window = new ReplayWindow();
  expect([0, 0xffff_ffff, 0xffff_fffe, 0xffff_ffff, 0].map((each) => window.take(each))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
