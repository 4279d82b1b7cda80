// The oracle's verdicts on whole networks: the examples work, and every way to die is told with its place.
import { describe, expect, it } from "vitest";
import type { Address, Prefix } from "../address.ts";
import type { NodeState, Route } from "../node-state.ts";
import type { MeasuredPath, PathSpec } from "../spec.ts";
import { check } from "./check.ts";
import type { HostOptions } from "./machine.ts";
import { build, change, changeInterface, specOf, threeNodes } from "./network.fixture.ts";

const LINES = ["a -> b -> c", "c -> a"];
const A = "192.168.51.5/32" as Prefix;
const B = "192.168.51.1/32" as Prefix;
const C = "192.168.51.2/32" as Prefix;

const directionOf = (states: readonly NodeState[], pair: string, lines = LINES, options: HostOptions = {}) =>
  check(specOf(states, lines), states, options).directions.find(({ from, to }) => `${from} ${to}` === pair);

const brokenOf = (states: readonly NodeState[], pair: string, lines = LINES, options: HostOptions = {}) => {
  const broken = directionOf(states, pair, lines, options)?.broken;
  return broken && `${broken.reason} ${broken.message}`;
};

const sysctl = (states: readonly NodeState[], node: string, key: string, value: string): NodeState[] =>
  change(states, node, ({ sysctls }) => ({
    sysctls: [...sysctls.filter((each) => each.key !== key), { key, value }],
  }));

const withoutRoute = (states: readonly NodeState[], node: string, prefix: Prefix): NodeState[] =>
  change(states, node, ({ routes }) => ({ routes: routes.filter((route) => route.prefix !== prefix) }));

const reroute = (
  states: readonly NodeState[],
  node: string,
  prefix: Prefix,
  part: Partial<Route>,
): NodeState[] =>
  change(states, node, ({ routes }) => ({
    routes: routes.map((route) => (route.prefix === prefix ? Object.assign({}, route, part) : route)),
  }));

const hide = (states: readonly NodeState[], node: string, name: string): NodeState[] =>
  changeInterface(states, node, name, ({ peer }) => {
    const { endpoint, ...rest } = peer;
    return endpoint ? { peer: rest } : {};
  });

/** Why `a => c` with some options is broken, where packets go through b. */
const measuredBy = (part: Partial<MeasuredPath>): string | undefined => {
  const states = threeNodes();
  const spec = specOf(states, ["a => c"]);
  const paths = spec.paths.map((line): PathSpec => Object.assign({}, line, part));
  const { directions } = check({ ...spec, paths }, states);
  return directions.find(({ from, to }) => from === "a" && to === "c")?.broken?.message;
};

const allow = (states: readonly NodeState[], node: string, name: string, allowedIps: Prefix[]): NodeState[] =>
  changeInterface(states, node, name, ({ peer }) => ({ peer: { ...peer, allowedIps } }));

describe("three nodes, a -> b -> c and c -> a", () => {
  it.each([4, 6, "both"] as const)("goes through b there and directly back (family %s)", (family) => {
    const states = threeNodes(family);
    const { ok, diagnostics, directions } = check(specOf(states, LINES), states);
    expect(diagnostics).toEqual([]);
    expect(ok).toBe(true);
    expect(directions.map(({ path }) => path.join(" -> "))).toEqual([
      "a -> b",
      "a -> b -> c",
      "b -> a",
      "b -> c",
      "c -> a",
      "c -> b",
    ]);
    expect(directions[1]).toEqual({
      from: "a",
      to: "c",
      path: ["a", "b", "c"],
      tunnels: ["a - b", "b - c"],
      mtu: 1420,
    });
  });

  it("stands a named direction's diagnostic at its line, another's at the file's start", () => {
    const states = threeNodes();
    const dead = changeInterface(states, "b", "wg-c", () => ({ publicKey: "another" }));
    const { ok, diagnostics } = check(specOf(dead, LINES), dead);
    expect(ok).toBe(false);
    expect(diagnostics.map(({ code, at }) => `${at.line}:${at.column} ${code}`)).toEqual([
      "10:5 no-handshake",
      "1:1 no-handshake",
      "1:1 no-handshake",
    ]);
    expect(diagnostics[0]?.message).toMatch(/^a -> c: at b, by wg-c: no handshake/);
  });
});

