// Metrics as Prometheus' own tool judges them, and that what is built upon them names none that is not there.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { agentMetrics } from "../src/agent/metrics.ts";
import { encodeLink, encodePair } from "../src/controller/history-columns.ts";
import { controllerMetrics } from "../src/controller/metrics.ts";
import { exposition } from "../src/core/metrics/exposition.ts";
import { FAMILIES } from "../src/core/metrics/families.ts";
import { promtool } from "./support/promtool.ts";

const CONTRIB = join(import.meta.dirname, "..", "contrib");
const delayMs = { low: 1.25, typical: 15.1, high: 30 };

/** Everything that there is to know. */
const METRICS = [
  ...agentMetrics({
    node: "b",
    startedMs: Date.UTC(2026, 10, 27),
    isConnected: true,
    epoch: 7,
    repairs: 2,
    isTroubled: false,
    carries: { rateBps: 100e6, monthBytes: 5e11 },
    carried: { bps: 8e6, monthBytes: 123 },
    links: [
      {
        tunnel: "a - b",
        from: "a",
        condition: "up",
        figures: {
          life: 1,
          samples: 100,
          rawMs: -1e6,
          boundMs: -1e6,
          jitterMs: 1.5,
          losses: [{ windowMs: 60_000, sent: 1200, lost: 24 }],
        },
      },
      { tunnel: "b - c", from: "c", condition: "down" },
      { tunnel: "b - d", from: "d", condition: "unheard" },
    ],
    tunnels: [{ tunnel: "a - b", peer: "a", received: 123_456_789_012, sent: 5 }],
  }),
  ...controllerMetrics({
    layout: { links: [{ tunnel: "a - b", from: "a" }], pairs: [{ from: "a", to: "c" }] },
    figures: Uint16Array.from([
      ...encodeLink({ delayMs, isDown: false }),
      ...encodePair({ delayMs, directDelayMs: delayMs, loss: 0.25 }),
    ]),
    hops: [2],
    receivers: ["b"],
    agents: [
      { node: "a", isThere: true },
      { node: "c", isThere: false },
    ],
    decisions: new Map([["gain", 3]]),
    failovers: 1,
    closed: [{ node: "b", why: "month" }],
    isOnDisk: true,
  }),
];

describe("metrics", () => {
  it("are what Prometheus' tool takes without a complaint", () => {
    expect(promtool(["check", "metrics"], exposition(METRICS))).toEqual({ code: 0, said: "" });
    // It would complain.
    expect(promtool(["check", "metrics"], "tofro_delay_milliseconds 1\n").said).toContain("milliseconds");
  });

  it("are all served by somebody, and tell what is known and nothing else", () => {
    const text = exposition(METRICS);
    expect(new Set(METRICS.map(({ name }) => name))).toEqual(new Set(Object.keys(FAMILIES)));
    for (const line of [
      'tofro_link_up{from="a",to="b",tunnel="a - b"} 1',
      'tofro_link_up{from="c",to="b",tunnel="b - c"} 0',
      'tofro_link_loss_ratio{from="a",to="b",tunnel="a - b"} 0.02',
      'tofro_link_loss_ratio{from="c",to="b",tunnel="b - c"} 1',
      'tofro_link_delay_seconds{from="a",to="b",tunnel="a - b"} 0.0151',
      'tofro_pair_hops{from="a",to="c"} 2',
      'tofro_carried_bytes_per_second{node="b"} 1000000',
      'tofro_controller_agent_up{node="c"} 0',
    ])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain('from="d"');
    // Raw delays are of clocks apart, and of no use to anybody.
    expect(text).not.toContain("-1");
  });
});

describe("what is built upon them", () => {
  const namesIn = (text: string): Set<string> => new Set(text.match(/\btofro_[a-z_]+/g));
  const known = new Set(Object.keys(FAMILIES));

  it("is alerts that Prometheus takes, and that fire where they should", () => {
    const rules = "contrib/prometheus/tofro.rules.yml";
    expect(promtool(["check", "rules", rules])).toMatchObject({ code: 0 });
    const tested = promtool(["test", "rules", "contrib/prometheus/tofro.rules.test.yml"]);
    expect(tested, tested.said).toMatchObject({ code: 0 });
    const text = readFileSync(join(CONTRIB, "prometheus", "tofro.rules.yml"), "utf8");
    expect([...namesIn(text)].filter((name) => !known.has(name))).toEqual([]);
    // Each of them is among those tested.
    const tests = readFileSync(join(CONTRIB, "prometheus", "tofro.rules.test.yml"), "utf8");
    for (const [, alert] of text.matchAll(/alert: (\w+)/g)) expect(tests).toContain(alert!);
  });

  it("is a dashboard of Grafana that asks for metrics that are there", () => {
    const text = readFileSync(join(CONTRIB, "grafana", "tofro.json"), "utf8");
    const { panels } = JSON.parse(text) as {
      panels: { id: number; targets: { expr: string }[]; gridPos: { x: number; w: number } }[];
    };
    const names = namesIn(text);
    expect([...names].filter((name) => !known.has(name))).toEqual([]);
    expect(names.size).toBeGreaterThan(10);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { targets, gridPos } of panels) {
      expect(targets.length).toBeGreaterThan(0);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    }
    // As Prometheus reads them, once Grafana has filled in its own words.
    const expressions = panels
      .flatMap(({ targets }) => targets.map(({ expr }) => expr))
      .map((expr) => expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$(?:from|to)/g, ".*"));
    const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
    const folder = mkdtempSync(join(tmpdir(), "tofro-metrics-"));
    const file = join(folder, "rules.yml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
    const judged = promtool(["check", "rules", file]);
    rmSync(folder, { recursive: true });
    expect(judged).toMatchObject({
      code: 0,
      said: expect.stringContaining(`${expressions.length} rules found`) as string,
    });
  });
});
