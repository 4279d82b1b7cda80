// How long a picture of the history takes to be read, and how large the file gets: 400 links, 400 pairs, a month of minutes.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sqlite from "node:sqlite";
import { encodeLink, encodePair, pack, SLOTS } from "../src/controller/history-columns.ts";
import { openFile, openForReading } from "../src/controller/history-file.ts";
import { StoredHistory } from "../src/controller/history-reader.ts";
import { HistoryStore, type Layout } from "../src/controller/history-store.ts";
import { figuresAt } from "../src/controller/history.fixture.ts";

const SIZE = 400;
const HOURS = 30 * 24;
const HOUR_MS = 3_600_000;
const END_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const layout: Layout = {
  links: Array.from({ length: SIZE }, (_, index) => ({ tunnel: `t${index >> 1}`, from: `n${index}` })),
  pairs: Array.from({ length: SIZE }, (_, index) => ({ from: `n${index}`, to: `n${index + 1}` })),
};

const folder = mkdtempSync(join(tmpdir(), "tofro-bench-"));
try {
  const path = join(folder, "history.sqlite");
  const { db } = openFile(sqlite, path);
  const store = new HistoryStore(db, layout);
  const filling = performance.now();
  db.exec("BEGIN");
  const insert = db.prepare("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?)");
  const first = END_MS / HOUR_MS - HOURS;
  for (let hour = 0; hour < HOURS; hour++) {
    for (let series = 0; series < 2 * SIZE; series++) {
      const kind = series < SIZE ? "link" : "pair";
      const block = Array.from({ length: SLOTS }, (_, minute) => {
        const delay = figuresAt(END_MS - (HOURS - hour) * HOUR_MS + minute * 60_000, series);
        return kind === "link"
          ? encodeLink(delay)
          : [...encodePair({ ...delay, directDelayMs: delay.delayMs })];
      });
      insert.run(series + 1, first + hour, pack(kind, Uint16Array.from(block.flat())));
    }
  }
  db.exec("COMMIT");
  console.log(`filled in ${((performance.now() - filling) / 1000).toFixed(0)} s`);
  const size = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(
    `a month of minutes of ${SIZE} links and ${SIZE} pairs: ${size(statSync(path).size + statSync(`${path}-wal`).size)}`,
  );

  const reader = new StoredHistory(openForReading(sqlite, path));
  const time = (what: string, work: (index: number) => { readonly length: number }): void => {
    const times = Array.from({ length: 20 }, (_, index) => {
      const begun = performance.now();
      if (work(index * 7).length === 0) throw new Error(`nothing of ${what}`);
      return performance.now() - begun;
    }).sort((x, y) => x - y);
    console.log(`${what}: ${times[10]!.toFixed(0)} ms, at most ${times.at(-1)!.toFixed(0)} ms`);
  };
  time("a link, 30 days", (index) => reader.link(`t${index >> 1}`, `n${index}`, "month", END_MS));
  time("a pair, 30 days", (index) => reader.pair(`n${index}`, `n${index + 1}`, "month", END_MS));
  time("a link, a day", (index) => reader.link(`t${index >> 1}`, `n${index}`, "day", END_MS));

  const { links, pairs } = layout;
  const sample = (atMs: number) => ({
    atMs,
    figures: Uint16Array.from([
      ...links.flatMap((_, link) => encodeLink(figuresAt(atMs, link))),
      ...pairs.flatMap((_, pair) => encodePair(figuresAt(atMs, pair))),
    ]),
    paths: [],
  });
  const writes: number[] = [];
  for (let second = 0; second < 181; second++) {
    const batch = { sample: sample(END_MS + second * 1000), decisions: [], changes: [] };
    const begun = performance.now();
    store.write(batch);
    writes.push(performance.now() - begun);
  }
  writes.sort((x, y) => x - y);
  console.log(
    `a second is written in ${writes[90]!.toFixed(1)} ms, the end of a minute in ${writes.at(-1)!.toFixed(0)} ms`,
  );
  reader.close();
  store.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