describe("a packet dies", () => {
  const states = threeNodes();

  it("for want of a route", () => {
    expect(brokenOf(withoutRoute(states, "b", C), "a c")).toBe("no-route at b: no route to 192.168.51.2");
    expect(brokenOf(withoutRoute(states, "a", C), "a c")).toBe("no-route at a: no route to 192.168.51.2");
    expect(directionOf(withoutRoute(states, "b", C), "a c")).toMatchObject({ path: ["a", "b"], mtu: 0 });
  });

  it("where the only way is the host's default route", () => {
    const broken = brokenOf(withoutRoute(states, "a", C), "a c", LINES, { defaultRoute: true });
    expect(broken).toMatch(/^no-route at a: only the default route leads to 192.168.51.2/);
  });

  it("where a route names an interface that is not there, or a source that is not the node's", () => {
    expect(brokenOf(reroute(states, "b", C, { interface: "wg-x" }), "a c")).toMatch(
      /^no-route at b: .*wg-x, and there is no such/,
    );
    expect(brokenOf(reroute(states, "b", C, { source: "192.0.2.9" as Address }), "a c")).toMatch(
      /^no-route at b: .*192.0.2.9 is no address/,
    );
  });

  it("at encrypt, and by the wrong interface", () => {
    const message =
      'allowed-ips-encrypt at b, by wg-c: 192.168.51.2 is not in the allowed IPs ("Required key not available")';
    expect(brokenOf(allow(states, "b", "wg-c", [A]), "a c")).toBe(message);
    expect(brokenOf(reroute(states, "a", B, { interface: "wg-c" }), "a b")).toMatch(
      /^allowed-ips-encrypt at a, by wg-c: 192.168.51.1/,
    );
    // The firewall forwards before WireGuard encrypts.
    expect(brokenOf(reroute(states, "b", C, { interface: "wg-a" }), "a c")).toMatch(
      /^forward-guard at b, by wg-a: .* to wg-a/,
    );
  });

  it("at decrypt", () => {
    const broken = brokenOf(allow(states, "c", "wg-b", [B]), "a c");
    expect(broken).toBe(
      "allowed-ips-decrypt at c, by wg-b: WireGuard drops it: 192.168.51.5 is not in the allowed IPs",
    );
    expect(directionOf(allow(states, "c", "wg-b", [B]), "a c")?.path).toEqual(["a", "b", "c"]);
  });

  it("by strict rp_filter", () => {
    const message =
      "rp-filter at c, by wg-b: rp_filter 1 drops it: the way back to 192.168.51.5 leaves by wg-a";
    expect(brokenOf(sysctl(states, "c", "net.ipv4.conf.wg-b.rp_filter", "1"), "a c")).toBe(message);
    // The larger of the two counts, and 2 is larger than 1.
    expect(brokenOf(sysctl(states, "c", "net.ipv4.conf.all.rp_filter", "1"), "a c")).toBeUndefined();
  });

  it("by loose rp_filter without a way back, unless the host has a default route", () => {
    const lost = withoutRoute(states, "c", A);
    expect(brokenOf(lost, "a c")).toBe(
      "rp-filter at c, by wg-b: rp_filter 2 drops it: there is no way back to 192.168.51.5",
    );
    expect(brokenOf(lost, "a c", LINES, { defaultRoute: true })).toBeUndefined();
    expect(brokenOf(sysctl(lost, "c", "net.ipv4.conf.wg-b.rp_filter", "0"), "a c")).toBeUndefined();
  });

  it("by the source guard", () => {
    const bare = change(states, "c", ({ firewall }) => ({
      firewall: { ...firewall, arrivals: firewall.arrivals.filter(({ source }) => source !== A) },
    }));
    expect(brokenOf(bare, "a c")).toMatch(/^source-guard at c, by wg-b: .*192.168.51.5/);
  });

  it("by the forward guard", () => {
    const bare = change(states, "b", ({ firewall }) => ({ firewall: { ...firewall, transits: [] } }));
    expect(brokenOf(bare, "a c")).toMatch(/^forward-guard at b, by wg-a: .*wg-c/);
    expect(brokenOf(bare, "a b")).toBeUndefined();
  });

  it("where forwarding is off", () => {
    const off = sysctl(states, "b", "net.ipv4.ip_forward", "0");
    expect(brokenOf(off, "a c")).toBe(
      "forwarding-off at b: net.ipv4.ip_forward is not 1, so nothing is forwarded",
    );
    const six = sysctl(threeNodes(6), "b", "net.ipv6.conf.all.forwarding", "0");
    expect(brokenOf(six, "a c")).toMatch(/^forwarding-off at b: net.ipv6/);
  });

  it.each([
    ["keys do not match", { publicKey: "another" }, "another public key"],
    ["ports do not match", { listenPort: 4711 }, undefined],
    ["the other end belongs to another tunnel", { tunnel: "b - x" }, "no interface for this tunnel"],
  ])("without a handshake: %s", (_, part, why) => {
    const broken = brokenOf(
      changeInterface(states, "b", "wg-c", () => part),
      "a c",
    );
    // One dialler with a right port is enough: b still dials c.
    if (why === undefined) expect(broken).toBeUndefined();
    else expect(broken).toMatch(new RegExp(`^no-handshake at b, by wg-c: .*${why}`));
  });

  it("without a handshake when two interfaces want one port", () => {
    const twice = changeInterface(states, "b", "wg-c", () => ({ listenPort: 51820 }));
    expect(brokenOf(twice, "a c")).toBe(
      "no-handshake at a, by wg-b: no handshake on a - b: wg-c on b listens on port 51820 too",
    );
  });

  it("without a handshake when nobody can dial", () => {
    expect(brokenOf(hide(states, "b", "wg-c"), "a c")).toBeUndefined();
    expect(brokenOf(hide(hide(states, "b", "wg-c"), "c", "wg-b"), "a c")).toMatch(
      /^no-handshake at b, by wg-c: no handshake on b - c: neither end has an endpoint/,
    );
  });

  it("in a loop, when its TTL is used up", () => {
    const loop = build({
      s: { addresses: "10.0.0.1", ends: { "wg-a": { peer: "a", allowed: "a b t", routes: "a b t" } } },
      a: {
        addresses: "10.0.0.2",
        ends: {
          "wg-s": { peer: "s", allowed: "s", routes: "s" },
          "wg-b": { peer: "b", allowed: "a b s t", routes: "b t" },
        },
        transits: ["wg-s wg-b", "wg-b wg-s", "wg-b wg-b"],
      },
      b: {
        addresses: "10.0.0.3",
        ends: { "wg-a": { peer: "a", allowed: "a s t", routes: "a s t" } },
        transits: ["wg-a wg-a"],
      },
      t: { addresses: "10.0.0.4", ends: {} },
    });
    const direction = directionOf(loop, "s t", ["s => t"]);
    // 64 from s; every node that forwards takes one: a has the even ones.
    expect(direction).toMatchObject({ path: ["s", "a", "b", "a"], mtu: 0 });
    expect(direction?.broken).toEqual({
      at: "b",
      reason: "ttl-exceeded",
      message: "at b: TTL exceeded, for packets go round s -> a -> b -> a",
    });
    expect(brokenOf(loop, "a t", ["a => t"])).toBe(
      "rp-filter at a, by wg-b: dropped as a martian: 10.0.0.2 is this node's own address",
    );
  });

  it("at a node that takes it for its own", () => {
    const thief = change(states, "b", ({ addresses }) => ({
      addresses: [...addresses, "192.168.51.2" as Address],
    }));
    expect(brokenOf(thief, "a c")).toBe("wrong-destination at b: it takes the packets for itself");
    const lan = change(withoutRoute(states, "b", C), "b", ({ firewall }) => ({
      firewall: { ...firewall, prefixes: ["192.168.51.0/24" as Prefix] },
    }));
    expect(brokenOf(lan, "a c")).toBe(
      "wrong-destination at b: it takes the packets for the subnets behind it",
    );
  });
});

