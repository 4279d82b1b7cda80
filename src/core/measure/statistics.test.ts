import fc from "fast-check";
import { expect, it } from "vitest";
import { highQuantile, quantile, sorted } from "./statistics.ts";

it("knows a high quantile without sorting", () => {
  const lists = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(lists, fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1), (list, p) => {
      expect(highQuantile(Float64Array.from(list), p)).toBeCloseTo(quantile(sorted(list), p), 9);
    }),
  );
});
