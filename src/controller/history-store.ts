// Writes the history: a transaction a second, and at the end of a minute, an hour and so on what that was as a whole.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  COLUMNS,
  emptyBlock,
  fold,
  NONE,
  pack,
  SLOTS,
  unpack,
  WAY_COLUMN,
  type Kind,
} from "./history-columns.ts";
import { HOURS, MINUTES, MOST_CHANGES, MOST_DECISIONS, SECONDS, TIERS, type Tier } from "./history-file.ts";
import { carry, forgetCarried } from "./history-carried.ts";
import type { CarriedRecord, ChangeRecord, DecisionRecord } from "./history-types.ts";

/** What is sampled, in the order of its figures. */
export interface Layout {
  readonly links: readonly { readonly tunnel: string; readonly from: string }[];
  readonly pairs: readonly { readonly from: string; readonly to: string }[];
}

export interface Sample {
  readonly atMs: number;
  /** As `encodeLink` and `encodePair` have them, one behind the other: of all links, then of all pairs. */
  readonly figures: Uint16Array;
  /** By pair, those that have changed since the sample before: node names. */
  readonly paths: readonly (readonly [number, readonly string[]])[];
}

export interface Batch {
  readonly sample?: Sample;
  readonly decisions: readonly DecisionRecord[];
  readonly changes: readonly ChangeRecord[];
  readonly carried?: readonly CarriedRecord[];
}

interface Series {
  readonly id: number;
  readonly kind: Kind;
  /** Where its figures begin in a sample. */
  readonly at: number;
}

/** Of one pair: what hops over more ways than these is told as unknown. */
const MOST_WAYS = 1_000;
const FORGET_MS = 600_000;

export class HistoryStore {
  readonly #db: DatabaseSync;
  readonly #series: readonly Series[];
  readonly #width: number;
  readonly #pairsAt: number;
  readonly #statements = new Map<string, StatementSync>();
  /** By pair: the number of the way that it takes. */
  readonly #ways: Uint16Array;
  /** The minute in progress. */
  #minute = NaN;
  /** By second of it. */
  #seconds: (Uint16Array | undefined)[] = [];
  #forgotMs = -Infinity;

  /** What an earlier life had not put together yet is put together now. Throws what SQLite throws, as all here does. */
  constructor(db: DatabaseSync, layout: Layout) {
    this.#db = db;
    this.#transact(() => this.#recover());
    const named = [
      ...layout.links.map(({ tunnel, from }) => ["link", tunnel, from] as const),
      ...layout.pairs.map(({ from, to }) => ["pair", from, to] as const),
    ];
    let at = 0;
    this.#series = this.#transact(() =>
      named.map(([kind, first, second]) => {
        const each = { id: this.#idOf(kind, first, second), kind, at };
        at += COLUMNS[kind].length;
        return each;
      }),
    );
    this.#width = at;
    this.#pairsAt = layout.links.length;
    this.#ways = new Uint16Array(layout.pairs.length).fill(NONE);
    this.#transact(() => this.#setMeta("layout", JSON.stringify(this.#series)));
  }

