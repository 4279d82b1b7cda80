import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sqlite from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { COLUMNS, encodeLink, encodePair, pack, unpack, type Kind } from "./history-columns.ts";
import { numberOf, openFile, openForReading } from "./history-file.ts";
import { StoredHistory } from "./history-reader.ts";
import { HistoryStore, type Layout } from "./history-store.ts";
import { writeSeconds } from "./history.fixture.ts";

const T0 = Date.UTC(2026, 10, 27, 8);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const LAYOUT: Layout = {
  links: [
    { tunnel: "a - c", from: "a" },
    { tunnel: "a - c", from: "c" },
  ],
  pairs: [{ from: "a", to: "c" }],
};

const folders: string[] = [];
const place = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tofro-history-"));
  folders.push(folder);
  return join(folder, "tofro", "history.sqlite");
};
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
});

const storeAt = (path: string, layout = LAYOUT): HistoryStore =>
  new HistoryStore(openFile(sqlite, path).db, layout);
const readerOf = (path: string): StoredHistory => new StoredHistory(openForReading(sqlite, path));

interface Second {
  readonly typical?: number;
  readonly isDown?: boolean;
  readonly path?: readonly string[];
}

/** Link a -> c has what is said, c -> a is 5 ms, the pair takes the path. */
function second(atMs: number, { typical = 10, isDown = false, path }: Second = {}) {
  const delayMs = { low: typical - 2, typical, high: typical + 3 };
  const figures = Uint16Array.from([
    ...encodeLink(isDown ? { isDown, loss: 1 } : { delayMs, jitterMs: 1.5, loss: 0.01, isDown }),
    ...encodeLink({ delayMs: { low: 4, typical: 5, high: 6 }, isDown: false }),
    ...encodePair({ delayMs, loss: 0.25, directDelayMs: { low: 1, typical: 2, high: 3 }, directLoss: 0.5 }),
  ]);
  return {
    sample: { atMs, figures, paths: path === undefined ? [] : [[0, path] as const] },
    decisions: [],
    changes: [],
  };
}

describe("columns", () => {
  it("come out of a block as they went in", () => {
    const kinds = fc.constantFrom<Kind>("link", "pair");
    fc.assert(
      fc.property(
        kinds,
        fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 200 }),
        (kind, values) => {
          const width = COLUMNS[kind].length;
          const block = Uint16Array.from(values.slice(0, values.length - (values.length % width)));
          expect(unpack(kind, pack(kind, block))).toEqual(block);
        },
      ),
    );
  });
});

