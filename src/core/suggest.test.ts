import { describe, expect, it } from "vitest";
import { editDistance, suggest } from "./suggest.ts";

describe("suggest", () => {
  it.each([
    ["adress", "address"],
    ["endpiont", "endpoint"],
    ["Nodes", "nodes"],
    ["path", "paths"],
    ["frankfrt", "frankfurt"],
  ])("%s: %s", (word, near) => {
    expect(suggest(word, ["address", "endpoint", "nodes", "paths", "frankfurt"])).toBe(near);
  });

  it("stays silent when nothing is near", () => {
    expect(suggest("zebra", ["address", "nodes"])).toBeUndefined();
    expect(suggest("x", ["a", "b"])).toBeUndefined();
  });

  it("takes the nearest, and of equals the first", () => {
    expect(suggest("node12", ["node1", "node123", "node21", "node13"])).toBe("node1");
  });

  it("counts edits and swaps up to its limit", () => {
    expect(editDistance("ab", "ba", 2)).toBe(1);
    expect(editDistance("kitten", "sitting", 5)).toBe(3);
    expect(editDistance("kitten", "sitting", 1)).toBe(2);
  });
});
