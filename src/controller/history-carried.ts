// Octets that relays forwarded, in the history's file: sums by minute and by hour, of each relay and the two nodes that it
// forwarded between, there and back apart.
import type { StatementSync } from "node:sqlite";
import type { CarriedRecord } from "./history-types.ts";

interface Sums {
  readonly table: "carried_minutes" | "carried_hours";
  readonly slotMs: number;
  readonly keptMs: number;
}

const DAY_MS = 86_400_000;
const MINUTES: Sums = { table: "carried_minutes", slotMs: 60_000, keptMs: 31 * DAY_MS };
const HOURS: Sums = { table: "carried_hours", slotMs: 3_600_000, keptMs: 731 * DAY_MS };
const SUMS: readonly Sums[] = [MINUTES, HOURS];

/** Of each table: with more that is carried it is kept for less time, but for no less than a hundred slots, by the next. */
const MOST_ROWS = 2_000_000;
/** What further ones carry is not kept. */
const MOST_CARRIERS = 20_000;

/** Prepares a statement, or finds the one that it has prepared before. */
type Prepare = (sql: string) => StatementSync;

/** Files of before have none of these tables, and get them. Slots in which nothing was carried have no row. */
export const CARRIED_SCHEMA = `
CREATE TABLE IF NOT EXISTS carrier (id INTEGER PRIMARY KEY, relay TEXT, sender TEXT, receiver TEXT, UNIQUE (relay, sender, receiver));
${SUMS.map(
  ({ table }) =>
    `CREATE TABLE IF NOT EXISTS ${table} (carrier INTEGER, slot INTEGER, octets INTEGER, PRIMARY KEY (carrier, slot)) WITHOUT ROWID;`,
).join("\n")}
`;

/** To be called within a transaction. */
export function carry(prepare: Prepare, { atMs, relay, from, to, octets }: CarriedRecord): void {
  const id = idOf(prepare, relay, from, to) ?? added(prepare, relay, from, to);
  if (id === undefined) return;
  for (const { table, slotMs } of SUMS)
    prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (carrier, slot) DO UPDATE SET octets = octets + excluded.octets`,
    ).run(id, Math.floor(atMs / slotMs), octets);
}

/** To the minute, or where minutes do not reach back so far, to the hour. Undefined: nobody has counted any. */
export function carriedIn(
  prepare: Prepare,
  [relay, from, to]: readonly [string, string, string],
  fromMs: number,
  toMs: number,
): number | undefined {
  const id = idOf(prepare, relay, from, to);
  if (id === undefined) return undefined;
  const reachMs = MINUTES.slotMs * slotsOf(MINUTES, countOf(prepare));
  const { table, slotMs } = toMs - fromMs <= reachMs ? MINUTES : HOURS;
  const row =
    // `total` is a float whatever the sum: an integer beyond 2^53 would throw.
    prepare(
      `SELECT count(*) AS slots, total(octets) AS octets FROM ${table} WHERE carrier = ? AND slot BETWEEN ? AND ?`,
    ).get(id, Math.floor(fromMs / slotMs), Math.floor(toMs / slotMs));
  return row === undefined || Number(row["slots"]) === 0 ? undefined : Number(row["octets"]);
}

/** To be called within a transaction. */
export function forgetCarried(prepare: Prepare, nowMs: number): void {
  const ids = prepare("SELECT id FROM carrier")
    .all()
    .map(({ id }) => Number(id));
  for (const sums of SUMS) {
    const first = Math.floor(nowMs / sums.slotMs - slotsOf(sums, ids.length));
    const forget = prepare(`DELETE FROM ${sums.table} WHERE carrier = ? AND slot < ?`);
    for (const id of ids) forget.run(id, first);
  }
  // What is in no hour is in no minute of that hour.
  prepare(`DELETE FROM carrier WHERE NOT EXISTS (SELECT 1 FROM ${HOURS.table} WHERE carrier = id)`).run();
}

/** How far back a table reaches. */
const slotsOf = ({ keptMs, slotMs }: Sums, carriers: number): number =>
  Math.min(keptMs / slotMs, MOST_ROWS / Math.max(1, carriers));

const countOf = (prepare: Prepare): number =>
  Number(prepare("SELECT count(*) AS count FROM carrier").get()?.["count"]);

function idOf(prepare: Prepare, relay: string, from: string, to: string): number | undefined {
  const row = prepare("SELECT id FROM carrier WHERE relay = ? AND sender = ? AND receiver = ?").get(
    relay,
    from,
    to,
  );
  return row && Number(row["id"]);
}

function added(prepare: Prepare, relay: string, from: string, to: string): number | undefined {
  if (countOf(prepare) >= MOST_CARRIERS) return undefined;
  return Number(
    prepare("INSERT INTO carrier (relay, sender, receiver) VALUES (?, ?, ?)").run(relay, from, to)
      .lastInsertRowid,
  );
}
