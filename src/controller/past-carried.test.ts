// Which relays' counters a pair's past tells, and when other pairs may be in them.
import { expect, it } from "vitest";
import { withCarried } from "./past-carried.ts";
import type { PairPast, PastWay } from "./wire.ts";

const way = (...paths: string[][]): PastWay => ({ paths, points: [], moves: [], untold: 0, saved: {} });

/** Both links of each tunnel, `a - b`. */
function linksOf(...tunnels: string[]) {
  const ends = tunnels.flatMap((tunnel) => {
    const [one, other] = tunnel.split(" - ");
    return [
      [one!, other!],
      [other!, one!],
    ] as const;
  });
  const names = [...new Set(ends.flat())];
  return {
    names,
    senders: Int32Array.from(ends, ([from]) => names.indexOf(from)),
    receivers: Int32Array.from(ends, ([, to]) => names.indexOf(to)),
  };
}

/** Of `a b c` as many octets as said; both ends of the time are passed on. */
const readerOf = (octets: Readonly<Record<string, number>>) => ({
  carried: (relay: string, from: string, to: string, fromMs: number, toMs: number) =>
    fromMs === 5 && toMs === 9 ? octets[`${from} ${relay} ${to}`] : undefined,
});

const past = (there: PastWay, back: PastWay): PairPast => ({ fromMs: 5, toMs: 9, stepMs: 1, there, back });

it("tells each relay on the ways that were taken, exactly where nobody else can have sent by it", () => {
  const seen = past(way(["a", "c"], ["a", "b", "c"]), way(["c", "a"]));
  const reader = readerOf({ "a b c": 3e9, "c b a": 7 });
  const three = linksOf("a - b", "b - c", "a - c");
  const told = withCarried(seen, reader, three, "a", "c");
  expect(told.there.carried).toEqual([{ relay: "b", from: "a", to: "c", octets: 3e9 }]);
  // The way back was direct: what b carried then is not of it.
  expect(told.back).toEqual(seen.back);
  // d's packets may come over a.
  const four = linksOf("a - b", "b - c", "a - c", "a - d");
  expect(withCarried(seen, reader, four, "a", "c").there.carried).toEqual([
    { relay: "b", from: "a", to: "c", octets: 3e9, isShared: true },
  ]);
});

it("tells both relays of a longer way, which others use as well, the most first, and none that did not count", () => {
  const links = linksOf("a - b", "b - d", "d - c");
  const seen = past(way(["a", "b", "d", "c"], ["a", "b", "d", "c"], ["a", "e", "c"]), way());
  const reader = readerOf({ "a b d": 10, "b d c": 20 });
  expect(withCarried(seen, reader, links, "a", "c").there.carried).toEqual([
    { relay: "d", from: "b", to: "c", octets: 20, isShared: true },
    { relay: "b", from: "a", to: "d", octets: 10, isShared: true },
  ]);
});

it("tells what the two got from each other, and how much of it by relays, when both have counted", () => {
  const three = linksOf("a - b", "b - c", "a - c");
  const seen = past(way(["a", "b", "c"]), way(["c", "a"]));
  const all = { "a * c": 3, "a  c": 10, "c  a": 48 };
  expect(withCarried(seen, readerOf(all), three, "a", "c").exchanged).toEqual({ octets: 61, relayed: 3 });
  expect(withCarried(seen, readerOf({ "a  c": 10, "c  a": 48 }), three, "c", "a").exchanged).toEqual({
    octets: 58,
    relayed: 0,
  });
  expect(withCarried(seen, readerOf({ "a * c": 3 }), three, "a", "c")).not.toHaveProperty("exchanged");
});