describe("MTU and ICMP errors", () => {
  const narrow = changeInterface(threeNodes(), "b", "wg-c", () => ({ mtu: 1380 }));

  it("is the least on the way, which the source must know", () => {
    expect(directionOf(narrow, "a c")).toMatchObject({ mtu: 1380 });
    expect(brokenOf(narrow, "a c")).toBe(
      "mtu-mismatch at a: it sends up to 1420 bytes to c, but b passes 1380 at most by wg-c",
    );
    const known = change(narrow, "a", ({ routes }) => ({
      routes: routes.map((route) => ({ ...route, mtu: 1380 })),
    }));
    expect(brokenOf(known, "a c")).toBeUndefined();
  });

  it("counts the route's MTU, and the way out only", () => {
    const routed = change(threeNodes(), "b", ({ routes }) => ({
      routes: routes.map((route) => ({ ...route, mtu: 1300 })),
    }));
    expect(directionOf(routed, "a c")?.mtu).toBe(1300);
    const receiver = changeInterface(threeNodes(), "c", "wg-b", () => ({ mtu: 1280 }));
    expect(directionOf(receiver, "a c")?.mtu).toBe(1420);
  });

  it("is blind when the error cannot come back", () => {
    // b's errors leave for a by wg-a, and a does not let b in there.
    const deaf = change(narrow, "a", ({ firewall }) => ({
      firewall: { ...firewall, arrivals: firewall.arrivals.filter(({ source }) => source !== B) },
    }));
    const broken = directionOf(deaf, "a c")?.broken;
    expect(broken).toMatchObject({ at: "b", reason: "mtu-blind" });
    expect(broken?.message).toBe(
      "path-MTU discovery is blind: b passes 1380 bytes at most, and its errors to 192.168.51.5 are lost " +
        "at a, by wg-b: the firewall drops it: the plan lets no 192.168.51.1 in here",
    );
  });

  it("needs no error where the source knows the limit itself", () => {
    const known = change(narrow, "a", ({ routes }) => ({
      routes: routes.map((route) => ({ ...route, mtu: 1380 })),
    }));
    const deaf = withoutRoute(known, "b", A);
    // Loose rp_filter at b wants a way back too; with a default route the packet passes, and the error is lost.
    const { ok, diagnostics, directions } = check(specOf(deaf, LINES), deaf, { defaultRoute: true });
    expect(directions.find(({ from, to }) => from === "a" && to === "c")).toMatchObject({ mtu: 1380 });
    expect(directions.find(({ from, to }) => from === "a" && to === "c")?.broken).toBeUndefined();
    expect(ok).toBe(false);
    expect(diagnostics.find(({ at }) => at.line === 10)).toMatchObject({
      code: "silent-transit",
      severity: "error",
    });
  });
});