describe("the history", () => {
  it("has every second of the last hour, also of the minute in progress", () => {
    const path = place();
    const store = storeAt(path);
    for (let index = 0; index < 90; index++)
      store.write(
        second(T0 + index * 1000, { typical: index, ...(index === 0 && { path: ["a", "b", "c"] }) }),
      );
    const reader = readerOf(path);
    const points = reader.link("a - c", "a", "hour", T0 + 90_000);
    expect(points.map(({ atMs }) => atMs)).toEqual(
      Array.from({ length: 90 }, (_, index) => T0 + index * 1000),
    );
    expect(points.map(({ delayMs }) => delayMs?.typical)).toEqual(
      Array.from({ length: 90 }, (_, index) => index),
    );
    expect(points[89]).toEqual({
      atMs: T0 + 89_000,
      delayMs: { low: 87, typical: 89, high: 92 },
      jitterMs: 1.5,
      loss: 0.01,
      isDown: false,
    });
    expect(reader.pair("a", "c", "hour", T0 + 90_000)[70]).toEqual({
      atMs: T0 + 70_000,
      delayMs: { low: 68, typical: 70, high: 73 },
      loss: 0.25,
      path: ["a", "b", "c"],
      directDelayMs: { low: 1, typical: 2, high: 3 },
      directLoss: 0.5,
    });
    expect(reader.link("a - c", "b", "hour", T0)).toEqual([]);
    reader.close();
    store.close();
  });

  it("makes minutes and hours of seconds: extremes stay, the rest is the mean, and a way is the commonest", () => {
    const path = place();
    const store = storeAt(path);
    for (let index = 0; index < 2 * 3600 + 120; index++) {
      const isDown = index === 30;
      const way = index === 0 ? ["a", "c"] : index === 40 ? ["a", "b", "c"] : undefined;
      store.write(
        second(T0 + index * 1000, { typical: index < 60 ? 10 : 20, isDown, ...(way && { path: way }) }),
      );
    }
    const reader = readerOf(path);
    const [first, next] = reader.link("a - c", "a", "day", T0 + 2 * HOUR_MS);
    expect(first).toMatchObject({ atMs: T0, delayMs: { low: 8, typical: 10, high: 13 }, isDown: true });
    // 59 seconds with 1 %, and one in which all was lost.
    expect(first!.loss).toBeCloseTo((59 * 0.01 + 1) / 60, 3);
    expect(next).toMatchObject({ atMs: T0 + MINUTE_MS, delayMs: { typical: 20 }, isDown: false });
    const [pair, later] = reader.pair("a", "c", "day", T0 + 2 * HOUR_MS);
    expect([pair!.path, later!.path]).toEqual([
      ["a", "c"],
      ["a", "b", "c"],
    ]);
    const [half] = reader.link("a - c", "a", "month", T0 + 2 * HOUR_MS);
    expect(half).toMatchObject({ atMs: T0, delayMs: { low: 8, high: 23 }, isDown: true });
    const years = reader.link("a - c", "a", "years", T0 + 3 * HOUR_MS);
    expect(years).toHaveLength(1);
    expect(years[0]).toMatchObject({ delayMs: { low: 8, high: 23 }, isDown: true });
    reader.close();
    store.close();
  });

  it("goes on after a restart in the midst of a minute, also when the network has changed", () => {
    const path = place();
    const before = storeAt(path);
    for (let index = 0; index < 20; index++) before.write(second(T0 + index * 1000));
    before.close();
    const other: Layout = { links: [LAYOUT.links[1]!], pairs: [] };
    const after = storeAt(path, other);
    for (let index = 30; index < 70; index++)
      after.write({
        sample: {
          atMs: T0 + index * 1000,
          figures: Uint16Array.from(encodeLink({ jitterMs: 2, isDown: false })),
          paths: [],
        },
        decisions: [],
        changes: [],
      });
    const reader = readerOf(path);
    expect(reader.link("a - c", "a", "hour", T0 + 70_000)).toHaveLength(20);
    const own = reader.link("a - c", "c", "hour", T0 + 70_000);
    expect(own).toHaveLength(60);
    expect(own[0]!.delayMs?.typical).toBe(5);
    expect(own[59]!.jitterMs).toBe(2);
    reader.close();
    after.close();
  });

  it("remembers decisions and changes by name, newest first", () => {
    const path = place();
    const store = storeAt(path);
    const way = { path: ["a", "c"], moreCostMs: 0 };
    const decision = (atMs: number, from: string, to: string) =>
      ({ atMs, from, to, reason: "gain", was: way, is: way, candidates: [way] }) as const;
    store.write({
      decisions: [decision(T0, "a", "c"), decision(T0 + 1000, "c", "a"), decision(T0 + 2000, "a", "c")],
      changes: [
        { atMs: T0, kind: "start", text: "began" },
        { atMs: T0 + 1, kind: "joined", who: "b", text: "b is there" },
      ],
    });
    // Told again, it is still one.
    store.write({ decisions: [], changes: [{ atMs: T0, kind: "start", text: "began" }] });
    const reader = readerOf(path);
    const times = (list: readonly { atMs: number }[]): number[] => list.map(({ atMs }) => atMs - T0);
    expect(times(reader.decisions({ count: 2 }))).toEqual([2000, 1000]);
    expect(times(reader.decisions({ from: "a", to: "c", count: 9 }))).toEqual([2000, 0]);
    expect(times(reader.decisions({ from: "a", beforeMs: T0 + 1999, count: 9 }))).toEqual([0]);
    expect(reader.decisions({ to: "a", count: 1 })[0]).toEqual(decision(T0 + 1000, "c", "a"));
    expect(reader.changes(9)).toEqual([
      { atMs: T0 + 1, kind: "joined", who: "b", text: "b is there" },
      { atMs: T0, kind: "start", text: "began" },
    ]);
    reader.close();
    store.close();
  });

  it("keeps seconds for a day, minutes for a month and hours for two years, and does not grow beyond that", () => {
    const path = place();
    const one: Layout = { links: [LAYOUT.links[0]!], pairs: [] };
    const store = storeAt(path, one);
    const DAY_MS = 24 * HOUR_MS;
    const size = (): number => {
      const db = openForReading(sqlite, path);
      const bytes = numberOf(db, "PRAGMA page_count") * numberOf(db, "PRAGMA page_size");
      db.close();
      return bytes;
    };
    const sizes: number[] = [];
    let atMs = T0;
    const write = (forMs: number, stepMs: number): void => {
      writeSeconds(store, atMs, forMs / stepMs, stepMs, one);
      atMs += forMs;
    };
    // A second of an hour makes an hour, as all of its seconds do.
    write(731 * DAY_MS, 4 * HOUR_MS);
    for (let round = 0; round < 2; round++) {
      write(32 * DAY_MS, 10 * MINUTE_MS);
      write(2 * HOUR_MS, 1000);
      sizes.push(size());
    }
    const endMs = atMs;
    const reader = readerOf(path);
    const first = (table: string): number => {
      const db = openForReading(sqlite, path);
      const block = numberOf(db, `SELECT min(block) FROM ${table}`);
      db.close();
      return block;
    };
    const blockMs = { seconds: MINUTE_MS, minutes: HOUR_MS, hours: 60 * HOUR_MS };
    for (const [table, days] of [
      ["seconds", 1],
      ["minutes", 31],
      ["hours", 731],
    ] as const) {
      const keptMs = endMs - first(table) * blockMs[table];
      expect(keptMs).toBeGreaterThanOrEqual(days * DAY_MS - HOUR_MS);
      expect(keptMs).toBeLessThan(days * DAY_MS + 61 * HOUR_MS);
    }
    expect(reader.link("a - c", "a", "years", endMs).length).toBeGreaterThan(1440);
    expect(reader.link("a - c", "a", "month", endMs).length).toBeGreaterThan(1438);
    expect(reader.link("a - c", "a", "hour", endMs)).toHaveLength(3600);
    expect(sizes[1]).toBeLessThan(1.05 * sizes[0]!);
    reader.close();
    store.close();
  });

  it("is whole up to the last transaction when its process is killed", async () => {
    const path = place();
    const child = execFile(process.execPath, [
      join(import.meta.dirname, "history.fixture.ts"),
      path,
      String(T0),
    ]);
    let told = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => (told += chunk));
    // In the midst of whatever it does then, and not before a minute has been folded.
    while (told.split("\n").length < 150) await sleep(5);
    child.kill("SIGKILL");
    await once(child, "close");
    const said = Number(told.trim().split("\n").at(-1));
    const store = storeAt(path);
    const reader = readerOf(path);
    const points = reader.link("a - c", "a", "hour", said + 60_000);
    // Each that it said to have written, without a gap; it may have written one more than it came to say.
    const expected = (said - T0) / 1000 + 1;
    expect(points.length).toBeGreaterThanOrEqual(Math.min(expected, 3600));
    expect(points.at(-1)!.atMs).toBeGreaterThanOrEqual(said);
    points.slice(1).forEach(({ atMs }, index) => expect(atMs - points[index]!.atMs).toBe(1000));
    const db = openForReading(sqlite, path);
    expect(db.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    db.close();
    store.write(second(said + 120_000));
    reader.close();
    store.close();
  });

  it("puts a broken or foreign file aside, unchanged, and begins anew", () => {
    const foreign = place();
    storeAt(foreign).close();
    const db = new sqlite.DatabaseSync(foreign);
    db.exec("PRAGMA application_id = 7");
    db.close();
    const later = place();
    storeAt(later).close();
    const other = new sqlite.DatabaseSync(later);
    other.exec("PRAGMA user_version = 2");
    other.close();
    const rubbish = place();
    storeAt(rubbish).close();
    writeFileSync(rubbish, "not a database, whatever its name says".repeat(1000));
    const cut = place();
    const store = storeAt(cut);
    for (let index = 0; index < 300; index++) store.write(second(T0 + index * 1000));
    store.close();
    writeFileSync(cut, readFileSync(cut).fill(0x61, 4096));
    for (const [path, why] of [
      [foreign, "another program's"],
      [later, "another version"],
      [rubbish, "not a database"],
      [cut, "malformed"],
    ] as const) {
      const was = readFileSync(path);
      const opened = openFile(sqlite, path);
      expect(opened.trouble).toContain(why);
      expect(readFileSync(`${path}.aside`)).toEqual(was);
      const fresh = new HistoryStore(opened.db, LAYOUT);
      fresh.write(second(T0));
      fresh.close();
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(openFile(sqlite, path).trouble).toBeUndefined();
    }
    const mode = place();
    storeAt(mode).close();
    chmodSync(mode, 0o644);
    openFile(sqlite, mode).db.close();
    expect(statSync(mode).mode & 0o777).toBe(0o600);
    expect(existsSync(`${mode}.aside`)).toBe(false);
  });
});
