// Figures of a made-up network for the tests and the benchmark. Run as a program it writes them until it is killed, and says so.
import * as sqlite from "node:sqlite";
import { encodeLink, encodePair } from "./history-columns.ts";
import { openFile } from "./history-file.ts";
import { HistoryStore, type Layout } from "./history-store.ts";

/** Writes so many samples. Delays wander and jitter, as real ones do. */
export function writeSeconds(
  store: HistoryStore,
  fromMs: number,
  count: number,
  stepMs: number,
  { links, pairs }: Layout,
): void {
  for (let index = 0; index < count; index++) {
    const atMs = fromMs + index * stepMs;
    const figures = [
      ...links.flatMap((_, link) => encodeLink(figuresAt(atMs, link))),
      ...pairs.flatMap((_, pair) => encodePair(figuresAt(atMs, pair))),
    ];
    const paths = index === 0 ? pairs.map(({ from, to }, pair) => [pair, [from, to]] as const) : [];
    store.write({ sample: { atMs, figures: Uint16Array.from(figures), paths }, decisions: [], changes: [] });
  }
}

/** Of a link or a pair. */
export function figuresAt(atMs: number, index: number) {
  const typical = 20 + (index % 50) + 5 * Math.sin(atMs / 4e6 + index) + wobble(atMs / 1000 + index);
  const delayMs = { low: typical - 8, typical, high: typical + 8 };
  return { delayMs, jitterMs: 1 + wobble(atMs + index), loss: 0.002, isDown: false };
}

/** 0 to 1, the same for the same number. */
function wobble(seed: number): number {
  const value = Math.sin(seed * 12.9898) * 43_758.5453;
  return value - Math.floor(value);
}

const [path, begin] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && path !== undefined) {
  const layout = {
    links: [
      { tunnel: "a - c", from: "a" },
      { tunnel: "a - c", from: "c" },
    ],
    pairs: [{ from: "a", to: "c" }],
  };
  const store = new HistoryStore(openFile(sqlite, path).db, layout);
  for (let atMs = Number(begin); ; atMs += 1000) {
    writeSeconds(store, atMs, 1, 1000, layout);
    process.stdout.write(`${atMs}\n`);
    // The pipe is written to between two transactions.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
