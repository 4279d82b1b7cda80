// Choosing in a full mesh: all pairs from nothing, and a step after one link, a node's or all have changed; time and memory.
// `npm run bench:choose` prints a table; times are this machine's, the ratio to the yardstick travels.
import { columns } from "../src/commands/columns.ts";
import { begin, choose, type View } from "../src/core/choose/choose.ts";
import { PATIENCE } from "../src/core/choose/defaults.ts";
import { graphFrom, type Graph } from "../src/core/choose/graph.ts";
import { optimise } from "../src/core/choose/trees.ts";
import { generator } from "./networks.ts";

const CHANGES = 50;

function timed<Value>(work: () => Value): { value: Value; ms: number } {
  const start = performance.now();
  const value = work();
  return { value, ms: performance.now() - start };
}

/** Sorting a million numbers: what the same machine needs for plain work at the same moment. */
const yardstick = (): number =>
  timed(() => Float64Array.from({ length: 1_000_000 }, (_, index) => Math.sin(index)).sort()).ms;

/** A full mesh of nodes all over a map, with links up to three times as long as the way between their ends. */
function mesh(nodes: number, random: (below: number) => number): { graph: Graph; raw: Float64Array } {
  const senders = new Int32Array(nodes * (nodes - 1));
  for (let x = 0, link = 0; x < nodes; x++)
    for (let y = x + 1; y < nodes; y++) for (const end of [x, y]) senders[link++] = end;
  const graph = graphFrom(nodes, senders);
  const clocks = Float64Array.from({ length: nodes }, () => random(1e9) / 1000);
  const places = Float64Array.from({ length: 2 * nodes }, () => random(100_000) / 1000);
  const raw = Float64Array.from(senders, (x, link) => {
    const y = graph.receivers[link]!;
    const far = Math.hypot(places[2 * x]! - places[2 * y]!, places[2 * x + 1]! - places[2 * y + 1]!);
    return far * (1 + random(2000) / 1000) + clocks[y]! - clocks[x]!;
  });
  return { graph, raw };
}

function measure(nodes: number): string[] {
  const random = generator(1);
  const { graph, raw } = mesh(nodes, random);
  const unit = yardstick();
  const all = timed(() => optimise(graph, raw, new Uint8Array(nodes))).ms;
  const network = { graph, rules: new Map(), isFree: () => true, reserved: new Map() };
  let state = begin(network);
  const step = (costs: Float64Array, nowMs: number): number => {
    const quality: View["quality"] = (link) => ({ delayMs: costs[link]!, jitterMs: 0, loss: 0 });
    const view: View = { costs, quality, closed: new Set(), patience: PATIENCE };
    const { value, ms } = timed(() => choose(network, state, view, nowMs));
    ({ state } = value);
    return ms;
  };
  for (let nowMs = 0; nowMs < 5000; nowMs += 250) step(raw, nowMs);
  const still = step(raw, 5000);
  let now = raw;
  const single = Array.from({ length: CHANGES }, (_, change) => {
    const link = random(graph.links);
    now = now.with(link, now[link]! + (random(2) === 0 ? 20 : -5));
    return step(now, 6000 + change);
  }).sort((x, y) => x - y);
  const dead = now.map((cost, link) =>
    graph.senders[link] === 0 || graph.receivers[link] === 0 ? Infinity : cost,
  );
  const died = step(dead, 7000);
  step(dead, 8000);
  const every = step(
    dead.map((cost) => cost + random(1000) / 1000),
    9000,
  );
  const times = [still, single[CHANGES >> 1]!, single.at(-1)!, died, every];
  return [
    `${nodes} nodes, ${graph.links} links`,
    `${all.toFixed(1)} ms`,
    (all / unit).toFixed(1),
    ...times.map((ms) => `${ms.toFixed(1)} ms`),
    `${Math.round(process.resourceUsage().maxRSS / 1e3)} MB`,
  ];
}

const title = [
  "",
  "all pairs",
  "/ yardstick",
  "nothing new",
  "one link, median",
  "worst",
  "a node dies",
  "all links",
  "most memory",
];
process.stdout.write(columns([title, ...[100, 300, 1000].map(measure)]));
