// Choosing in a full mesh: all pairs from nothing, and after one link has changed; time and memory.
// `npm run bench:choose` prints a table; times are this machine's, the ratio to the yardstick travels.
import { columns } from "../src/commands/columns.ts";
import { begin, choose, type View } from "../src/core/choose/choose.ts";
import { PATIENCE } from "../src/core/choose/defaults.ts";
import { graphFrom } from "../src/core/choose/graph.ts";
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

function measure(nodes: number): string[] {
  const random = generator(1);
  const senders = new Int32Array(nodes * (nodes - 1));
  for (let x = 0, link = 0; x < nodes; x++)
    for (let y = x + 1; y < nodes; y++) for (const end of [x, y]) senders[link++] = end;
  const graph = graphFrom(nodes, senders);
  const clocks = Float64Array.from({ length: nodes }, () => random(1e9) / 1000);
  // Places on a map, and up to three times the way between them.
  const places = Float64Array.from({ length: 2 * nodes }, () => random(100_000) / 1000);
  const raw = Float64Array.from(senders, (x, link) => {
    const y = graph.receivers[link]!;
    const far = Math.hypot(places[2 * x]! - places[2 * y]!, places[2 * x + 1]! - places[2 * y + 1]!);
    return far * (1 + random(2000) / 1000) + clocks[y]! - clocks[x]!;
  });
  const closed = new Uint8Array(nodes);
  const unit = yardstick();
  const all = timed(() => optimise(graph, raw, closed));
  const network = { graph, rules: new Map(), isFree: () => false, reserved: new Map() };
  const view = (now: Float64Array): View => ({
    costs: now,
    quality: () => undefined,
    closed: new Set(),
    patience: PATIENCE,
  });
  let state = begin(network);
  for (const nowMs of [0, 3000]) state = choose(network, state, view(raw), nowMs).state;
  const single: number[] = [];
  let now = raw;
  for (let change = 0; change < CHANGES; change++) {
    const link = random(graph.links);
    now = now.with(link, now[link]! + (random(2) === 0 ? 20 : -5));
    const step = timed(() => choose(network, state, view(now), 4000 + change));
    state = step.value.state;
    single.push(step.ms);
  }
  single.sort((x, y) => x - y);
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    `${nodes} nodes, ${graph.links} links`,
    ms(all.ms),
    (all.ms / unit).toFixed(1),
    ms(single[CHANGES >> 1]!),
    ms(single.at(-1)!),
    `${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  ];
}

const title = ["", "all pairs", "/ yardstick", "one link, median", "worst", "RSS"];
process.stdout.write(columns([title, ...[100, 300, 1000].map(measure)]));
