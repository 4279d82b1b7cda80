import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { setupScript } from "./host-setup.ts";
import { parseLabFile } from "./lab-file.ts";
import { netemLine } from "./netem.ts";
import { planUnderlay, underlayInterface } from "./underlay.ts";
import { settings, wirefilter } from "./wirefilter.ts";

function plan(network: string, lab = "network: ./tofro.yaml\n") {
  const { spec, diagnostics } = parse(network, "tofro.yaml");
  if (spec === undefined) throw new Error(JSON.stringify(diagnostics));
  const { lab: file } = parseLabFile(lab, "lab.yaml", spec);
  if (file === undefined) throw new Error(lab);
  return planUnderlay(spec, file, compile(spec).topology.forwarders);
}

const PORT_FORWARD = readFileSync(new URL("../../examples/port-forward/tofro.yaml", import.meta.url), "utf8");

describe("the underlay", () => {
  test("has a NAT router for each node without endpoint, and a wire for each public pair", () => {
    const { underlay, diagnostics } = plan(PORT_FORWARD);
    expect(diagnostics).toEqual([]);
    expect(underlay.hosts.map(({ name, addresses, role }) => [name, role.kind, ...addresses])).toEqual([
      ["local", "hidden", "192.0.2.1"],
      ["local.nat", "nat", "198.51.100.1"],
      ["remote", "node", "203.0.113.2"],
      ["hkg", "forwarder", "198.51.100.9"],
    ]);
    const wires = underlay.wires.map(
      ({ ends: [a, b] }) => `${a.host} ${a.interface} = ${b.interface} ${b.host}`,
    );
    expect(wires).toEqual([
      "local u-nat = u-local local.nat",
      "local.nat u-remote = u-local remote",
      "local.nat u-hkg = u-local hkg",
      "remote u-hkg = u-remote hkg",
    ]);
    const macs = underlay.wires.flatMap(({ ends }) => ends.map(({ mac }) => mac));
    expect(new Set(macs).size).toBe(8);
  });

  test("has a place for each uplink, with wires for the tunnels over it and the routing table that it names", () => {
    const { underlay, diagnostics } = plan(
      `overlay: 10.0.0.0/24
nodes:
  a: { uplinks: { lte: { table: 102 } } }
  c: { endpoint: 203.0.113.3, uplinks: { second: { endpoint: 203.0.113.4 } } }
paths: ["a -[lte]-> c", "c -[second]-> a"]
`,
      "network: ./tofro.yaml\nunderlay: { 'a -[lte]-> c': { delay: 40ms }, a -> c: { delay: 10ms } }\n",
    );
    expect(diagnostics).toEqual([]);
    const wires = underlay.wires.map(({ ends: [a, b], links }) =>
      [
        `${a.host} ${a.interface} = ${b.interface} ${b.host}`,
        ...(links ?? []).map(({ from, over, impairment }) => `${from} ${over}: ${impairment.delayMs}`),
      ].join(", "),
    );
    expect(wires).toEqual([
      "a u-nat = u-a a.nat",
      "a u-nat~lte = u-a a.lte.nat",
      "a.nat u-c = u-a c, a undefined: 10, c undefined: 0",
      "a.lte.nat u-c~lte = u-a~lte c, a lte: 40, c lte: 0",
      "a.nat u-c~second = u-a~second c, a second: 0, c second: 0",
    ]);
    const [a, c] = ["a", "c"].map((name) =>
      setupScript(
        underlay.hosts.find((host) => host.name === name)!,
        underlay,
      ),
    );
    expect(a).toMatch(/^route add 0.0.0.0\/0 via \S+ dev u-nat src \S+$/m);
    expect(a).toMatch(/^route add 0.0.0.0\/0 via \S+ dev u-nat~lte src \S+ table 102$/m);
    expect(a).toMatch(/^ip -4 rule add from \S+ lookup 102 priority 30000$/m);
    expect(c).toMatch(/^ip -4 rule add from 203.0.113.4\/32 lookup 30000 priority 30000$/m);
    expect(c).not.toMatch(/dev u-a~second src \S+$/m);
  });

  test("forwards with masquerade, so that the peer sees the forwarder's address", () => {
    const { underlay } = plan(PORT_FORWARD);
    const script = setupScript(underlay.hosts[3]!, underlay);
    expect(script).toContain("ip daddr 198.51.100.9 udp dport 14967 dnat ip to 203.0.113.2:51821");
    expect(script).toContain("ct status dnat masquerade");
    expect(script).toContain("ip_forward");
  });

  test("has IPv6 on every host as soon as one address is IPv6", () => {
    const { underlay } = plan(
      `overlay: 198.51.100.0/24
nodes: { a: {}, b: { endpoint: "2001:db8:51::1" }, c: { endpoint: c.example.net } }
paths: [a <-> b, a <-> c]
`,
      "network: ./tofro.yaml\nhosts: { c.example.net: 203.0.113.1 }\n",
    );
    // 198.51.100.0/24 is the overlay and two addresses are taken.
    expect(underlay.hosts.map(({ name, addresses }) => [name, ...addresses])).toEqual([
      ["a", "192.0.2.1", "2001:db8:2::1"],
      ["a.nat", "203.0.113.2", "2001:db8:51::2"],
      ["b", "203.0.113.3", "2001:db8:51::1"],
      ["c", "203.0.113.1", "2001:db8:51::3"],
    ]);
    expect(underlay.etcHosts.split("\n")).toEqual([
      "127.0.0.1 localhost",
      "::1 localhost",
      "203.0.113.2 a.nat",
      "2001:db8:51::2 a.nat",
      "192.0.2.1 a",
      "2001:db8:2::1 a",
      "203.0.113.3 b",
      "2001:db8:51::1 b",
      "203.0.113.1 c",
      "2001:db8:51::3 c",
      "203.0.113.1 c.example.net",
      "",
    ]);
  });

  test("refuses two hosts with one address", () => {
    const { diagnostics } = plan(
      `overlay: 10.0.0.0/24
nodes: { a: {}, b: { endpoint: 203.0.113.1 } }
forwarders: { f: { listen: 203.0.113.1:7, to: b } }
paths: ["a -[f]-> b", b -> a]
`,
    );
    expect(diagnostics.map(({ code, at }) => [code, at.line])).toEqual([["lab-address-twice", 3]]);
  });

  test("names interfaces within 15 bytes, different peers differently", () => {
    expect(underlayInterface("frankfurt-one")).toBe("u-frankfurt-one");
    const long = ["a", "b", "c"].map((last) => underlayInterface(`frankfurt-rack-${last}`));
    expect(new Set(long).size).toBe(3);
    expect(long.every((name) => name.length <= 15)).toBe(true);
  });
});

