import { describe, expect, it } from "vitest";
import type { LinkStatus } from "../core/status/links.ts";
import type { DirectionStatus, TunnelStatus } from "../core/status/status.ts";
import type { AgentState } from "./status-agents.ts";
import { spanText, statusText, type StatusReport } from "./status-text.ts";

const tunnel = (index: number, condition: TunnelStatus["condition"]): TunnelStatus => ({
  tunnel: `a-rather-long-name - node-${index} [forwarder]`,
  condition,
  handshakeAgeS: 100 + index,
  ends: [
    {
      node: "a-rather-long-name",
      interface: "wg-x",
      dials: true,
      endpoint: `[2001:db8:1111:2222:3333:4444:5555:${index}]:51820`,
      sentBytes: 123_456_789,
    },
    { node: `node-${index}`, interface: "wg-a", dials: false, sentBytes: 7 },
  ],
});
const direction = (index: number, broken: readonly string[]): DirectionStatus => ({
  from: "a-rather-long-name",
  to: `node-${index}`,
  path: ["a-rather-long-name", "a-transit-in-the-middle", `node-${index}`],
  tunnels: ["x", "y"],
  broken,
  history: [1, 2, null, 40],
  ...(broken.length === 0 && {
    figures: { delay: { guessMs: 115.1, lowestMs: 114.8, highestMs: 117 }, loss: 0.012 },
  }),
});
const report: StatusReport = {
  file: "/a/very/long/folder/with/a/very/long/name/that/somebody/has/chosen/for/it/tofro.yaml",
  tunnels: Array.from({ length: 60 }, (_, index) => tunnel(index, index === 57 ? "down" : "up")),
  links: [],
  agents: new Map(),
  directions: Array.from({ length: 40 }, (_, index) => direction(index, index === 33 ? ["x"] : [])),
  drift: new Map([
    [
      "a",
      {
        kind: "drift",
        commands: ["ip route replace 10.0.0.1/32 dev wg-b src 10.0.0.2 proto 116 mtu 1380 advmss 1340", "x"],
      },
    ],
    ["b", { kind: "none" }],
  ]),
  unreachable: [
    { node: "c", message: "Cannot reach c: ssh: connect to host 192.0.2.1 port 22: Connection timed out" },
  ],
  stamps: new Map(),
  notes: [],
  historyS: 130,
};

describe("status", () => {
  it("keeps to the screen, and shows what is wrong of sixty tunnels", () => {
    const text = statusText(report, { rows: 24 });
    const lines = text.split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toMatch(/^! a-rather-long-name/m);
    expect(text).toMatch(/node-33\n!.*LOST: nothing came through x/);
    expect(text).toMatch(/\.\.\. and \d+ more tunnels/);
    expect(text).toMatch(/\.\.\. and \d+ more directions/);
    expect(text).toMatch(/^! drift at a \(\+1\): ip route replace/m);
    expect(text).toMatch(/^! c cannot be asked/m);
    expect(text).toMatch(/115\.1 ms \(114\.8 to 117\.0\) +1\.2 %/);
  });

  it("shows all where there is no screen", () => {
    const text = statusText(report);
    expect(text.match(/^[! ] a-rather-long-name .* > /gm)).toHaveLength(60);
    expect(text).not.toContain("more tunnels");
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("shows below a tunnel what agents know of its links", () => {
    const links: LinkStatus[] = report.tunnels.slice(0, 3).flatMap(({ tunnel: id, ends }) =>
      [ends, ends.toReversed()].map(([from, to]): LinkStatus => ({
        tunnel: id,
        from: from.node,
        to: to.node,
        condition: "up",
        forMs: 7_300_000,
        delay: { guessMs: 115.1, lowestMs: 114.8, highestMs: 117 },
        jitterMs: 0.4,
        loss: 0.012,
      })),
    );
    const { tunnel: id, from, to } = links[3]!;
    links[3] = { tunnel: id, from, to, condition: "down", forMs: 4_000 };
    links[4] = { ...links[4]!, condition: "held", forMs: 9_999 };
    const text = statusText({ ...report, links });
    expect(text).toContain(
      [
        "    ->  up 2h    115.1 ms (114.8 to 117.0)  jitter 0.4 ms  loss 1.2 %",
        "    <-  up 2h    115.1 ms (114.8 to 117.0)  jitter 0.4 ms  loss 1.2 %",
      ].join("\n"),
    );
    expect(text).toMatch(/  101s .*\n {4}->  up 2h .*\n! {3}<-  DOWN 4s\n {2}a-rather/);
    expect(text).toContain("    ->  held 9s  115.1 ms");
    const [first] = links;
    const { delay: _delay, ...unclocked } = first!;
    expect(statusText({ ...report, links: [unclocked] })).toContain("    ->  up 2h  ?  jitter 0.4 ms");

    // Where not all fit: those that are down.
    const screen = statusText({ ...report, links }, { rows: 24 });
    expect(screen.split("\n").length).toBeLessThanOrEqual(24);
    expect(screen).toContain("!   <-  DOWN 4s\n");
    expect(screen).not.toContain("up 2h");
  });

  it("says which agents do not answer, and what is wrong with others", () => {
    const agents: [string, AgentState][] = [
      ["a", { kind: "there", isConnected: true }],
      ["b", { kind: "silent", message: "it does not answer" }],
      ["c", { kind: "other" }],
      ["d", { kind: "there", isConnected: false, trouble: "no interface wg-a" }],
    ];
    const text = statusText({ ...report, agents: new Map(agents) });
    expect(text).toContain("! no answer from the agent of b: it does not answer\n");
    expect(text).toContain("  no figures from the agent of c: `tofro apply --agent` renews it\n");
    expect(text).toContain("! trouble of the agent of d: no interface wg-a\n");
    expect(text).toContain("! the agent of d does not reach the controller\n");
    expect(text).not.toContain("agent of a");
  });

  it.each([
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [7199, "119m"],
    [7200, "2h"],
    [400_000, "4d"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(spanText(seconds)).toBe(text);
  });
});
