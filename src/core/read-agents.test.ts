import { describe, expect, it } from "vitest";
import { parse } from "./parse.ts";
import { reservedOf } from "./choose/reserved.ts";
import { controllerOf } from "./spec.ts";

const file = (top: string, b = "", path = "a => c"): string =>
  [
    "overlay: 10.0.0.0/24",
    ...(top === "" ? [] : [top]),
    "nodes:",
    "  a: {}",
    `  b: { endpoint: 198.51.100.1${b} }`,
    "  c: { endpoint: 198.51.100.2 }",
    `paths: [${path}, all => all]`,
    "",
  ].join("\n");

describe("what the file says to agents", () => {
  it("has defaults", () => {
    const { spec } = parse(file(""), "tofro.yaml");
    expect(spec?.choose).toEqual({ gainMs: 2, sustainMs: 3000, dwellMs: 30_000, lossWeightMs: 1000 });
    expect(spec?.failover).toEqual({ intervalMs: 50, holdMs: 10_000 });
    expect(controllerOf(spec!)).toBe("b");
    expect(reservedOf(spec!)).toEqual(new Map());
  });

  it("seats the controller on a node that only forwards for others where nobody else can be dialled", () => {
    const text = (c: string): string => `overlay: 10.0.0.0/24
nodes: { a: {}, b: { endpoint: 198.51.100.1 }, c: ${c} }
forwarders: { x: { on: b, to: c } }
paths: ["a <-[x]-> c"]
`;
    const seat = (c: string) => controllerOf(parse(text(c), "tofro.yaml").spec!);
    expect(seat("{ endpoint: 198.51.100.2 }")).toBe("c");
    const { spec } = parse(text("{ endpoint: 198.51.100.2 }"), "tofro.yaml");
    expect(controllerOf({ ...spec!, nodes: spec!.nodes.slice(0, 2) })).toBe("b");
  });

  it("is read, with units", () => {
    const said = "choose: { gain: 500us, dwell: 1h }\nfailover: { interval: 20ms, hold: 1m }\ncontroller: a";
    const { spec, diagnostics } = parse(file(said), "tofro.yaml");
    expect(diagnostics).toEqual([]);
    expect(spec?.choose).toMatchObject({ gainMs: 0.5, sustainMs: 3000, dwellMs: 3_600_000 });
    expect(spec?.failover).toEqual({ intervalMs: 20, holdMs: 60_000 });
    expect(controllerOf(spec!)).toBe("a");
    expect(spec?.metrics).toBeUndefined();
    expect(parse(file("metrics: 9586"), "tofro.yaml").spec?.metrics).toBe(9586);
    expect(controllerOf(parse(file("controller: none"), "tofro.yaml").spec!)).toBeUndefined();
  });

  it("may reserve a relay for pairs; two-way ones are two, and `all` is everybody else", () => {
    const only = (what: string) =>
      reservedOf(parse(file("", `, carries: { only: ${what} }`), "tofro.yaml").spec!);
    expect(only("a <-> c")).toEqual(new Map([[1, new Set([2, 6])]]));
    expect(only("[all -> c]")).toEqual(new Map([[1, new Set([2])]]));
    expect(only("[]")).toEqual(new Map([[1, new Set()]]));
  });

  it("may limit what a relay carries", () => {
    const { spec, diagnostics } = parse(file("", ", carries: { rate: 100mbit, month: 1.5TB }"), "tofro.yaml");
    expect(diagnostics).toEqual([]);
    expect(spec?.nodes[1]?.carries).toEqual({ rateBps: 1e8, monthBytes: 1.5e12 });
    expect(reservedOf(spec!)).toEqual(new Map());
  });

  it.each([
    [file("controller: d"), "2:13 unknown-node"],
    [file("controller: [b]"), "2:13 wrong-type"],
    [file("choose: { gain: 2 }"), "2:17 bad-time"],
    [file("choose: { gain: 2s }"), "2:17 bad-time"],
    [file("choose: { gian: 2ms }"), "2:11 unknown-key"],
    [file("failover: { interval: 1ms }"), "2:23 bad-time"],
    [file("failover: 50ms"), "2:11 wrong-type"],
    [file("metrics: 0"), "2:10 port-range"],
    [file("metrics: 7116"), "2:10 port-taken"],
    [file("metrics: yes"), "2:10 port-range"],
    [file("", ", carries: { only: a -> d }"), "4:54 unknown-node"],
    [file("", ", carries: { only: a -> b }"), "4:54 bad-carries"],
    [file("", ", carries: { only: a -> a }"), "4:49 bad-carries"],
    [file("", ", carries: { only: a -> b -> c }"), "4:49 bad-carries"],
    [file("", ", carries: { only: a }"), "4:49 missing-arrow"],
    [file("", ", carries: { rate: 100MB }"), "4:49 bad-carries"],
    [file("", ", carries: { rate: 0kbit }"), "4:49 bad-carries"],
    [file("", ", carries: { month: 5gbit }"), "4:50 bad-carries"],
    [file("", ", carries: { onyl: a -> c }"), "4:43 unknown-key"],
    [file("", ", carries: { only: c -> a }", "a -> b -> c"), "6:9 not-carried"],
  ])("is refused where it is wrong: %#", (text, expected) => {
    const { diagnostics } = parse(text, "tofro.yaml");
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    expect(errors.map(({ at, code }) => `${at.line}:${at.column} ${code}`)).toEqual([expected]);
    expect(errors[0]!.hint).not.toBe("");
  });
});
