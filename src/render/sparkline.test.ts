import { expect, it } from "vitest";
import { sparkline } from "./sparkline.ts";

const options = { width: 8, leastSpread: 3 };

it.each([
  [[], ""],
  [[5], "▁"],
  [[1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"],
  [[-100, -60], "▁█"],
  [[10, 10.5, 10], "▁▂▁"],
  [[10, null, 50], "▁x█"],
  [[null, null], "xx"],
] as const)("draws %j", (values, text) => {
  expect(sparkline(values, options)).toBe(text);
});

it("keeps the newest apart and puts older ones together, a loss is never hidden", () => {
  const values = Array.from({ length: 31 }, (_, index) => (index === 3 ? null : index));
  const text = sparkline(values, options);
  expect(text.length).toBeLessThanOrEqual(8);
  expect(text).toMatch(/^.?x/);
  expect(text.at(-1)).toBe("█");
});
