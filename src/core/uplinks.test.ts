import { describe, expect, it } from "vitest";
import { parse } from "./parse.ts";
import { compile } from "./plan.ts";
import { uplinkRules } from "./uplink-rules.ts";

/** How the tunnel between a and b over `u` is dialled: `a dials HOST (keepalive)` for each end that does. */
function dialled(a: string, b: string): string[] {
  const text = `overlay: 10.0.0.0/24\nnodes:\n  a: { ${a} }\n  b: { ${b} }\npaths:\n  - a <-[u]-> b\n`;
  const { spec, diagnostics } = parse(text, "t.yaml");
  expect(diagnostics).toEqual([]);
  const [tunnel] = compile(spec!).topology.tunnels;
  expect(tunnel).toMatchObject({ id: "a - b [u]", uplink: "u" });
  return tunnel!.ends.flatMap(({ node, endpoint, keepaliveS }) =>
    endpoint === undefined
      ? []
      : [`${node} dials ${endpoint.host}${keepaliveS === undefined ? "" : ", kept alive"}`],
  );
}

const V4 = "endpoint: 198.51.100.1";
const OTHER_V4 = "endpoint: 198.51.100.2";
const TABLE = "uplinks: { u: { table: 7 } }";

describe("over an uplink", () => {
  it("that only dials out, its node dials where the other has its address", () => {
    expect(dialled(TABLE, V4)).toEqual(["a dials 198.51.100.1, kept alive"]);
    expect(dialled(`${OTHER_V4}, ${TABLE}`, V4)).toEqual(["a dials 198.51.100.1, kept alive"]);
  });

  it("that has an address and a table, both ends dial", () => {
    expect(dialled("uplinks: { u: { endpoint: 203.0.113.9, table: 7 } }", V4)).toEqual([
      "a dials 198.51.100.1",
      "b dials 203.0.113.9",
    ]);
  });

  it("that both have, by a family of its own, both dial there and not at their other address", () => {
    const uplink = (last: number): string => `uplinks: { u: { endpoint: "2001:db8::${last}" } }`;
    expect(dialled(`${OTHER_V4}, ${uplink(2)}`, `${V4}, ${uplink(1)}`)).toEqual([
      "a dials 2001:db8::1",
      "b dials 2001:db8::2",
    ]);
  });

  it("that is an address alone, its node waits: what it sends first would leave from another", () => {
    const second = "uplinks: { u: { endpoint: 203.0.113.9 } }";
    const v6 = 'uplinks: { u: { endpoint: "2001:db8::9" } }';
    expect(dialled(V4, `${OTHER_V4}, ${second}`)).toEqual(["a dials 203.0.113.9, kept alive"]);
    // The other end has no IPv6 address that it could dial.
    expect(dialled(V4, `${OTHER_V4}, ${v6}`)).toEqual(["a dials 2001:db8::9, kept alive"]);
    expect(dialled(`${V4}, uplinks: { u: { endpoint: 203.0.113.8 } }`, `${OTHER_V4}, ${second}`)).toEqual([
      "a dials 203.0.113.9, kept alive",
    ]);
  });
});

describe("the rules of uplinks", () => {
  const rulesOf = (host: string): string[] => {
    const text = `overlay: 10.0.0.0/24\nnodes:\n  a: { ${TABLE} }\n  b: { endpoint: "${host}" }\npaths:\n  - a <-[u]-> b\n`;
    const { tunnels } = compile(parse(text, "t.yaml").spec!).topology;
    expect(uplinkRules("b", tunnels)).toEqual([]);
    return uplinkRules("a", tunnels).map(({ from, table }) => `${from} ${table}`);
  };

  it("are of the family that is dialled, and of both where that is a name", () => {
    expect(rulesOf("198.51.100.1")).toEqual(["0.0.0.0/0 7", "0.0.0.0/0 unreachable"]);
    expect(rulesOf("2001:db8::1")).toEqual(["::/0 7", "::/0 unreachable"]);
    expect(rulesOf("b.example.net")).toEqual([
      "0.0.0.0/0 7",
      "0.0.0.0/0 unreachable",
      "::/0 7",
      "::/0 unreachable",
    ]);
  });
});
