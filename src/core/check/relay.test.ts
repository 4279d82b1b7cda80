// Every way in which a node that forwards can fail its tunnel is found, and named.
import { describe, expect, it } from "vitest";
import type { Address, Prefix } from "../address.ts";
import type { NodeState, UdpForward } from "../node-state.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { check } from "./check.ts";
import { change, changeInterface } from "./network.fixture.ts";

const { spec } = parse(
  `overlay: 10.0.0.0/24
nodes:
  a: { endpoint: 192.0.2.1 }
  b: { endpoint: b.example }
  c: { endpoint: 192.0.2.3 }
forwarders: { x: { on: b, to: c } }
paths: ["a -[x]-> c", c -> a, a <-> b]
`,
  "t.yaml",
);
const { states } = compile(spec!);

const said = (changed: readonly NodeState[]): string | undefined =>
  check(spec!, changed).diagnostics.find(({ message }) => message.startsWith("a -> c"))?.message;

const forwards = (changed: (forward: UdpForward) => readonly UdpForward[]): NodeState[] =>
  change(states, "b", ({ firewall }) => ({
    firewall: { ...firewall, forwards: firewall.forwards!.flatMap(changed) },
  }));

describe("a forwarder that is on a node", () => {
  it("carries its tunnel, and its node need not be in one", () => {
    expect(check(spec!, states).diagnostics).toEqual([]);
    const alone = { ...spec!, paths: spec!.paths.slice(0, 2) };
    expect(check(alone, compile(alone).states).diagnostics).toEqual([]);
  });

  it.each<[string, readonly NodeState[], string]>([
    ["nothing there", forwards(() => []), "b forwards nothing that comes to port 51821"],
    [
      "another port",
      forwards((each) => [{ ...each, port: 4000 }]),
      "b forwards nothing that comes to port 51821",
    ],
    [
      "another node",
      forwards((each) => [{ ...each, to: "192.0.2.9" as Address }]),
      "b forwards port 51821 to 192.0.2.9 port 51821, and the other end is at 192.0.2.3 port 51821",
    ],
    [
      "another tunnel there",
      forwards((each) => [{ ...each, toPort: 51820 }]),
      "b forwards port 51821 to 192.0.2.3 port 51820, and the other end is at 192.0.2.3 port 51821",
    ],
    [
      "another dialler",
      forwards((each) => [{ ...each, from: "192.0.2.8" as Address }]),
      "b forwards port 51821 from 192.0.2.8 alone, and 192.0.2.1 dials",
    ],
    [
      "forwarding off",
      change(states, "b", () => ({ sysctls: [] })),
      "b forwards nothing: net.ipv4.ip_forward is not 1",
    ],
    [
      "another host",
      changeInterface(states, "a", "wg-c-x", ({ peer }) => ({
        peer: { ...peer, endpoint: { host: "z.example", port: 51821 } },
      })),
      "a dials z.example, and the forwarder is on b, at b.example",
    ],
    [
      "a route into a tunnel",
      change(states, "b", ({ routes, addresses }) => ({
        routes: [
          ...routes,
          { prefix: "192.0.2.0/24" as Prefix, interface: "wg-a", table: "main", source: addresses[0]! },
        ],
      })),
      "b leads what it forwards into wg-a",
    ],
    [
      "a kill switch",
      change(states, "b", ({ firewall }) => ({
        firewall: {
          ...firewall,
          exits: { inside: [], answers: [], leaving: [], killSwitch: { except: [] } },
        },
      })),
      "b lets nothing out that it forwards: its kill switch is on",
    ],
    ["no state", states.filter(({ node }) => node !== "b"), "there is no state for node b, which forwards"],
  ])("does not with %s", (_, changed, why) => {
    expect(said(changed)).toContain(`no handshake on a - c [x]: ${why}`);
  });

  it("takes its port from a tunnel of the node", () => {
    const shared = changeInterface(states, "b", "wg-a", () => ({ listenPort: 51821 }));
    const messages = check(spec!, shared).diagnostics.map(({ message }) => message);
    expect(messages.join("\n")).toContain("x on b listens on port 51821 too");
  });
});
