// Verdicts on networks with more to them: source rules, subnets behind nodes, isolation, forged sources.
import { describe, expect, it } from "vitest";
import type { Address, Prefix } from "../address.ts";
import { FIRST_TABLE, RULE_PRIORITY } from "../node-state.ts";
import { check } from "./check.ts";
import { accepts } from "./forgery.ts";
import { build, change, specOf, threeNodes } from "./network.fixture.ts";

const EVERYONE = ["a", "b", "h", "x", "y"];
const words = (...names: string[]) => names.join(" ");

const spoke = (last: number, name: string) => ({
  addresses: `10.0.0.${last}`,
  ends: {
    "wg-h": {
      peer: "h",
      allowed: words(...EVERYONE, "e"),
      routes: words(...EVERYONE.filter((each) => each !== name), "e"),
    },
  },
});

const relay = (last: number, name: string) => ({
  addresses: `10.0.0.${last}`,
  ends: {
    "wg-h": {
      peer: "h",
      allowed: words(...EVERYONE, "e"),
      routes: words(...EVERYONE.filter((each) => each !== name)),
    },
    "wg-e": { peer: "e", allowed: "e", routes: "e" },
  },
  transits: ["wg-h wg-e", "wg-e wg-h"],
});

// a and b both send to e through h; a goes on by x, b by y. Answers come back the same way, and h's main says x.
const twoSources = () => {
  const states = build({
    a: spoke(1, "a"),
    b: spoke(2, "b"),
    h: {
      addresses: "10.0.0.3",
      ends: {
        "wg-a": { peer: "a", allowed: "a", routes: "a" },
        "wg-b": { peer: "b", allowed: "b", routes: "b" },
        "wg-x": { peer: "x", allowed: "e x", routes: "e x" },
        "wg-y": { peer: "y", allowed: "e y", routes: "y" },
      },
      transits: ["a b", "a x", "a y", "b a", "b x", "b y", "x a", "x b", "x y", "y a", "y b", "y x"].map(
        (pair) => pair.replace(/\w/g, "wg-$&"),
      ),
    },
    x: relay(4, "x"),
    y: relay(5, "y"),
    e: {
      addresses: "10.0.0.6",
      ends: {
        "wg-x": { peer: "x", allowed: "a b h x y", routes: "a b h x y" },
        "wg-y": { peer: "y", allowed: "a b h x y" },
      },
    },
  });
  const E = "10.0.0.6/32" as Prefix;
  const source = "10.0.0.3" as Address;
  return change(states, "h", ({ routes }) => ({
    routes: [...routes, { prefix: E, interface: "wg-y", table: FIRST_TABLE, source }],
    rules: [{ priority: RULE_PRIORITY, iif: "wg-b", from: "10.0.0.2/32" as Prefix, table: FIRST_TABLE }],
  }));
};

const LINES = ["a -> h -> x -> e", "b -> h -> y -> e"];
const pathsOf = (states: ReturnType<typeof build>, lines: readonly string[]) =>
  check(specOf(states, lines), states).directions.map(
    ({ path, broken }) => path.join(" ") + (broken ? " †" : ""),
  );

describe("two sources with two next hops", () => {
  const states = twoSources();

  it("parts them by a rule, while the node's own traffic follows main", () => {
    const paths = pathsOf(states, LINES);
    expect(paths).toContain("a h x e");
    expect(paths).toContain("b h y e");
    expect(paths).toContain("h x e");
    expect(check(specOf(states, LINES), states).diagnostics).toEqual([]);
  });

  it.each([
    ["of an interface that is gone", { iif: "wg-gone" }],
    ["for another source", { from: "10.0.0.1/32" as Prefix }],
    ["of another interface", { iif: "wg-a" }],
    ["to an empty table, which main follows", { table: FIRST_TABLE + 1 }],
  ])("finds a rule %s", (_, part) => {
    const without = change(states, "h", ({ rules }) => ({
      rules: rules.map((rule) => Object.assign({}, rule, part)),
    }));
    const { directions, diagnostics } = check(specOf(without, LINES), without);
    const direction = directions.find(({ from, to }) => from === "b" && to === "e");
    expect(direction?.broken).toEqual({
      at: "h",
      reason: "wrong-path",
      message: "at h: the line says `b -> h -> y -> e`, but packets go b -> h -> x -> e",
    });
    expect(diagnostics).toMatchObject([{ code: "wrong-path", at: { line: 11 } }]);
  });

  it("finds the rule removed", () => {
    const without = change(states, "h", () => ({ rules: [] }));
    expect(pathsOf(without, LINES)).toContain("b h x e †");
  });

  it("lets the rule that stands first win", () => {
    const wide = change(states, "h", ({ rules }) => ({
      rules: [
        { ...rules[0]!, priority: RULE_PRIORITY - 1, from: "10.0.0.0/24" as Prefix, table: 1 },
        ...rules,
      ],
      routes: [
        ...states[2]!.routes,
        { prefix: "0.0.0.0/0" as Prefix, interface: "wg-x", table: 1, source: "10.0.0.3" as Address },
      ],
    }));
    expect(pathsOf(wide, LINES)).toContain("b h x e †");
  });

  it("looks the way back up by the rules of the interface that a packet leaves by", () => {
    // h has no way back to b in main: only packets that come in by wg-y, where e's answers to b do, have one.
    const bound = change(states, "h", ({ routes, rules }) => ({
      routes: routes.map((route) =>
        route.prefix === "10.0.0.2/32" ? { ...route, table: FIRST_TABLE + 1 } : route,
      ),
      rules: [...rules, { ...rules[0]!, iif: "wg-y", from: "10.0.0.6/32" as Prefix, table: FIRST_TABLE + 1 }],
    }));
    const toE = check(specOf(bound, LINES), bound).directions.find(
      ({ from, to }) => from === "b" && to === "e",
    );
    // The packet passes, but h's own errors have no way to b.
    expect(toE?.path).toEqual(["b", "h", "y", "e"]);
    const toX = check(specOf(bound, LINES), bound).directions.find(
      ({ from, to }) => from === "b" && to === "x",
    );
    expect(toX?.broken).toMatchObject({ at: "h", reason: "rp-filter" });
  });
});

