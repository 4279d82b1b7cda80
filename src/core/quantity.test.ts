import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesText, durationText, parseBytes, parseDurationMs, parseRateBps, rateText } from "./quantity.ts";

describe("quantities", () => {
  it.each([
    ["0", 0],
    ["250us", 0.25],
    ["30ms", 30],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("reads the time %s", (text, ms) => expect(parseDurationMs(text)).toBe(ms));

  it("reads rates and sizes in decimal units", () => {
    expect(["512kbit", "20mbit", "1.5gbit"].map(parseRateBps)).toEqual([512e3, 20e6, 1.5e9]);
    expect(["1MB", "500GB", "2TB", "0.3GB"].map(parseBytes)).toEqual([1e6, 500e9, 2e12, 300e6]);
  });

  it.each(["", "5", "ms", "-1s", "1 s", "1e3s", ".5s", "1.s", "1d", "1constructor", "1S", "20MB"])(
    "does not read %j as a time",
    (text) => expect(parseDurationMs(text)).toBeUndefined(),
  );

  it("tells bits from bytes", () => {
    expect(parseRateBps("20MB")).toBeUndefined();
    expect(parseBytes("20mbit")).toBeUndefined();
    expect(parseBytes("20mb")).toBeUndefined();
  });

  it.each([
    [0, "0us"],
    [0.1, "100us"],
    [50, "50ms"],
    [1500, "1.5s"],
    [90_000, "90s"],
    [120_000, "2m"],
    [5_400_000, "90m"],
    [7_200_000, "2h"],
  ])("writes %d ms as %s", (ms, text) => expect(durationText(ms)).toBe(text));

  it("reads what it has written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e8 }), (count) => {
        expect(parseDurationMs(durationText(count))).toBe(count);
        expect(parseRateBps(rateText(count * 1e3))).toBe(count * 1e3);
        expect(parseBytes(bytesText(count * 1e6))).toBe(count * 1e6);
      }),
    );
  });
});
