// Listings as nft 1.0.6 prints them.
import { describe, expect, it } from "vitest";
import { elementChanges, joinListings } from "./firewall-listing.ts";

const listing = (
  arrivals: readonly string[],
  transits: readonly string[],
  rule = "counter drop",
): string => `table inet tofro {
\tset transits {
\t\ttype ifname . ifname
\t\tcounter
${elements(transits)}\t}

\tset arrivals4 {
\t\ttype ifname . ipv4_addr
\t\tflags interval
${elements(arrivals)}\t}

\tchain pass {
\t\ttype filter hook forward priority filter; policy accept;
\t\tiifname @tunnels ${rule}
\t}
}`;

/** nft writes two elements a line. */
function elements(list: readonly string[]): string {
  if (list.length === 0) return "";
  const lines = [];
  for (let index = 0; index < list.length; index += 2) lines.push(list.slice(index, index + 2).join(", "));
  return `\t\telements = { ${lines.join(",\n\t\t\t     ")} }\n`;
}

const [B1, B2, C1] = ['"wg-b" . 10.0.0.1', '"wg-b" . 10.0.0.2', '"wg-c" . 10.0.0.1'];
const PAIR = '"wg-b" . "wg-c" counter';
const asObject = (from: string, to: string) => {
  const changes = elementChanges(from, to);
  return changes && { add: Object.fromEntries(changes.add), remove: Object.fromEntries(changes.remove) };
};

describe("elements", () => {
  it("are told apart set by set, in whatever order the kernel lists them", () => {
    expect(asObject(listing([B1, B2, C1], []), listing([C1, B1], [PAIR]))).toEqual({
      add: { transits: [PAIR] },
      remove: { arrivals4: [B2] },
    });
    expect(asObject(listing([B1, B2, C1], []), listing([C1, B2, B1], []))).toEqual({ add: {}, remove: {} });
    expect(asObject(listing([], [PAIR]), listing([B1, B2, C1], []))).toEqual({
      add: { arrivals4: [B1, B2, C1] },
      remove: { transits: [PAIR] },
    });
  });

  it("are not enough when a rule differs, or when an interval would overlap one that is there", () => {
    expect(asObject(listing([B1], []), listing([B1], [], "counter accept"))).toBeUndefined();
    expect(asObject(listing([B1], []), listing(['"wg-b" . 10.0.0.0/24'], []))).toBeUndefined();
    expect(asObject(listing([B1], []), listing(['"wg-c" . 10.0.0.0/24'], []))).toBeDefined();
    const [one, many] = [`${B1} counter`, '"wg-b" . 10.0.0.0/24 counter'];
    expect(asObject(listing([one], []), listing([many], []))).toBeUndefined();
  });
});

describe("joined listings", () => {
  it("let through what either lets through, and have no interval inside another", () => {
    const joined = joinListings(listing([B1, C1], []), listing(['"wg-b" . 10.0.0.0/24'], [PAIR]));
    expect(asObject(joined, listing(['"wg-b" . 10.0.0.0/24', C1], [PAIR]))).toEqual({ add: {}, remove: {} });
  });

  it("have elements that count in sets that count alone", () => {
    const counting = (arrivals: readonly string[]): string =>
      listing(
        arrivals.map((each) => `${each} counter`),
        [],
      ).replace("flags interval\n", "flags interval\n\t\tcounter\n");
    const on = joinListings(listing([B1, B2], []), counting([B2, C1]));
    expect(asObject(on, counting([B1, B2, C1]))).toEqual({ add: {}, remove: {} });
    const off = joinListings(counting([B1, B2]), listing([B2, C1], []));
    expect(asObject(off, listing([B1, B2, C1], []))).toEqual({ add: {}, remove: {} });
  });
});
