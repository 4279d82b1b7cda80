// Reads the history, beside whoever writes it.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  COLUMNS,
  decodeLink,
  decodePair,
  fold,
  NONE,
  SLOTS,
  unpack,
  WAY_COLUMN,
  type Kind,
} from "./history-columns.ts";
import { carriedIn } from "./history-carried.ts";
import { HOURS, MINUTES, SECONDS, type Tier } from "./history-file.ts";
import type {
  CarriedReader,
  ChangeRecord,
  DecisionFilter,
  DecisionRecord,
  HistoryReader,
  LinkPoint,
  PairPoint,
  Span,
} from "./history-types.ts";

interface Sight {
  readonly tier: Tier;
  readonly spanMs: number;
  /** Slots of a point: a picture has not more than some thousand. */
  readonly slots: number;
}

const HOUR_MS = 3_600_000;
const SIGHTS: Readonly<Record<Span, Sight>> = {
  hour: { tier: SECONDS, spanMs: HOUR_MS, slots: 1 },
  day: { tier: MINUTES, spanMs: 24 * HOUR_MS, slots: 1 },
  month: { tier: MINUTES, spanMs: 30 * 24 * HOUR_MS, slots: 30 },
  years: { tier: HOURS, spanMs: 730 * 24 * HOUR_MS, slots: 12 },
};

export class StoredHistory implements HistoryReader, CarriedReader {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  link(tunnel: string, from: string, span: Span, nowMs: number): LinkPoint[] {
    const id = this.#idOf("link", tunnel, from);
    if (id === undefined) return [];
    return this.#points("link", id, SIGHTS[span], nowMs, (atMs, slot) => ({ atMs, ...decodeLink(slot) }));
  }

  pair(from: string, to: string, span: Span, nowMs: number): PairPoint[] {
    const id = this.#idOf("pair", from, to);
    if (id === undefined) return [];
    const ways = new Map(
      this.#all("SELECT number, nodes FROM way WHERE series = ?", id).map(({ number, nodes }) => [
        Number(number),
        JSON.parse(String(nodes)) as string[],
      ]),
    );
    return this.#points("pair", id, SIGHTS[span], nowMs, (atMs, slot) => ({
      atMs,
      ...decodePair(slot),
      path: ways.get(slot[WAY_COLUMN]!) ?? [],
    }));
  }

  decisions({ from, to, beforeMs, count }: DecisionFilter): DecisionRecord[] {
    const conditions = [
      ...(from === undefined ? [] : ([["sender = ?", from]] as const)),
      ...(to === undefined ? [] : ([["receiver = ?", to]] as const)),
      ...(beforeMs === undefined ? [] : ([["at <= ?", Math.floor(beforeMs)]] as const)),
    ];
    const where =
      conditions.length === 0 ? "" : `WHERE ${conditions.map(([condition]) => condition).join(" AND ")}`;
    return this.#all(
      `SELECT at, sender, receiver, told FROM decision ${where} ORDER BY at DESC, id DESC LIMIT ?`,
      ...conditions.map(([, value]) => value),
      count,
    ).map(({ at, sender, receiver, told }) => ({
      atMs: Number(at),
      from: String(sender),
      to: String(receiver),
      ...(JSON.parse(String(told)) as Omit<DecisionRecord, "atMs" | "from" | "to">),
    }));
  }

  changes(count: number): ChangeRecord[] {
    return this.#all("SELECT at, told FROM change ORDER BY at DESC, id DESC LIMIT ?", count).map(
      ({ at, told }) => ({ atMs: Number(at), ...(JSON.parse(String(told)) as Omit<ChangeRecord, "atMs">) }),
    );
  }

  carried(relay: string, from: string, to: string, fromMs: number, toMs: number): number | undefined {
    return carriedIn((sql) => this.#statement(sql), [relay, from, to], fromMs, toMs);
  }

  close(): void {
    this.#db.close();
  }

  #points<Point>(
    kind: Kind,
    id: number,
    { tier, spanMs, slots }: Sight,
    nowMs: number,
    pointOf: (atMs: number, slot: Uint16Array) => Point,
  ): Point[] {
    const width = COLUMNS[kind].length;
    const stepMs = slots * tier.slotMs;
    const beginMs = Math.floor((nowMs - spanMs) / stepMs) * stepMs;
    // Steps do not reach over the ends of blocks.
    const steps = new Map<number, Uint16Array>();
    const add = (atMs: number, slot: Uint16Array): void => {
      if (atMs >= beginMs && atMs <= nowMs && slot.some((value) => value !== NONE)) steps.set(atMs, slot);
    };
    const blockMs = SLOTS * tier.slotMs;
    const [first, last] = [Math.floor(beginMs / blockMs), Math.floor(nowMs / blockMs)];
    const sql = `SELECT block, points FROM ${tier.table} WHERE series = ? AND block BETWEEN ? AND ? ORDER BY block`;
    for (const { block, points } of this.#all(sql, id, first, last)) {
      const own = unpack(kind, points as Uint8Array);
      for (let slot = 0; slot < SLOTS; slot += slots) {
        const each = own.subarray(slot * width, (slot + slots) * width);
        add((Number(block) * SLOTS + slot) * tier.slotMs, slots === 1 ? each : fold(kind, each));
      }
    }
    if (tier === SECONDS) for (const { second, slot } of this.#recent(id, width)) add(second * 1000, slot);
    return Array.from(steps, ([atMs, slot]) => pointOf(atMs, slot));
  }

  /** The minute in progress. */
  #recent(id: number, width: number): { second: number; slot: Uint16Array }[] {
    const layout = this.#all("SELECT value FROM meta WHERE key = 'layout'")[0]?.["value"];
    const series = JSON.parse(typeof layout === "string" ? layout : "[]") as { id: number; at: number }[];
    const at = series.find((each) => each.id === id)?.at;
    if (at === undefined) return [];
    return this.#all("SELECT second, points FROM recent ORDER BY second").map(({ second, points }) => ({
      second: Number(second),
      slot: new Uint16Array((points as Uint8Array).slice(2 * at, 2 * (at + width)).buffer),
    }));
  }

  #idOf(kind: Kind, first: string, second: string): number | undefined {
    const sql = "SELECT id FROM series WHERE kind = ? AND first = ? AND second = ?";
    const id = this.#all(sql, kind, first, second)[0]?.["id"];
    return id === undefined ? undefined : Number(id);
  }

  #all(sql: string, ...values: (string | number)[]): Readonly<Record<string, unknown>>[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