  write({ sample, decisions, changes, carried = [] }: Batch): void {
    this.#transact(() => {
      for (const each of decisions) this.#decide(each);
      for (const each of changes) this.#change(each);
      for (const each of carried) carry((sql) => this.#statement(sql), each);
      if (sample !== undefined) this.#sample(sample);
    });
  }

  close(): void {
    this.#db.close();
  }

  #sample({ atMs, figures, paths }: Sample): void {
    const second = Math.floor(atMs / SECONDS.slotMs);
    const minute = Math.floor(second / SLOTS);
    if (minute !== this.#minute) {
      if (this.#seconds.length > 0) this.#fold(this.#series, this.#minute, this.#seconds);
      this.#run("DELETE FROM recent");
      this.#seconds = [];
      this.#minute = minute;
      if (Math.abs(atMs - this.#forgotMs) >= FORGET_MS) this.#forget(atMs);
    }
    for (const [pair, nodes] of paths)
      this.#ways[pair] = this.#wayOf(this.#series[this.#pairsAt + pair]!.id, nodes);
    const slots = figures.slice(0, this.#width);
    this.#series.slice(this.#pairsAt).forEach(({ at }, pair) => (slots[at + WAY_COLUMN] = this.#ways[pair]!));
    this.#seconds[second % SLOTS] = slots;
    this.#run("INSERT OR REPLACE INTO recent VALUES (?, ?)", second, new Uint8Array(slots.buffer));
  }

  /** What a life before had of its last minute. */
  #recover(): void {
    const rows = this.#all("SELECT second, points FROM recent ORDER BY second");
    const series = JSON.parse(this.#meta("layout") ?? "[]") as Series[];
    const minutes = Map.groupBy(rows, ({ second }) => Math.floor(Number(second) / SLOTS));
    for (const [minute, each] of minutes) {
      const seconds: Uint16Array[] = [];
      for (const { second, points } of each)
        seconds[Number(second) % SLOTS] = figuresOf(points as Uint8Array);
      this.#fold(series, minute, seconds);
    }
    this.#run("DELETE FROM recent");
  }

  /** A minute that is over; it may have been begun by a life before. */
  #fold(series: readonly Series[], minute: number, seconds: readonly (Uint16Array | undefined)[]): void {
    this.#foldHour(minute);
    for (const { id, kind, at } of series) {
      const width = COLUMNS[kind].length;
      const own = this.#block(SECONDS, id, kind, minute) ?? emptyBlock(kind);
      seconds.forEach((slots, second) => {
        if (slots !== undefined) own.set(slots.subarray(at, at + width), second * width);
      });
      this.#put(SECONDS, id, kind, minute, own);
      this.#putSlot(MINUTES, id, kind, minute, fold(kind, own));
    }
  }

  /** The hour before the one that the minute is in, when that has just begun. */
  #foldHour(minute: number): void {
    const hour = Math.floor(minute / SLOTS);
    const before = this.#meta("hour");
    if (before === String(hour)) return;
    this.#setMeta("hour", String(hour));
    if (before === undefined) return;
    const rows = this.#all(
      // Not by all minutes there are: CROSS JOIN keeps the order.
      "SELECT id, kind, points FROM series CROSS JOIN minutes ON series = id WHERE block = ?",
      Number(before),
    );
    for (const { id, kind, points } of rows)
      this.#putSlot(
        HOURS,
        Number(id),
        kind as Kind,
        Number(before),
        fold(kind as Kind, unpack(kind as Kind, points as Uint8Array)),
      );
  }

  #putSlot(tier: Tier, id: number, kind: Kind, slot: number, figures: Uint16Array): void {
    const number = Math.floor(slot / SLOTS);
    const block = this.#block(tier, id, kind, number) ?? emptyBlock(kind);
    block.set(figures, (slot % SLOTS) * figures.length);
    this.#put(tier, id, kind, number, block);
  }

  #block({ table }: Tier, id: number, kind: Kind, block: number): Uint16Array | undefined {
    const row = this.#get(`SELECT points FROM ${table} WHERE series = ? AND block = ?`, id, block);
    return row && unpack(kind, row["points"] as Uint8Array);
  }

  #put({ table }: Tier, id: number, kind: Kind, block: number, points: Uint16Array): void {
    this.#run(`INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`, id, block, pack(kind, points));
  }

  #decide({ atMs, from, to, ...told }: DecisionRecord): void {
    this.#run(
      "INSERT INTO decision (at, sender, receiver, told) VALUES (?, ?, ?, ?)",
      Math.round(atMs),
      from,
      to,
      JSON.stringify(told),
    );
  }

  /** What a machine has noted of its applies is told again by every life of the controller. */
  #change({ atMs, ...rest }: ChangeRecord): void {
    const [at, told] = [Math.round(atMs), JSON.stringify(rest)];
    if (this.#get("SELECT 1 FROM change WHERE at = ? AND told = ?", at, told) !== undefined) return;
    this.#run("INSERT INTO change (at, told) VALUES (?, ?)", at, told);
  }

  /** NONE: it has had too many. */
  #wayOf(series: number, nodes: readonly string[]): number {
    const text = JSON.stringify(nodes);
    const known = this.#get("SELECT number FROM way WHERE series = ? AND nodes = ?", series, text);
    if (known !== undefined) return Number(known["number"]);
    const number = Number(this.#get("SELECT count(*) AS count FROM way WHERE series = ?", series)?.["count"]);
    if (number >= MOST_WAYS) return NONE;
    this.#run("INSERT INTO way VALUES (?, ?, ?)", series, number, text);
    return number;
  }

  #forget(nowMs: number): void {
    this.#forgotMs = nowMs;
    forgetCarried((sql) => this.#statement(sql), nowMs);
    const ids = this.#all("SELECT id FROM series").map(({ id }) => Number(id));
    for (const tier of TIERS) {
      const first = Math.floor((nowMs - keptMs(tier, this.#width)) / (SLOTS * tier.slotMs));
      // By link: where its rows begin is found at once.
      for (const id of ids) this.#run(`DELETE FROM ${tier.table} WHERE series = ? AND block < ?`, id, first);
    }
    for (const [table, most] of [
      ["decision", MOST_DECISIONS],
      ["change", MOST_CHANGES],
    ] as const)
      this.#run(`DELETE FROM ${table} WHERE id <= (SELECT max(id) FROM ${table}) - ${most}`);
    const own = new Set(this.#series.map(({ id }) => id));
    for (const id of ids) {
      const isUsed = TIERS.some(({ table }) =>
        this.#get(`SELECT 1 FROM ${table} WHERE series = ? LIMIT 1`, id),
      );
      if (own.has(id) || isUsed) continue;
      this.#run("DELETE FROM way WHERE series = ?", id);
      this.#run("DELETE FROM series WHERE id = ?", id);
    }
  }

  #idOf(kind: Kind, first: string, second: string): number {
    this.#run("INSERT OR IGNORE INTO series (kind, first, second) VALUES (?, ?, ?)", kind, first, second);
    const sql = "SELECT id FROM series WHERE kind = ? AND first = ? AND second = ?";
    return Number(this.#get(sql, kind, first, second)!["id"]);
  }

  #meta(key: string): string | undefined {
    const value = this.#get("SELECT value FROM meta WHERE key = ?", key)?.["value"];
    return typeof value === "string" ? value : undefined;
  }

  #setMeta(key: string, value: string): void {
    this.#run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value);
  }

  #transact<Result>(work: () => Result): Result {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.#db.exec("COMMIT");
      return value;
    } catch (error) {
      try {
        this.#db.exec("ROLLBACK");
      } catch {
        // What went wrong has ended it.
      }
      throw error;
    }
  }

  #run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

type Value = number | string | Uint8Array;
type Row = Readonly<Record<string, unknown>>;

/** How far back a tier reaches with so many figures a slot. */
const keptMs = ({ keptMs: most, budget, slotMs }: Tier, width: number): number =>
  Math.min(most, Math.max(SLOTS, budget / Math.max(1, width)) * slotMs);

const figuresOf = (points: Uint8Array): Uint16Array => new Uint16Array(points.slice().buffer);
