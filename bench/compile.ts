// From the file's text to the state of every machine: time and memory, in one fresh process a size.
// `node bench/compile.ts` prints a table; times are this machine's, the ratios to the yardstick travel.
import { execFileSync } from "node:child_process";
import { columns } from "../src/commands/columns.ts";
import { check } from "../src/core/check/check.ts";
import { parse } from "../src/core/parse.ts";
import { compile } from "../src/core/plan.ts";
import { pinnedNetwork } from "./networks.ts";

const SIZES = [
  [100, 1_000],
  [300, 3_000],
  [1_000, 10_000],
] as const;

function timed<Value>(work: () => Value): { value: Value; ms: number } {
  const start = performance.now();
  const value = work();
  return { value, ms: performance.now() - start };
}

/** Sorting a million numbers: what the same machine needs for plain work at the same moment. */
const yardstick = (): number =>
  timed(() => Float64Array.from({ length: 1_000_000 }, (_, index) => Math.sin(index)).sort()).ms;

function measure(nodes: number, lines: number, withCheck: boolean): string[] {
  const text = pinnedNetwork(nodes, lines);
  const unit = yardstick();
  const parsed = timed(() => parse(text, "bench.yaml"));
  const compiled = timed(() => compile(parsed.value.spec!));
  const rss = `${Math.round(process.memoryUsage.rss() / 1e6)} MB`;
  const checked = withCheck
    ? timed(() => check(parsed.value.spec!, compiled.value.states).ok).ms
    : Number.NaN;
  const total = parsed.ms + compiled.ms;
  return [
    `${nodes} nodes, ${lines} lines`,
    ...[parsed.ms, compiled.ms, total, checked].map((ms) => (Number.isNaN(ms) ? "-" : `${ms.toFixed(0)} ms`)),
    (total / unit).toFixed(1),
    rss,
  ];
}

const [nodes, lines] = process.argv.slice(2).map(Number);
if (nodes !== undefined && lines !== undefined) {
  process.stdout.write(JSON.stringify(measure(nodes, lines, nodes <= 300)));
} else {
  const rows = SIZES.map((size) =>
    JSON.parse(
      execFileSync(process.execPath, [import.meta.filename, ...size.map(String)], { encoding: "utf8" }),
    ),
  );
  const title = ["", "parse", "compile", "both", "check", "both / yardstick", "RSS"];
  process.stdout.write(columns([title, ...rows]));
}
