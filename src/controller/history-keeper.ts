// The history as the controller has it: on the disk by a thread of its own, and the last of it in memory, whatever the disk does.
import type { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { openForReading, type Sqlite } from "./history-file.ts";
import type { Sampled, Snapshot } from "./history-figures.ts";
import { History } from "./history.ts";
import { StoredHistory } from "./history-reader.ts";
import { loadSqlite, type FromThread, type ThreadTask, type ToThread } from "./history-thread.ts";
import type {
  CarriedReader,
  CarriedRecord,
  ChangeRecord,
  DecisionFilter,
  DecisionRecord,
  HistoryReader,
  LinkPoint,
  PairPoint,
  Span,
} from "./history-types.ts";

export interface KeeperOptions {
  readonly path: string;
  /** What runs as the thread when it finds itself in one: the agent's own program. */
  readonly program: string;
  readonly sampled: Sampled;
  readonly log: (line: string) => void;
}

export interface HistoryStatus {
  readonly kept: "disk" | "memory";
  /** Why not on the disk, or what went wrong there last. */
  readonly trouble?: string;
}

/** Batches that the thread has not written yet: more say that the disk is too slow. */
const MOST_WAITING = 30;
/** While the disk keeps up there are never so many. */
const MOST_CARRIED = 10_000;
const END_MS = 5_000;

export class HistoryKeeper implements HistoryReader, CarriedReader {
  readonly #options: KeeperOptions;
  readonly #memory = new History();
  #decisions: DecisionRecord[] = [];
  #changes: ChangeRecord[] = [];
  #carried: CarriedRecord[] = [];
  #worker: Worker | undefined;
  #stored: StoredHistory | undefined;
  #waiting = 0;
  #trouble: string | undefined;
  #isAside = false;
  #figures: Uint16Array | undefined;
  #skipped: Snapshot["ways"] = [];
  #isStopped = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    void this.#begin();
  }

  decided(decisions: readonly DecisionRecord[]): void {
    this.#memory.add(decisions);
    this.#decisions.push(...decisions);
  }

  changed(change: ChangeRecord): void {
    this.#memory.changed(change);
    this.#changes.push(change);
  }

  /** The disk alone has it. */
  relayed(carried: readonly CarriedRecord[]): void {
    this.#carried.push(...carried);
  }

  /** To be called once a second: what has come since then is written, too. */
  write(snapshot: Snapshot | undefined): void {
    // What is not taken the memory has, the last of it.
    this.#decisions = this.#decisions.slice(-this.#memory.most);
    this.#changes = this.#changes.slice(-this.#memory.most);
    this.#carried = this.#carried.slice(-MOST_CARRIED);
    if (this.#worker === undefined || this.#waiting >= MOST_WAITING) return this.#skip(snapshot);
    const isStored = this.#stored !== undefined;
    const [decisions, changes, carried] = isStored
      ? [this.#decisions, this.#changes, this.#carried]
      : [[], [], []];
    if (isStored) [this.#decisions, this.#changes, this.#carried] = [[], [], []];
    const known = snapshot && { ...snapshot, ways: [...this.#skipped, ...snapshot.ways] };
    if (known !== undefined) this.#skipped = [];
    this.#waiting++;
    this.#post({
      kind: "report",
      report: { ...(known && { snapshot: known }), decisions, changes, carried },
    });
  }

  /** Of the last second that the thread has seen: as `encodeLink` and `encodePair` have them. */
  get figures(): Uint16Array | undefined {
    return this.#figures;
  }

  status(): HistoryStatus {
    return {
      kept: this.#stored === undefined ? "memory" : "disk",
      ...(this.#trouble !== undefined && { trouble: this.#trouble }),
    };
  }

  link(tunnel: string, from: string, span: Span, nowMs: number): readonly LinkPoint[] {
    return this.#read((stored) => stored.link(tunnel, from, span, nowMs)) ?? [];
  }

  pair(from: string, to: string, span: Span, nowMs: number): readonly PairPoint[] {
    return this.#read((stored) => stored.pair(from, to, span, nowMs)) ?? [];
  }

  carried(relay: string, from: string, to: string, fromMs: number, toMs: number): number | undefined {
    return this.#read((stored) => stored.carried(relay, from, to, fromMs, toMs));
  }

  /** What is not on the disk yet is in memory. */
  decisions(filter: DecisionFilter): readonly DecisionRecord[] {
    const stored = this.#read((each) => each.decisions(filter)) ?? [];
    return merged(stored, this.#memory.decisions(filter), filter.count);
  }

  changes(count: number): readonly ChangeRecord[] {
    return merged(this.#read((stored) => stored.changes(count)) ?? [], this.#memory.changes(count), count);
  }

  /** When all of it is written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    this.write(undefined);
    this.#post({ kind: "end" });
    const ended = Promise.withResolvers<void>();
    worker.once("exit", () => ended.resolve());
    const timer = setTimeout(() => void worker.terminate(), END_MS);
    await ended.promise;
    clearTimeout(timer);
    this.#stored?.close();
    this.#stored = undefined;
  }

  async #begin(): Promise<void> {
    const sqlite = await loadSqlite();
    if (this.#isStopped) return;
    const { path, program, sampled } = this.#options;
    const worker = new Worker(program, { workerData: { path, sampled } satisfies ThreadTask });
    this.#worker = worker;
    worker.on("message", (message: FromThread) => this.#heard(message, sqlite));
    worker.on("error", (error) => {
      this.#complain(error instanceof Error ? error.message : String(error));
    });
    worker.on("exit", () => {
      if (this.#isStopped) return;
      this.#worker = undefined;
      this.#stored?.close();
      this.#stored = undefined;
    });
  }

  #heard(message: FromThread, sqlite: Sqlite | undefined): void {
    if (message.kind === "written") {
      this.#waiting--;
      this.#figures = message.figures ?? this.#figures;
      // A full disk has room again; but what was put aside stays worth a look.
      if (message.isWhole && !this.#isAside) this.#trouble = undefined;
    } else if (message.kind === "trouble") {
      this.#isAside ||= message.isAside;
      this.#complain(message.text);
    } else if (sqlite !== undefined) {
      this.#stored?.close();
      this.#stored = undefined;
      try {
        const db: DatabaseSync = openForReading(sqlite, this.#options.path);
        this.#stored = new StoredHistory(db);
      } catch (error) {
        this.#complain(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #read<Value>(work: (stored: StoredHistory) => Value): Value | undefined {
    try {
      return this.#stored && work(this.#stored);
    } catch (error) {
      this.#complain(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** A way that has changed is told once. */
  #skip(snapshot: Snapshot | undefined): void {
    this.#skipped = [...new Map([...this.#skipped, ...(snapshot?.ways ?? [])])];
  }

  #complain(text: string): void {
    if (text !== this.#trouble) this.#options.log(`history: ${text}`);
    this.#trouble = text;
  }
}

/** Both newest first. */
function merged<Each extends { readonly atMs: number }>(
  stored: readonly Each[],
  remembered: readonly Each[],
  count: number,
): readonly Each[] {
  const known = new Set(stored.map((each) => JSON.stringify(sorted(each))));
  const others = remembered.filter((each) => !known.has(JSON.stringify(sorted(each))));
  if (others.length === 0) return stored;
  return [...stored, ...others].sort((x, y) => y.atMs - x.atMs).slice(0, count);
}

/** What comes from the disk has its keys in another order. */
const sorted = (value: object): unknown =>
  Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([x], [y]) => (x < y ? -1 : 1));