describe("subnets behind nodes", () => {
  const states = build({
    a: {
      addresses: "10.0.0.1",
      ends: { "wg-b": { peer: "b", allowed: "b 10.2.0.0/16", routes: "b 10.2.0.0/16" } },
      prefixes: "10.1.0.0/16",
    },
    b: {
      addresses: "10.0.0.2",
      ends: { "wg-a": { peer: "a", allowed: "a 10.1.0.0/16", routes: "a 10.1.0.0/16" } },
      prefixes: "10.2.0.0/16",
    },
  });
  const lines = ["a -> b", "b -> a"];
  const toB = (each: typeof states) => check(specOf(each, lines), each).directions[0]?.broken;

  it("go between them as the nodes do", () => {
    expect(check(specOf(states, lines), states)).toMatchObject({ ok: true, diagnostics: [] });
  });

  it("need a route, a firewall and forwarding at both ends", () => {
    const routeless = change(states, "a", ({ routes }) => ({ routes: routes.slice(0, 1) }));
    expect(toB(routeless)).toMatchObject({ at: "a", reason: "no-route" });
    const off = change(states, "a", ({ sysctls }) => ({ sysctls: sysctls.slice(1) }));
    expect(toB(off)).toMatchObject({ at: "a", reason: "forwarding-off" });
    const guarded = change(states, "b", ({ firewall }) => ({
      firewall: { ...firewall, arrivals: firewall.arrivals.slice(0, 1) },
    }));
    expect(toB(guarded)).toMatchObject({ at: "b", reason: "source-guard" });
    const closed = change(states, "b", ({ firewall }) => ({ firewall: { ...firewall, prefixes: [] } }));
    const spec = specOf(states, lines);
    expect(check(spec, closed).directions[0]?.broken).toMatchObject({ at: "b", reason: "no-route" });
  });

  it("lose to a longer route into a tunnel", () => {
    const longer = change(states, "b", ({ routes }) => ({
      routes: [...routes, { ...routes[0]!, prefix: "10.2.0.0/24" as Prefix }],
    }));
    // Sent back to a, where it came from.
    expect(toB(longer)).toMatchObject({ at: "b", reason: "forward-guard" });
  });
});

describe("isolate", () => {
  const states = threeNodes();
  const isolated = (...lines: string[]) => check(specOf(states, lines, { isolate: true }), states);

  it("wants transits and their sources to reach each other, and lets the ends of a tunnel", () => {
    const { ok, directions } = isolated("a -> b -> c", "c -> a");
    expect(ok).toBe(true);
    // b is a transit for a but not for c.
    expect(directions.map(({ path }) => path.join(" "))).toEqual(["a b", "a b c", "b a", "c a"]);
  });

  it("tells of pairs that no line names and that reach each other", () => {
    const { ok, diagnostics } = isolated("b -> c");
    expect(ok).toBe(false);
    expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "not-isolated: a reaches c (a -> b -> c), which no line names",
    ]);
  });
});

describe("no tunnels at all between two islands", () => {
  it("says that nobody can be reached, and where a line names them that it breaks", () => {
    const states = build({
      a: { addresses: "10.0.0.1", ends: {} },
      b: { addresses: "10.0.0.2 fd00::2", ends: {} },
    });
    const { ok, diagnostics, directions } = check(specOf(states, []), states);
    expect({ ok, directions }).toEqual({ ok: false, directions: [] });
    expect(diagnostics.map(({ code }) => code)).toEqual(["no-tunnel", "no-tunnel"]);
    expect(check(specOf(states, ["a -> b"]), states).directions[0]?.broken?.reason).toBe("no-route");
  });

  it("tells of a named pair without a common family", () => {
    const states = build({ a: { addresses: "10.0.0.1", ends: {} }, b: { addresses: "fd00::2", ends: {} } });
    expect(check(specOf(states, ["a => b"]), states).directions[0]?.broken?.message).toBe(
      "at a: it has no address of a family that b has",
    );
  });
});

describe("forged sources", () => {
  const states = threeNodes();
  const [a, b, c, stranger] = ["192.168.51.5", "192.168.51.1", "192.168.51.2", "192.0.2.1"] as Address[];

  it.each([
    ["b", "wg-a", [a]],
    ["b", "wg-c", [c]],
    ["c", "wg-b", [a, b]],
    ["c", "wg-a", [a]],
    // WireGuard would let c in here, for a sends to c this way; the firewall does not.
    ["a", "wg-b", [b]],
    ["a", "wg-c", [c]],
  ])("die at %s, by %s, but for those of the plan", (node, name, planned) => {
    const accepted = [a, b, c, stranger].filter((source) =>
      accepts(states, { node, interface: name }, source!),
    );
    expect(accepted).toEqual(planned);
  });
});
