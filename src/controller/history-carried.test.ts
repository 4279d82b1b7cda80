// What relays carried: sums over time, in files of before, and not more of it than there is room for.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sqlite from "node:sqlite";
import { afterEach, expect, it } from "vitest";
import { carriedRecords } from "./carried-records.ts";
import { carry } from "./history-carried.ts";
import { numberOf, openFile, openForReading, openInMemory } from "./history-file.ts";
import { StoredHistory } from "./history-reader.ts";
import { HistoryStore } from "./history-store.ts";
import { DIRECT, RELAYED, type CarriedRecord } from "./history-types.ts";

const T0 = Date.UTC(2026, 10, 27, 8);
const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const NO_LAYOUT = { links: [], pairs: [] };
const OVER_B = ["b", "a", "c"] as const;

const folders: string[] = [];
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
});
const place = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), "tofro-carried-")));
  return join(folders.at(-1)!, "history.sqlite");
};

const record = (
  atMs: number,
  octets: number,
  [relay, from, to]: readonly string[] = OVER_B,
): CarriedRecord => ({
  atMs,
  relay: relay!,
  from: from!,
  to: to!,
  octets,
});
const write = (store: HistoryStore, ...carried: CarriedRecord[]): void =>
  store.write({ decisions: [], changes: [], carried });
/** A second without any link: what is old is forgotten then. */
const tick = (store: HistoryStore, atMs: number): void =>
  store.write({ sample: { atMs, figures: new Uint16Array(0), paths: [] }, decisions: [], changes: [] });

it("is told to the minute, of more than a month to the hour, each direction and relay apart", () => {
  const path = place();
  const store = new HistoryStore(openFile(sqlite, path).db, NO_LAYOUT);
  write(store, record(T0, 1000), record(T0 + 10_000, 500), record(T0 + 5 * MINUTE_MS, 70));
  write(
    store,
    record(T0, 9, ["b", "c", "a"]),
    record(T0, 1e15, ["d", "a", "c"]),
    record(T0, 9e15, ["d", "a", "c"]),
  );
  const reader = new StoredHistory(openForReading(sqlite, path));
  const [relay, from, to] = OVER_B;
  expect(reader.carried(relay, from, to, T0 - HOUR_MS, T0 + HOUR_MS)).toBe(1570);
  expect(reader.carried(relay, from, to, T0 + MINUTE_MS, T0 + HOUR_MS)).toBe(70);
  expect(reader.carried(relay, from, to, T0 + HOUR_MS, T0 + 2 * HOUR_MS)).toBeUndefined();
  expect(reader.carried(relay, to, from, T0, T0 + HOUR_MS)).toBe(9);
  expect(reader.carried("d", from, to, T0, T0 + HOUR_MS)).toBe(1e16);
  expect(reader.carried("e", from, to, T0, T0 + HOUR_MS)).toBeUndefined();
  // Minutes are gone after 31 days, hours are not.
  tick(store, T0 + 40 * DAY_MS);
  expect(reader.carried(relay, from, to, T0, T0 + HOUR_MS)).toBeUndefined();
  expect(reader.carried(relay, from, to, T0, T0 + 40 * DAY_MS)).toBe(1570);
  tick(store, T0 + 740 * DAY_MS);
  expect(reader.carried(relay, from, to, T0, T0 + 740 * DAY_MS)).toBeUndefined();
  reader.close();
  store.close();
});

it("begins in a file that an earlier tofro wrote, and keeps what is in it", () => {
  const path = place();
  const change = { atMs: T0, kind: "start", text: "began" } as const;
  const before = new HistoryStore(openFile(sqlite, path).db, NO_LAYOUT);
  before.write({ decisions: [], changes: [change] });
  before.close();
  const db = new sqlite.DatabaseSync(path);
  db.exec("DROP TABLE carrier; DROP TABLE carried_minutes; DROP TABLE carried_hours");
  db.close();
  const opened = openFile(sqlite, path);
  expect(opened.trouble).toBeUndefined();
  const store = new HistoryStore(opened.db, NO_LAYOUT);
  write(store, record(T0, 1000));
  const reader = new StoredHistory(openForReading(sqlite, path));
  expect(reader.carried(...OVER_B, T0, T0)).toBe(1000);
  expect(reader.changes(9)).toEqual([change]);
  reader.close();
  store.close();
});

it("is kept for less long when there is more of it than room", () => {
  const db = openInMemory(sqlite);
  const store = new HistoryStore(db, NO_LAYOUT);
  // Of 20,000 the last hundred minutes each, and of further ones nothing.
  const statements = new Map<string, sqlite.StatementSync>();
  const prepare = (sql: string): sqlite.StatementSync => {
    const found = statements.get(sql) ?? db.prepare(sql);
    statements.set(sql, found);
    return found;
  };
  db.exec("BEGIN");
  for (let relay = 0; relay < 20_010; relay++) carry(prepare, record(T0, 1, [`r${relay}`, "a", "c"]));
  for (let minute = 1; minute < 200; minute++)
    carry(prepare, record(T0 + minute * MINUTE_MS, 1, ["r0", "a", "c"]));
  db.exec("COMMIT");
  expect(numberOf(db, "SELECT count(*) FROM carrier")).toBe(20_000);
  tick(store, T0 + 200 * MINUTE_MS);
  expect(numberOf(db, "SELECT count(*) FROM carried_minutes")).toBe(100);
  expect(numberOf(db, "SELECT count(*) FROM carried_hours")).toBe(20_003);
  // So of a longer time hours are told, and nothing is missing.
  const reader = new StoredHistory(db);
  expect(reader.carried("r0", "a", "c", T0, T0 + 200 * MINUTE_MS)).toBe(200);
  store.close();
});

it("believes a relay what came and went by its own tunnels, and a node what came to itself", () => {
  // a - b, b - c, a - c
  const links = {
    names: ["a", "b", "c"],
    senders: Int32Array.of(0, 1, 1, 2, 0, 2),
    receivers: Int32Array.of(1, 0, 2, 1, 2, 0),
  };
  const said = carriedRecords(
    links,
    "b",
    [
      [0, 2, 5],
      [3, 1, 6],
      [0, 4, 7],
      [4, 2, 8],
      [0, 2, 0],
      [99, 2, 1],
    ],
    T0,
  );
  expect(said).toEqual([record(T0, 5), record(T0, 6, ["b", "c", "a"])]);
  // Behind the six links: what came to c from a directly, from a over b, from b, and from itself; and from nobody.
  const came = carriedRecords(
    links,
    "c",
    [
      [4, 6, 1],
      [2, 6, 2],
      [2, 7, 3],
      [2, 8, 4],
      [2, 9, 5],
      [0, 6, 6],
    ],
    T0,
  );
  expect(came).toEqual([
    record(T0, 1, [DIRECT, "a", "c"]),
    record(T0, 2, [RELAYED, "a", "c"]),
    record(T0, 3, [DIRECT, "b", "c"]),
  ]);
});
