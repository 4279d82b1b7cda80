import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../core/error.ts";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { parseLabFile } from "./lab-file.ts";
import { planUnderlay } from "./underlay.ts";

const NETWORK = `overlay: 10.0.0.0/24
nodes:
  a: {}
  b: { endpoint: b.example.net }
  c: { endpoint: 203.0.113.2 }
forwarders:
  hkg: { listen: 198.51.100.9:14967, to: c }
paths: [a -> b -> c, c -> a, "b -[hkg]-> c", c -> b]
`;

const { spec } = parse(NETWORK, "tofro.yaml");
if (spec === undefined) throw new Error("the network of this test is wrong");
const read = (text: string) => parseLabFile(text, "lab.yaml", spec);
const mistakes = (text: string): string[] => read(text).diagnostics.map(formatDiagnostic);

describe("a lab file", () => {
  test("says what every direction does", () => {
    const { lab, diagnostics } = read(`network: ./tofro.yaml
underlay:
  default: { delay: 30ms }
  a -> c: { delay: 55ms, jitter: 8ms, loss: 2% }
  a <-> c: { delay: 15ms }
  b <-> hkg: { delay: 1.5s, rate: 20mbit }
`);
    expect(diagnostics).toEqual([]);
    expect(lab?.network).toEqual({ value: "./tofro.yaml", at: { file: "lab.yaml", line: 1, column: 1 } });
    expect(lab?.fallback).toEqual({ delayMs: 30, jitterMs: 0, lossPercent: 0, rateBps: 0 });
    const slow = { delayMs: 1500, jitterMs: 0, lossPercent: 0, rateBps: 20e6 };
    expect(lab?.links).toEqual([
      { from: "a", to: "c", impairment: { delayMs: 15, jitterMs: 0, lossPercent: 0, rateBps: 0 } },
      { from: "c", to: "a", impairment: { delayMs: 15, jitterMs: 0, lossPercent: 0, rateBps: 0 } },
      { from: "b", to: "hkg", impairment: slow },
      { from: "hkg", to: "b", impairment: slow },
      // One direction counts more than both, wherever it stands.
      { from: "a", to: "c", impairment: { delayMs: 55, jitterMs: 8, lossPercent: 2, rateBps: 0 } },
    ]);
  });

  test("changes links in the order of time", () => {
    const { lab } = read(`network: ./tofro.yaml
schedule:
  - { at: 60s, link: a <-> c, loss: 0%, rate: none }
  - { at: 500ms, link: a -> c, delay: 0 }
`);
    expect(lab?.schedule).toEqual([
      { atMs: 500, directions: [{ from: "a", to: "c" }], change: { delayMs: 0 } },
      {
        atMs: 60_000,
        directions: [
          { from: "a", to: "c" },
          { from: "c", to: "a" },
        ],
        change: { lossPercent: 0, rateBps: 0 },
      },
    ]);
  });

  test("gives names addresses", () => {
    const { lab } = read(`network: ./tofro.yaml
hosts: { B.example.net: 198.51.100.1, other.example: "2001:db8::9" }
`);
    expect([...(lab?.hosts ?? [])].map(([name, { value }]) => [name, value])).toEqual([
      ["b.example.net", "198.51.100.1"],
      ["other.example", "2001:db8::9"],
    ]);
  });

  test("reports every mistake at its place", () => {
    const text = `underlay:
  default: { delay: 30 }
  a -> cc: { delay: 5ms, lag: 3ms }
  a -> b -> c: {}
  b <-> c: { loss: 200%, rate: 20 }
  c <-> b: { jitter: fast }
  hkg -> hkg: 5ms
schedule:
  - { link: a -> c, loss: 1% }
  - { at: soon, link: a -> z }
hosts: { x: nowhere }
nodes: {}
`;
    expect(mistakes(text).map((each) => each.split("\n")[0])).toEqual([
      "lab.yaml:1:1: error: `network` must name the network file",
      "lab.yaml:2:21: error: `delay` must be a time of at most 60s, such as `30ms` or `1.5s`",
      "lab.yaml:3:8: error: the network has no node or forwarder `cc`",
      "lab.yaml:3:26: error: unknown key `lag` here",
      "lab.yaml:4:3: error: `a -> b -> c` is not one link of the underlay",
      "lab.yaml:5:20: error: `loss` must be a share of the packets from `0%` to `100%`",
      "lab.yaml:5:32: error: `rate` must be a rate of at least 8kbit, such as `512kbit`, `20mbit` or `1gbit`, or `none`",
      "lab.yaml:6:3: error: `c <-> b` says again what line 5 says of `c -> b` and back",
      "lab.yaml:6:22: error: `jitter` must be a time of at most 60s, such as `30ms` or `1.5s`",
      "lab.yaml:7:10: error: `hkg -> hkg` begins and ends at the same place",
      "lab.yaml:7:15: error: what a link does must be a map",
      "lab.yaml:9:5: error: `at` must be a time since the lab came up",
      "lab.yaml:10:11: error: `at` must be a time since the lab came up",
      "lab.yaml:10:28: error: the network has no node or forwarder `z`",
      "lab.yaml:11:13: error: the host `x` needs an IP address",
      "lab.yaml:12:1: error: unknown key `nodes` at the top of the file",
    ]);
    expect(mistakes(text).every((each) => each.includes("\n  hint: "))).toBe(true);
  });

  test("names the node that a forwarder is on", () => {
    const network = `overlay: 10.9.0.0/24
nodes: { a: {}, b: { endpoint: b.example }, c: { endpoint: 203.0.113.2 } }
forwarders: { x: { on: b, to: c } }
paths: ["a -[x]-> c", c -> a]
`;
    const own = parse(network, "tofro.yaml").spec!;
    const text = "network: ./tofro.yaml\nunderlay:\n  x -> c: { delay: 5ms }\n  b -> c: { delay: 5ms }\n";
    expect(parseLabFile(text, "lab.yaml", own).diagnostics).toMatchObject([
      { code: "own-forwarder-link", message: expect.stringContaining("on `b`") as string },
    ]);
    const sound = parseLabFile(text.replace("  x -> c: { delay: 5ms }\n", ""), "lab.yaml", own).lab!;
    const { underlay } = planUnderlay(own, sound, compile(own).topology.forwarders);
    expect(underlay.hosts.map(({ name }) => name)).toEqual(["a", "a.nat", "b", "c"]);
  });

  test.each(["", "- a\n", "network: [", "network: {}\nunderlay: 5\nschedule: 3\nhosts: []\n", "null"])(
    "that is %j is no lab file, and no exception",
    (text) => {
      expect(read(text).lab).toBeUndefined();
      expect(mistakes(text)).not.toEqual([]);
    },
  );
});
