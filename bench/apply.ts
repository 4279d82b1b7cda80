// apply on real hosts of a lab, phase by phase: from nothing to 10,000 routes, one route more, and nothing to do.
// `node bench/apply.ts` needs root; times are this machine's, the ratios to the last column's yardstick travel.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { columns } from "../src/commands/columns.ts";
import { run } from "../src/commands/run.ts";
import { labHost } from "../src/lab/lab.ts";

const NAME = `bench-${process.pid}`;
const PHASES = [
  "observing",
  "arming",
  "looking",
  "adding",
  "moving",
  "removing",
  "checking",
  "making",
  "done",
];

/** a -> b -> c and back directly, with that many routes on a, half of them behind b and half behind c. */
function network(routes: number): string {
  const behind = (first: number): string =>
    Array.from({ length: routes / 2 }, (_, index) => `10.${first + (index >> 8)}.${index & 255}.0/24`).join(
      ", ",
    );
  return `overlay: 192.168.51.0/24
nodes:
  a: {}
  b: { endpoint: 198.51.100.1, prefixes: [${behind(16)}] }
  c: { endpoint: 198.51.100.2, prefixes: [${behind(128)}] }
paths: [a -> b -> c, c -> a]
`;
}

async function tofro(argv: readonly string[]): Promise<{ phases: Map<string, number>; ms: number }> {
  const started = performance.now();
  const phases = new Map([["observing", 0]]);
  let [stderr, last, at] = ["", "observing", started];
  const code = await run(argv, {
    stdout: () => undefined,
    stderr: (text) => {
      stderr += text;
      const now = performance.now();
      phases.set(last, (phases.get(last) ?? 0) + now - at);
      [last, at] = [text.split(/\W/)[0]!, now];
    },
    colour: false,
  });
  if (code !== 0) throw new Error(stderr);
  const now = performance.now();
  phases.set(last, (phases.get(last) ?? 0) + now - at);
  return { phases, ms: now - started };
}

/** What the machine needs to make as many routes by `ip -batch` and nothing else. */
async function yardstick(routes: number): Promise<number> {
  const host = await labHost(NAME, "b");
  const lines = Array.from(
    { length: routes },
    (_, i) => `route add 11.${i >> 8}.${i & 255}.0/24 dev lo table 999\n`,
  );
  const started = performance.now();
  await host.run(["ip", "-batch", "-"], { input: lines.join("") });
  const ms = performance.now() - started;
  await host.run(["ip", "route", "flush", "table", "999"]);
  return ms;
}

const folder = mkdtempSync(join(tmpdir(), "tofro-bench-"));
const write = (routes: number): void => writeFileSync(join(folder, "tofro.yaml"), network(routes));
try {
  write(10_000);
  writeFileSync(join(folder, "lab.yaml"), "network: ./tofro.yaml\nunderlay: {}\n");
  await tofro(["lab", "up", join(folder, "lab.yaml"), "--bare", "--name", NAME]);
  const unit = await yardstick(10_000);
  const rows: string[][] = [["", ...PHASES.slice(0, -1), "all", "all / 10,000 routes by ip"]];
  const row = async (what: string): Promise<void> => {
    const { phases, ms } = await tofro(["apply", "--lab", NAME]);
    const cells = PHASES.slice(0, -1).map((name) => phases.get(name));
    rows.push([
      what,
      ...cells.map((each) => (each === undefined ? "-" : `${each.toFixed(0)} ms`)),
      `${ms.toFixed(0)} ms`,
      (ms / unit).toFixed(1),
    ]);
  };
  await row("10,000 routes from nothing");
  await row("nothing to do");
  write(10_002);
  await row("one more behind each");
  write(2);
  await row("10,000 routes fewer");
  process.stdout.write(columns(rows));
} finally {
  await run(["lab", "down", "--name", NAME], {
    stdout: () => undefined,
    stderr: () => undefined,
    colour: false,
  });
  rmSync(folder, { recursive: true, force: true });
}