describe("an impairment", () => {
  const impairment = { delayMs: 55, jitterMs: 8, lossPercent: 2.5, rateBps: 20e6 };

  test("for wirefilter counts bytes, and half a millisecond for what it cuts off", () => {
    expect(settings(impairment)).toEqual([
      ["delay", "LR55.5+8"],
      ["loss", "LR2.5"],
      ["chanbufsize", "LR407500"],
      ["bandwidth", "LR2500000"],
    ]);
    const none = { delayMs: 1.4, jitterMs: 0, lossPercent: 0, rateBps: 0 };
    expect(settings(none).map(([, value]) => value)).toEqual(["LR1", "LR0", "LR0", "LR0"]);
  });

  test("for netem is one line", () => {
    expect(netemLine("u-c", impairment)).toBe(
      "qdisc replace dev u-c root netem limit 292 delay 55000us 8000us loss 2.5% rate 20000000bit",
    );
    expect(netemLine("u-c", { delayMs: 0, jitterMs: 0, lossPercent: 0, rateBps: 0 })).toBe(
      "qdisc replace dev u-c root netem limit 200000 delay 0us 0us rate 0bit",
    );
  });

  test("with wirefilter goes through the internet, but a router's inner wire is plain", () => {
    const { underlay } = plan(PORT_FORWARD);
    const pids = [".internet", ...underlay.hosts.map(({ name }) => name)];
    expect(wirefilter.wireLines(underlay, (host) => pids.indexOf(host)).slice(0, 3)).toEqual([
      "link add name u-nat address 02:74:6f:00:00:00 netns 1 type veth peer name u-local address 02:74:6f:00:00:01 netns 2",
      "link add name u-remote address 02:74:6f:00:01:00 netns 2 type veth peer name w1a netns 0",
      "link add name u-local address 02:74:6f:00:01:01 netns 3 type veth peer name w1b netns 0",
    ]);
  });
});
