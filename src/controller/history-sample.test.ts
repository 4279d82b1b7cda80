import { expect, it } from "vitest";
import { Controller } from "../core/agent/controller.ts";
import { linksOf } from "../core/agent/links.ts";
import type { LinkReport } from "../core/agent/messages.ts";
import { PATIENCE } from "../core/choose/defaults.ts";
import { networkOf } from "../core/choose/network.ts";
import { linesByPair } from "../core/lines.ts";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { COLUMNS, decodeLink, decodePair } from "./history-columns.ts";
import { Figures, layoutOf } from "./history-figures.ts";
import { Sampler } from "./history-sample.ts";

const FILE = `overlay: 10.0.0.0/24
nodes:
  a: { endpoint: 198.51.100.1 }
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
paths: [a => c, a <-> b, b <-> c, c -> a]
`;
/** Of clocks that are hours apart. */
const OFFSETS: Readonly<Record<string, number>> = { a: 0, b: 9e6, c: -4e6 };
const DELAYS: Readonly<Record<string, number>> = {
  "a c": 55,
  "c a": 15,
  "a b": 8,
  "b a": 8,
  "b c": 7,
  "c b": 7,
};

function network() {
  const { spec } = parse(FILE, "tofro.yaml");
  const { topology } = compile(spec!, { nodes: new Map() });
  const links = linksOf(topology);
  const measured = [...linesByPair(spec!)].flatMap(([pair, { kind }]) => (kind === "measured" ? [pair] : []));
  const options = {
    links,
    network: networkOf(spec!, topology),
    tunnels: topology.tunnels.map(({ id }) => id),
    measured,
  };
  const core = new Controller(
    { ...options, nodes: spec!.nodes, print: "x", patience: PATIENCE, lossWeightMs: 1000 },
    0,
  );
  const sampler = new Sampler(options);
  const figures = new Figures(sampler.sampled);
  const sample = (nowMs: number) => figures.of(sampler.sample(core, nowMs, nowMs)!);
  return { links, core, sampler, sample };
}

type Ends = readonly [string, string];

/** All agents join and say once what they hear; of a link that is down they say that. */
function report({ links, core }: ReturnType<typeof network>, nowMs: number, down: string | undefined): void {
  const ends = (link: number): Ends => [
    links.names[links.senders[link]!]!,
    links.names[links.receivers[link]!]!,
  ];
  links.names.forEach((node, index) => {
    core.heard(node, { kind: "join", network: "x", life: index + 1, epoch: 0 }, nowMs);
  });
  links.names.forEach((node, index) => {
    const own = links.incoming[index]!;
    const reports = own.flatMap((link): LinkReport[] => {
      const [from, to] = ends(link);
      if (`${from} ${to}` === down) return [];
      const rawMs = DELAYS[`${from} ${to}`]! + OFFSETS[to]! - OFFSETS[from]!;
      const losses = [{ windowMs: 2000, sent: 40, lost: from === "a" && to === "c" ? 4 : 0 }];
      return [
        { link, life: links.senders[link]! + 1, samples: 100, rawMs, boundMs: rawMs, jitterMs: 0.5, losses },
      ];
    });
    const notices = own.flatMap((link) =>
      ends(link).join(" ") === down ? [{ link, down: true, life: 1, number: 1 }] : [],
    );
    core.heard(node, { kind: "report", epoch: 0, links: reports, notices }, nowMs);
  });
}

it("has every link as an interval, and measured pairs by their way and directly, whatever the clocks say", () => {
  const all = network();
  report(all, 1000, undefined);
  const { sampler, core } = all;
  const sample = all.sample(1500);
  const layout = layoutOf(sampler.sampled);
  expect(layout.links).toHaveLength(6);
  expect(layout.pairs).toEqual([{ from: "a", to: "c" }]);
  const width = COLUMNS.link.length;
  const linkOf = (from: string, to: string) => {
    const at = layout.links.findIndex(
      (each, link) => each.from === from && all.links.names[all.links.receivers[link]!] === to,
    );
    return decodeLink(sample.figures.subarray(at * width, (at + 1) * width));
  };
  for (const [ends, delay] of Object.entries(DELAYS)) {
    const [from, to] = ends.split(" ") as [string, string];
    const { delayMs, jitterMs, isDown } = linkOf(from, to);
    expect(delayMs!.low).toBeLessThanOrEqual(delay);
    expect(delayMs!.high).toBeGreaterThanOrEqual(delay);
    expect([jitterMs, isDown]).toEqual([0.5, false]);
  }
  expect(linkOf("a", "c").loss).toBeCloseTo(0.1, 4);
  expect(sample.paths).toEqual([[0, ["a", "c"]]]);
  const pair = decodePair(sample.figures.subarray(6 * width));
  expect(pair.directDelayMs).toEqual(pair.delayMs);
  expect(pair.loss).toBeCloseTo(0.1, 4);
  // A way that is as it was is not told again.
  expect(all.sample(2500).paths).toEqual([]);

  // It takes the way over b when its own is down; what is known of that is that it loses all.
  report(all, 7000, "a c");
  for (let nowMs = 7000; nowMs < 8000; nowMs += 100) core.tick(nowMs);
  const later = all.sample(8000);
  expect(later.paths).toEqual([[0, ["a", "b", "c"]]]);
  const moved = decodePair(later.figures.subarray(6 * width));
  expect(moved.directLoss).toBe(1);
  expect(moved.directDelayMs).toBeUndefined();
  expect(moved.loss).toBe(0);
  expect(moved.delayMs!.low).toBeLessThanOrEqual(15);
  expect(moved.delayMs!.high).toBeGreaterThanOrEqual(15);
  expect(sampler.hops[0]).toBe(2);
});

it("has nothing of links of which nothing is known", () => {
  const sample = network().sample(1000);
  expect(decodeLink(sample.figures.subarray(0, COLUMNS.link.length))).toEqual({ isDown: false });
  expect(sample.paths).toEqual([[0, ["a", "c"]]]);
});
