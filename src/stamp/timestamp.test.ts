import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockOf } from "./clock.ts";
import { errorEstimate, millisecondsOf, timestampOf } from "./timestamp.ts";

describe("NTP timestamps", () => {
  it("are seconds and a binary fraction", () => {
    expect(timestampOf(0n)).toBe(0n);
    expect(timestampOf(1_500_000_000n)).toBe(0x00000001_80000000n);
    expect(timestampOf(3_000_000_000_250_000_000n)).toBe(0xb2d05e00_40000000n);
    expect(millisecondsOf(0x00000001_80000000n)).toBe(1500);
  });

  it("keep a microsecond of four years, and of a clock that was set before its zero", () => {
    const fourYearsNs = 126_230_400n * 1_000_000_000n;
    fc.assert(
      fc.property(fc.bigInt({ min: -10_000_000_000n, max: fourYearsNs }), (ns) => {
        expect(Math.abs(millisecondsOf(timestampOf(ns)) - Number(ns) / 1e6)).toBeLessThan(0.001);
      }),
    );
  });

  it("say that they are not synchronised, and how sure they are", () => {
    expect(errorEstimate(22).toString(16)).toBe("1601");
    expect(errorEstimate(63) & 0x8000).toBe(0);
  });
});

describe("a clock that is wrong", () => {
  it("is off by its offset, and by its drift from when it was made", () => {
    let ns = 7_000_000_000n;
    const clock = clockOf({ offsetMs: -5000, driftPpm: 50 }, () => ns);
    expect(clock()).toBe(2_000_000_000n);
    ns += 10_000_000_000n;
    expect(clock()).toBe(12_000_500_000n);
  });
});
