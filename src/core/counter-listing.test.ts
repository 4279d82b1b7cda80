// What nft 1.0.6 prints of counting sets, and of others beside them.
import { expect, it } from "vitest";
import { parseCounters } from "./counter-listing.ts";

const counter = { packets: 2, bytes: 168 };
const elem = (val: unknown) => ({ elem: { val, counter } });

it("reads keys of interfaces, addresses and prefixes, and passes over what does not count", () => {
  const elements = [
    elem({ concat: ["wg-b", "10.0.0.1"] }),
    elem({ concat: ["wg-b", { prefix: { addr: "10.7.0.0", len: 16 } }] }),
    elem({ concat: [7, "wg-b"] }),
    elem("wg-c"),
    { concat: ["wg-b", "10.0.0.2"] },
    { prefix: { addr: "10.8.0.0", len: 16 } },
    "wg-d",
  ];
  const json = JSON.stringify({
    nftables: [
      { metainfo: { version: "1.0.6" } },
      { table: { name: "tofro" } },
      { set: { name: "arrivals4", elem: elements } },
      { set: { name: "behind4" } },
      { counter: { name: "sent", ...counter } },
    ],
  });
  const { sets, counters } = parseCounters(json);
  expect(sets.get("arrivals4")).toEqual(
    [["wg-b", "10.0.0.1"], ["wg-b", "10.7.0.0/16"], ["7", "wg-b"], ["wg-c"]].map((key) => ({
      key,
      ...counter,
    })),
  );
  expect(sets.get("behind4")).toEqual([]);
  expect(counters).toEqual(new Map([["sent", counter]]));
});