describe("both families", () => {
  const both = threeNodes("both");

  it("breaks a direction when one family is broken", () => {
    expect(brokenOf(withoutRoute(both, "b", "fd51::2/128" as Prefix), "a c")).toBe(
      "no-route at b: no route to fd51::2",
    );
  });

  it("breaks a direction when they part", () => {
    const direct = change(both, "a", ({ routes }) => ({
      routes: routes.map((route) =>
        route.prefix === "fd51::2/128" ? { ...route, interface: "wg-c" } : route,
      ),
    }));
    expect(brokenOf(direct, "a c")).toMatch(
      /^wrong-path at a: the line says `a -> b -> c`, but packets go a -> c/,
    );
    expect(brokenOf(direct, "a c", ["c -> a"])).toBe(
      "wrong-path at a: packets from fd51::5 go a -> c, those from 192.168.51.5 go a -> b -> c",
    );
  });

  it("has no rp_filter for IPv6, and no IPv6 under 1280 bytes", () => {
    const strict = sysctl(threeNodes(6), "c", "net.ipv4.conf.wg-b.rp_filter", "1");
    expect(brokenOf(strict, "a c")).toBeUndefined();
    const small = changeInterface(threeNodes(6), "b", "wg-c", () => ({ mtu: 1279 }));
    expect(brokenOf(small, "a c")).toMatch(/^no-route at b: no route to fd51::2: .*1279/);
  });
});

