import { expect, it } from "vitest";
import { forwardedOf } from "./carried.ts";

it("says by which links packets came and went", () => {
  const ends = [
    { interface: "wg-a", incoming: 0 },
    { interface: "wg-c", incoming: 3 },
  ];
  const grown = new Map([
    ["wg-a wg-c", 5],
    ["wg-c wg-a", 6],
    // It is gone, and nft tells its number.
    ["7 wg-a", 8],
  ]);
  expect(forwardedOf(grown, ends)).toEqual([
    [0, 2, 5],
    [3, 1, 6],
  ]);
});
