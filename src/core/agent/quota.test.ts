import { expect, it } from "vitest";
import { linksOf, type Links } from "./links.ts";
import { Quota } from "./quota.ts";
import type { CarriesSpec } from "../spec.ts";

/** A square with one diagonal a-c: b and d are relays. */
const SQUARE = ["a b", "b c", "c d", "d a", "a c"];
const MINUTE = 60_000;

function linksBetween(pairs: readonly string[]): Links {
  const names = [...new Set(pairs.join(" ").split(" "))].sort();
  const tunnels = pairs.map((pair) => ({ ends: pair.split(" ").map((node) => ({ node })) }));
  return linksOf({ nodes: names.map((name) => ({ name })), tunnels } as unknown as Parameters<
    typeof linksOf
  >[0]);
}

function quotaOf(limits: Readonly<Record<string, CarriesSpec>>, pairs: readonly string[] = SQUARE) {
  const links = linksBetween(pairs);
  const nodes = links.names.map((name) => (limits[name] ? { carries: limits[name] } : {}));
  const quota = new Quota(links, nodes);
  const costs = new Float64Array(links.senders.length).fill(1);
  const down = (sender: string, receiver: string): void => {
    const [from, to] = [links.names.indexOf(sender), links.names.indexOf(receiver)];
    costs.forEach((_, link) => {
      if (links.senders[link] === from && links.receivers[link] === to) costs[link] = Infinity;
    });
  };
  return {
    down,
    report: (name: string, bps: number, monthBytes: number, nowMs: number) =>
      quota.report(links.names.indexOf(name), { bps, monthBytes }, nowMs),
    closed: (nowMs: number) =>
      quota
        .closed(costs, nowMs)
        .map(({ node, why, isNeeded }) => `${links.names[node]} ${why}${isNeeded ? " needed" : ""}`),
  };
}

it("closes a relay for the rest of a month whose amount it has carried", () => {
  const { report, closed } = quotaOf({ b: { monthBytes: 1000 } });
  report("b", 1e9, 999, 0);
  expect(closed(0)).toEqual([]);
  report("b", 0, 1000, 1);
  expect(closed(1)).toEqual(["b month"]);
  expect(closed(20 * 24 * 60 * MINUTE)).toEqual(["b month"]);
  report("b", 0, 0, 2);
  expect(closed(2)).toEqual([]);
});

it("closes a relay above its rate for ten minutes, and for longer if it comes back at once", () => {
  const { report, closed } = quotaOf({ b: { rateBps: 100 } });
  report("b", 100, 0, 0);
  expect(closed(0)).toEqual([]);
  report("b", 101, 0, 0);
  // What is in flight still counts, and makes nothing longer.
  report("b", 101, 0, MINUTE);
  expect(closed(10 * MINUTE - 1)).toEqual(["b rate"]);
  expect(closed(10 * MINUTE)).toEqual([]);
  report("b", 500, 0, 11 * MINUTE);
  expect(closed(31 * MINUTE - 1)).toEqual(["b rate"]);
  expect(closed(31 * MINUTE)).toEqual([]);
  // It has held for as long as it was closed.
  report("b", 50, 0, 51 * MINUTE);
  report("b", 500, 0, 52 * MINUTE);
  expect(closed(62 * MINUTE - 1)).toEqual(["b rate"]);
  expect(closed(62 * MINUTE)).toEqual([]);
});

it("cuts nobody off: the last way stays in use", () => {
  const { report, closed, down } = quotaOf({ b: { monthBytes: 1 }, d: { monthBytes: 1 } });
  report("b", 0, 1, 0);
  report("d", 0, 1, 0);
  expect(closed(0)).toEqual(["b month", "d month"]);
  // One way only: there is a way from a to c, and none back.
  down("c", "a");
  expect(closed(0)).toEqual(["b month", "d month needed"]);
  // A node that is dead needs no way.
  for (const each of ["a", "c"]) {
    down(each, "d");
    down("d", each);
  }
  expect(closed(0)).toEqual(["b month needed", "d month"]);
});

it("closes several that only matter together as far as it can", () => {
  const line = quotaOf({ b: { monthBytes: 1 } }, ["a b", "b c"]);
  line.report("b", 0, 1, 0);
  expect(line.closed(0)).toEqual(["b month needed"]);
});
