import { expect, it } from "vitest";
import { LAST } from "../core/agent/agent.ts";
import type { Choice } from "../core/choose/choice.ts";
import { formatKept, parseKept } from "./kept.ts";

const choiceOf = (epoch: number): Choice => ({
  epoch,
  trees: [Int32Array.of(-1, 1), Int32Array.of(0, -1)],
  paths: new Map([[1, [epoch]]]),
  dead: new Set([1]),
});

it("keeps moves that are not over, in their order, and links that were down", () => {
  const whole = { choice: choiceOf(3), distance: LAST };
  const begun = { choice: choiceOf(4), before: whole, distance: 2 };
  const installed = { choice: choiceOf(5), before: begun, distance: -1 };
  const conditions = new Map([
    [0, "down"],
    [1, "up"],
  ] as const);
  const text = formatKept({ print: "one", installed, conditions });
  expect(parseKept(text, "one")).toEqual({ print: "one", installed, conditions: new Map([[0, "down"]]) });
  expect(parseKept(text, "other")).toBeUndefined();
});

it("reads what agents wrote that kept no moves", () => {
  const whole = { choice: choiceOf(3), distance: LAST };
  const { moves: _, ...before } = JSON.parse(
    formatKept({ print: "one", installed: whole, conditions: new Map() }),
  ) as { moves: unknown };
  expect(parseKept(JSON.stringify(before), "one")?.installed).toEqual(whole);
  expect(parseKept("{}", "one")).toBeUndefined();
});
