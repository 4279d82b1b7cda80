// The file of the history: made, opened, and put aside when it is not one that this tofro can use.
//
//   recent    a row a second, of all links and pairs: what a crash must not cost. At the end of a minute they become
//   seconds   a row for each minute of each link and pair, of which
//   minutes   has a slot each, a row an hour, of which
//   hours     has a slot each, a row for sixty.
//
// What relays carried has tables of its own (history-carried.ts): sums need more than 16 bits.
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { CARRIED_SCHEMA } from "./history-carried.ts";

/** Only here and in type positions: a Node.js that lacks it must still load all of this. */
export type Sqlite = typeof import("node:sqlite");

export interface Tier {
  readonly table: "seconds" | "minutes" | "hours";
  readonly slotMs: number;
  readonly keptMs: number;
  /** Figures of 16 bits that may be there at most: with many links it is kept for less time, but for no less than a block. */
  readonly budget: number;
}

const DAY_MS = 86_400_000;
export const SECONDS: Tier = { table: "seconds", slotMs: 1_000, keptMs: DAY_MS, budget: 240e6 };
export const MINUTES: Tier = { table: "minutes", slotMs: 60_000, keptMs: 31 * DAY_MS, budget: 120e6 };
export const HOURS: Tier = { table: "hours", slotMs: 3_600_000, keptMs: 731 * DAY_MS, budget: 60e6 };
export const TIERS: readonly Tier[] = [SECONDS, MINUTES, HOURS];
/** The oldest go. */
export const MOST_DECISIONS = 100_000;
export const MOST_CHANGES = 20_000;

/** "tofh", so that nobody takes another program's file for ours, nor ours for another's. */
const APPLICATION = 0x746f6668;
/** Counted up when an older tofro would misread the file. */
const VERSION = 1;

const block = ({ table }: Tier): string =>
  `CREATE TABLE ${table} (series INTEGER, block INTEGER, points BLOB, PRIMARY KEY (series, block)) WITHOUT ROWID;`;

// Rows of a link lie together: all of one link is read by far more often than all of one moment.
const SCHEMA = `
BEGIN;
CREATE TABLE series (id INTEGER PRIMARY KEY, kind TEXT, first TEXT, second TEXT, UNIQUE (kind, first, second));
${TIERS.map(block).join("\n")}
CREATE TABLE recent (second INTEGER PRIMARY KEY, points BLOB);
CREATE TABLE way (series INTEGER, number INTEGER, nodes TEXT, PRIMARY KEY (series, number)) WITHOUT ROWID;
CREATE TABLE decision (id INTEGER PRIMARY KEY, at INTEGER, sender TEXT, receiver TEXT, told TEXT);
CREATE INDEX decision_of_pair ON decision (sender, receiver, at);
CREATE INDEX decision_at ON decision (at);
CREATE TABLE change (id INTEGER PRIMARY KEY, at INTEGER, told TEXT);
CREATE INDEX change_at ON change (at);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
PRAGMA application_id = ${APPLICATION};
PRAGMA user_version = ${VERSION};
COMMIT;
`;

export interface OpenFile {
  readonly db: DatabaseSync;
  /** Why what was there was put aside. */
  readonly trouble?: string;
}

/** Opens the file for writing, after having put aside what cannot be used. Throws where there can be no file. */
export function openFile(sqlite: Sqlite, path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return { db: open(sqlite, path) };
  } catch (error) {
    if (!existsSync(path) || !isOfContent(error)) throw error;
    const to = putAside(path);
    const why = error instanceof Error ? error.message : String(error);
    return { db: open(sqlite, path), trouble: `${path} cannot be used (${why}): it is ${to} now` };
  }
}

/** Of a life that leaves nothing behind. */
export function openInMemory(sqlite: Sqlite): DatabaseSync {
  const db = new sqlite.DatabaseSync(":memory:");
  db.exec(SCHEMA + CARRIED_SCHEMA);
  return db;
}

/** Another one may write to it. */
export const openForReading = (sqlite: Sqlite, path: string): DatabaseSync =>
  prepared(new sqlite.DatabaseSync(path, { readOnly: true }));

/** Whether it is what the file holds that is wrong, and not the disk (https://sqlite.org/rescode.html). */
export function isOfContent(error: unknown): boolean {
  if (error instanceof Foreign) return true;
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
  const [failed, corrupt, notDatabase] = [1, 11, 26];
  return code === failed || code === corrupt || code === notDatabase;
}

/** Returns where it is; the one that was put aside before is gone. */
export function putAside(path: string): string {
  const to = `${path}.aside`;
  rmSync(to, { force: true, recursive: true });
  renameSync(path, to);
  // They belong to what is aside, and a new file would take them for its own.
  for (const each of ["-wal", "-shm", "-journal"]) rmSync(`${path}${each}`, { force: true });
  return to;
}

class Foreign extends Error {}

function open(sqlite: Sqlite, path: string): DatabaseSync {
  const isNew = !existsSync(path);
  if (!isNew) refuseOthers(sqlite, path);
  const db = new sqlite.DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    prepared(db).exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 8000000;`,
    );
    if (numberOf(db, "PRAGMA user_version") === 0) db.exec(SCHEMA);
    for (const table of [
      "series",
      "seconds",
      "minutes",
      "hours",
      "recent",
      "way",
      "decision",
      "change",
      "meta",
    ])
      db.prepare(`SELECT * FROM ${table} LIMIT 1`).get();
    db.exec(CARRIED_SCHEMA);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Before anything is written: to open another program's file must not change it. */
function refuseOthers(sqlite: Sqlite, path: string): void {
  const db = new sqlite.DatabaseSync(path, { readOnly: true });
  try {
    const [application, version] = [
      numberOf(db, "PRAGMA application_id"),
      numberOf(db, "PRAGMA user_version"),
    ];
    const isEmpty = numberOf(db, "SELECT count(*) FROM sqlite_master") === 0;
    if (isEmpty && application === 0 && version === 0) return;
    if (application !== APPLICATION) throw new Foreign("it is another program's");
    if (version !== VERSION) throw new Foreign("another version of tofro wrote it");
  } finally {
    db.close();
  }
}

function prepared(db: DatabaseSync): DatabaseSync {
  db.exec("PRAGMA busy_timeout = 2000; PRAGMA cache_size = -8000");
  return db;
}

export const numberOf = (db: DatabaseSync, sql: string): number =>
  Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