describe("lines", () => {
  const states = threeNodes();

  it("holds packets to a pinned line", () => {
    expect(brokenOf(states, "a c", ["a -> c"])).toBe(
      "wrong-path at a: the line says `a -> c`, but packets go a -> b -> c",
    );
    expect(brokenOf(states, "a c", ["all -> all", "a -> b -> c"])).toBeUndefined();
    expect(brokenOf(states, "a c", ["all -> all"])).toMatch(/^wrong-path/);
    expect(brokenOf(states, "b c", ["all -> b -> c"])).toBeUndefined();
  });

  it("holds packets to a measured line's options", () => {
    expect(measuredBy({})).toBeUndefined();
    expect(measuredBy({ via: ["b"] })).toBeUndefined();
    expect(measuredBy({ via: [] })).toBe("at a: the line goes via nobody only, but packets go a -> b -> c");
    expect(measuredBy({ avoid: ["b"] })).toBe("at a: the line avoids b, but packets go a -> b -> c");
    expect(measuredBy({ maxHops: 1 })).toBe("at b: the line has at most 1 hops, but packets go a -> b -> c");
  });

  it("holds packets to a forwarder", () => {
    const forwarded = build({
      local: {
        addresses: "192.168.51.3",
        ends: {
          "wg-hkg": { peer: "remote", forwarder: "hkg", allowed: "remote", arrivals: "", routes: "remote" },
          "wg-remote": { peer: "remote", allowed: "remote" },
        },
      },
      remote: {
        addresses: "192.168.51.2",
        ends: {
          "wg-hkg": { peer: "local", forwarder: "hkg", allowed: "local" },
          "wg-local": { peer: "local", allowed: "local", arrivals: "", routes: "local" },
        },
      },
    });
    const lines = ["local -[hkg]-> remote", "remote -> local"];
    const { ok, directions } = check(specOf(forwarded, lines), forwarded);
    expect(ok).toBe(true);
    expect(directions.map(({ tunnels }) => tunnels)).toEqual([["local - remote [hkg]"], ["local - remote"]]);
    // The dialled port is the forwarder's: any will do.
    const dialled = changeInterface(forwarded, "local", "wg-hkg", ({ peer }) => ({
      peer: { ...peer, endpoint: { host: "fwd.example.net", port: 14967 } },
    }));
    expect(brokenOf(dialled, "local remote", lines)).toBeUndefined();
    expect(brokenOf(forwarded, "local remote", ["local -> remote"])).toBe(
      "wrong-path at local: the line says `local -> remote`, but packets go local -[hkg]-> remote",
    );
  });

  it("tells of a node without a state", () => {
    const spec = specOf(states, LINES);
    expect(check(spec, states.slice(0, 2)).diagnostics[0]).toMatchObject({
      code: "no-state",
      at: { line: 5 },
    });
  });
});
