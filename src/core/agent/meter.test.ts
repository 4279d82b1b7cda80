import { expect, it } from "vitest";
import { Meter, monthOf } from "./meter.ts";

const MONTH = "2026-11";
const counters = (...octets: number[]): Map<string, number> =>
  new Map(octets.map((each, index) => [`wg-a wg-${index}`, each]));

it("counts from where it begins, whatever was counted before", () => {
  const meter = new Meter();
  expect(meter.read(counters(5000), 0, MONTH)).toEqual({ bps: 0, monthBytes: 0 });
  expect(meter.read(counters(6000), 2000, MONTH).monthBytes).toBe(1000);
});

it("counts on where the life before ended, and all of a counter that was made anew", () => {
  const before = { month: MONTH, monthBytes: 700, counters: counters(5000, 100) };
  // The first one went on without us; the second began again; the third is new.
  expect(new Meter(before).read(counters(5300, 40, 2), 0, MONTH).monthBytes).toBe(700 + 300 + 40 + 2);
});

it("tells what each counter grew by, but not what it grew by before this life", () => {
  const meter = new Meter({ month: MONTH, monthBytes: 700, counters: counters(5000, 100) });
  meter.read(counters(5300, 100), 0, MONTH);
  expect(meter.grown).toEqual(new Map());
  meter.read(counters(5301, 100, 40), 2000, MONTH);
  expect(meter.grown).toEqual(
    new Map([
      ["wg-a wg-0", 1],
      ["wg-a wg-2", 40],
    ]),
  );
  // The table was made anew.
  meter.read(counters(7, 0, 40), 4000, MONTH);
  expect(meter.grown.get("wg-a wg-0")).toBe(7);
  meter.read(counters(7, 0, 40), 6000, MONTH);
  expect(meter.grown).toEqual(new Map());
});

it("begins anew with the month", () => {
  const meter = new Meter({ month: MONTH, monthBytes: 700, counters: counters(10) });
  expect(meter.read(counters(15), 0, "2026-12").monthBytes).toBe(5);
  expect(meter.state).toMatchObject({ month: "2026-12", monthBytes: 5 });
  expect(monthOf(new Date("2026-11-30T23:59:59.999Z"))).toBe("2026-11");
});

it("has the mean rate of the last ten seconds, and none before", () => {
  const meter = new Meter();
  // 1 Mbit/s for 10 s, then nothing.
  const rates = Array.from({ length: 21 }, (_, second) =>
    Math.round(meter.read(counters(Math.min(second, 10) * 125_000), second * 1000, MONTH).bps),
  );
  expect(rates.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 0));
  expect(rates[10]).toBe(1_000_000);
  expect(rates[15]).toBe(500_000);
  expect(rates[20]).toBe(0);
});
