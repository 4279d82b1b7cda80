import { describe, expect, it } from "vitest";
import { compile } from "../plan.ts";
import { parse } from "../parse.ts";
import { deviationOf, isWhole } from "./compare.ts";
import { flowKey, probesBetween, repliesOf, requestsOf } from "./probe.ts";
import { follow } from "./seen.ts";
import type { Count, Station, Tap } from "./tap.ts";
import { plannedPath } from "./trace.ts";
import { wiringOf } from "./wiring.ts";

const NETWORK = `overlay: 10.0.0.0/24
nodes:
  a: { address: 10.0.0.1 }
  b: { address: 10.0.0.2, endpoint: 192.0.2.2 }
  c: { address: 10.0.0.3, endpoint: 192.0.2.3 }
forwarders:
  hkg: { listen: "192.0.2.9:1000", to: c }
paths:
  - a -> b -> c
  - "c -[hkg]-> a"
`;
const { spec } = parse(NETWORK, "tofro.yaml");
const plan = compile(spec!);
const wiring = wiringOf(plan);
const [small] = probesBetween(plan, "a", "c", 100, 10);
const request = requestsOf(small!);
const reply = repliesOf(small!);
const there = plannedPath(plan, "a", "c");
const back = plannedPath(plan, "c", "a");

/** `station interface packets source`, the source left out where it is the flow's. */
const tap = (flow: typeof request, ...lines: string[]): Tap => {
  const counts = new Map<string, Count[]>();
  for (const line of lines) {
    const [station, name, packets, source] = line.split(" ");
    const key = `${station as Station}_${flowKey(flow)}`;
    const count = {
      interface: name!,
      source: (source ?? flow.source) as Count["source"],
      packets: Number(packets),
    };
    counts.set(key, [...(counts.get(key) ?? []), count]);
  }
  return counts;
};
const A = tap(request, "out wg-b 10");
const B = tap(request, "in wg-a 10", "pass wg-a 10", "out wg-c 9");
const C = tap(request, "in wg-b 8", "here wg-b 8");

describe("a flow's path by counters", () => {
  it("is followed from machine to machine, with what each tunnel lost", () => {
    const seen = follow(
      request,
      new Map([
        ["a", A],
        ["b", B],
        ["c", C],
      ]),
      wiring,
    );
    expect(seen.arrived).toBe(true);
    expect(seen.loss).toBeUndefined();
    expect(seen.hops).toEqual([
      { node: "a", interface: "wg-b", tunnel: "a - b", sent: 10, received: 10 },
      { node: "b", interface: "wg-c", tunnel: "b - c", sent: 9, received: 8 },
      { node: "c" },
    ]);
    expect(isWhole(there, seen)).toBe(true);
  });

  it.each([
    ["origin", "a", [tap(request), tap(request), tap(request)]],
    ["link", "a", [A, tap(request), tap(request)]],
    ["route", "b", [A, tap(request, "in wg-a 10"), tap(request)]],
    ["firewall", "b", [A, tap(request, "in wg-a 10", "pass wg-a 10"), tap(request)]],
    ["taken", "b", [A, tap(request, "in wg-a 10", "here wg-a 10"), tap(request)]],
    ["link", "b", [A, B, tap(request)]],
    ["route", "c", [A, B, tap(request, "in wg-b 9")]],
  ] as const)("ends at the stage %s of %s", (stage, node, [a, b, c]) => {
    const seen = follow(
      request,
      new Map([
        ["a", a],
        ["b", b],
        ["c", c],
      ]),
      wiring,
    );
    expect(seen).toMatchObject({ arrived: false, loss: { stage, node } });
  });

  it("tells a forwarder's tunnel from the direct one", () => {
    const away = tap(reply, "out wg-a-hkg 10");
    const home = tap(reply, "in wg-c-hkg 10", "here wg-c-hkg 10");
    const seen = follow(
      reply,
      new Map([
        ["a", home],
        ["c", away],
      ]),
      wiring,
    );
    expect(seen.hops[0]).toMatchObject({ node: "c", tunnel: "a - c [hkg]" });
    expect(deviationOf(back, seen)).toBeUndefined();
  });

  it("notices another way, another source, and an exit that is no tunnel", () => {
    const direct = follow(request, new Map([["a", tap(request, "out wg-c-hkg 10")]]), wiring, {
      received: 10,
    });
    expect(direct).toMatchObject({
      arrived: true,
      hops: [{ node: "a", tunnel: "a - c [hkg]" }, { node: "c" }],
    });
    expect(deviationOf(there, direct)).toEqual({ hop: 0, node: "a", interface: "wg-c-hkg" });
    const rewritten = follow(request, new Map([["a", tap(request, "out wg-b 10 10.9.9.9")]]), wiring);
    expect(rewritten.rewrite).toEqual({ node: "a", interface: "wg-b", source: "10.9.9.9" });
    const gone = follow(request, new Map([["a", tap(request, "out eth0 10")]]), wiring);
    expect(gone).toMatchObject({ arrived: false, loss: { stage: "link", interface: "eth0" } });
    expect(deviationOf(there, gone)).toEqual({ hop: 0, node: "a", interface: "eth0" });
  });

  it("knows nothing where nobody tells, and not more than routers do", () => {
    const alone = new Map([["a", A]]);
    expect(follow(request, alone, wiring).arrived).toBeUndefined();
    expect(follow(request, alone, wiring, { received: 0 }).arrived).toBeUndefined();
    const named = follow(request, alone, wiring, { received: 10, nodes: ["a", "b", "c"] });
    expect(named.hops.map(({ tunnel }) => tunnel)).toEqual(["a - b", "b - c", undefined]);
    expect(isWhole(there, named)).toBe(true);
    // Across b, which cannot be asked, by where packets come out.
    const across = follow(
      request,
      new Map([
        ["a", A],
        ["c", C],
      ]),
      wiring,
    );
    expect(across).toMatchObject({
      arrived: true,
      hops: [{ sent: 10 }, { node: "b", tunnel: "b - c", received: 8 }, { node: "c" }],
    });
  });

  it("ends a loop", () => {
    const round = tap(request, "in wg-a 10", "pass wg-a 10", "out wg-a 10");
    const seen = follow(
      request,
      new Map([
        ["a", new Map([...A, ...tap(request, "out wg-b 10", "in wg-b 10")])],
        ["b", round],
      ]),
      wiring,
    );
    expect(seen.hops.map(({ node }) => node)).toEqual(["a", "b", "a"]);
    expect(deviationOf(there, seen)).toBeDefined();
  });
});
