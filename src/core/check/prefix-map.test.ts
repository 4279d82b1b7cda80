import { describe, expect, it } from "vitest";
import type { Address, Prefix } from "../address.ts";
import { hostOf, PrefixMap } from "./prefix-map.ts";

const of = (...prefixes: string[]) => new PrefixMap(prefixes.map((prefix) => [prefix as Prefix, prefix]));
const find = (map: PrefixMap<string>, address: string) => map.get(hostOf(address as Address));

describe("PrefixMap", () => {
  it("finds the longest prefix, whatever the order", () => {
    const map = of("0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "10.1.0.0/16", "2001:db8::/32");
    expect(find(map, "10.1.2.3")).toBe("10.1.2.3/32");
    expect(find(map, "10.1.2.4")).toBe("10.1.0.0/16");
    expect(find(map, "10.2.0.0")).toBe("10.0.0.0/8");
    expect(find(map, "192.0.2.1")).toBe("0.0.0.0/0");
    expect(find(map, "2001:db8:ffff::1")).toBe("2001:db8::/32");
    expect(find(map, "2001:db9::")).toBeUndefined();
  });

  it("keeps families apart", () => {
    expect(find(of("::/0"), "192.0.2.1")).toBeUndefined();
    expect(find(of("0.0.0.0/0"), "::1")).toBeUndefined();
  });

  it("lets a later entry replace an earlier one", () => {
    const map = new PrefixMap<number>([
      ["10.0.0.0/8" as Prefix, 1],
      ["10.0.0.0/8" as Prefix, 2],
    ]);
    expect(map.get(hostOf("10.0.0.1" as Address))).toBe(2);
  });
});
