// The thread that writes the history, so that a slow disk holds up nobody who fails over.
import { parentPort, workerData } from "node:worker_threads";
import { isOfContent, openFile, putAside, type Sqlite } from "./history-file.ts";
import { Figures, layoutOf, type Sampled, type Snapshot } from "./history-figures.ts";
import { HistoryStore, type Batch } from "./history-store.ts";

export interface ThreadTask {
  readonly path: string;
  readonly sampled: Sampled;
}

/** What is known, and what has happened since the one before. */
interface Report extends Omit<Batch, "sample"> {
  readonly snapshot?: Snapshot;
}

export type ToThread = { readonly kind: "report"; readonly report: Report } | { readonly kind: "end" };

export type FromThread =
  /** It can be read from now on: also again, when the file before had to be put aside. */
  | { readonly kind: "open" }
  | { readonly kind: "written"; readonly isWhole: boolean; readonly figures?: Uint16Array }
  /** In words. `isAside`: a file was put aside, and another one is in its place. */
  | { readonly kind: "trouble"; readonly text: string; readonly isAside: boolean };

/** A second file that breaks within so long is the disk's doing. */
const PATIENCE_MS = 3_600_000;
const NO_SQLITE = "it is kept on disk with Node.js 22.13 or newer; here decisions are in memory only";

/** The node:sqlite of this Node.js, without its warning; undefined where there is none yet. */
export async function loadSqlite(): Promise<Sqlite | undefined> {
  const emitWarning = process.emitWarning.bind(process);
  // It says only that the interface may change; Node.js 24 has it as it is here.
  process.emitWarning = () => undefined;
  try {
    return await import("node:sqlite");
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** To be called in a worker thread whose data is a `ThreadTask`. */
export async function historyThread(): Promise<void> {
  const { path, sampled } = workerData as ThreadTask;
  const figures = new Figures(sampled);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, which has none
  const tell = (message: FromThread): void => parentPort?.postMessage(message);
  const sqlite = await loadSqlite();
  let store: HistoryStore | undefined;
  let brokenMs = -Infinity;
  const fail = (error: unknown): void =>
    tell({ kind: "trouble", text: error instanceof Error ? error.message : String(error), isAside: false });
  const begin = (): void => {
    if (sqlite === undefined) throw new Error(NO_SQLITE);
    const { db, trouble } = openFile(sqlite, path);
    store = new HistoryStore(db, layoutOf(sampled));
    if (trouble !== undefined) tell({ kind: "trouble", text: trouble, isAside: true });
    tell({ kind: "open" });
  };
  /** What the file holds has turned out to be broken. */
  const beginAnew = (error: unknown): void => {
    fail(error);
    if (!isOfContent(error) || performance.now() - brokenMs < PATIENCE_MS) return;
    brokenMs = performance.now();
    store?.close();
    store = undefined;
    const to = putAside(path);
    begin();
    tell({ kind: "trouble", text: `${path} broke: it is ${to} now`, isAside: true });
  };
  /** Whether it went well. */
  const attempt = (work: () => void): boolean => {
    try {
      work();
      return true;
    } catch (error) {
      try {
        beginAnew(error);
      } catch (again) {
        fail(again);
      }
      return false;
    }
  };
  attempt(begin);
  parentPort?.on("message", (message: ToThread) => {
    if (message.kind === "end") {
      attempt(() => store?.close());
      parentPort?.close();
      return;
    }
    const { snapshot, ...rest } = message.report;
    const sample = snapshot && figures.of(snapshot);
    const isWhole = attempt(() => store?.write({ ...rest, ...(sample && { sample }) }));
    tell({
      kind: "written",
      isWhole: isWhole && store !== undefined,
      ...(sample && { figures: sample.figures }),
    });
  });
}
