import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { randomNetwork } from "../../test/support/random-network.ts";
import { planSessions } from "./sessions.ts";

describe("sessions", () => {
  it("give no machine a port twice, nor one that is taken there, and both ends one family", () => {
    fc.assert(
      fc.property(randomNetwork({ nodes: { min: 2, max: 8 }, rich: true }), ({ text }) => {
        const { topology } = compile(parse(text, "tofro.yaml").spec!);
        const busy = new Map(topology.nodes.map(({ name }, index) => [name, new Set([61_001 + index])]));
        const sessions = planSessions(topology, topology.tunnels, busy);
        expect(sessions.map(({ tunnel }) => tunnel)).toEqual(topology.tunnels.map(({ id }) => id));
        for (const { name, addresses } of topology.nodes) {
          const ends = sessions.flatMap(({ sender, reflector, port }) =>
            [sender, reflector].filter(({ node }) => node === name).map((end) => ({ end, port })),
          );
          const ports = ends.map(({ port }) => port);
          expect(new Set(ports).size).toBe(ports.length);
          expect(ports.some((port) => busy.get(name)!.has(port))).toBe(false);
          expect(ends.every(({ end }) => addresses.includes(end.address))).toBe(true);
        }
        for (const { sender, reflector } of sessions) {
          expect(sender.address.includes(":")).toBe(reflector.address.includes(":"));
        }
      }),
      { numRuns: 50 },
    );
  });

  it("are sent by the end that dials", () => {
    const text = `overlay: 192.168.51.0/24
nodes:
  server: { endpoint: 203.0.113.2 }
  home: {}
paths: [server <-> home]
`;
    const { topology } = compile(parse(text, "tofro.yaml").spec!);
    const [session] = planSessions(topology, topology.tunnels, new Map());
    expect(session).toMatchObject({ sender: { node: "home" }, reflector: { node: "server" }, port: 61_001 });
  });
});
