// The thread that writes the history, so that a slow disk holds up nobody who fails over.
import { parentPort, workerData } from "node:worker_threads";
import { isOfContent, openFile, putAside, type Sqlite } from "./history-file.ts";
import { HistoryStore, type Batch, type Layout } from "./history-store.ts";

export interface ThreadTask {
  readonly path: string;
  readonly layout: Layout;
}

export type ToThread = { readonly kind: "batch"; readonly batch: Batch } | { readonly kind: "end" };

export type FromThread =
  /** It can be read from now on: also again, when the file before had to be put aside. */
  | { readonly kind: "open" }
  | { readonly kind: "written"; readonly isWhole: boolean }
  /** In words. `isAside`: a file was put aside, and another one is in its place. */
  | { readonly kind: "trouble"; readonly text: string; readonly isAside: boolean };

/** A second file that breaks within so long is the disk's doing. */
const PATIENCE_MS = 3_600_000;

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
  const { path, layout } = workerData as ThreadTask;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, which has none
  const tell = (message: FromThread): void => parentPort?.postMessage(message);
  const sqlite = await loadSqlite();
  if (sqlite === undefined)
    return tell({ kind: "trouble", text: "this Node.js has no node:sqlite", isAside: false });
  let store: HistoryStore | undefined;
  let brokenMs = -Infinity;
  const fail = (error: unknown): void =>
    tell({ kind: "trouble", text: error instanceof Error ? error.message : String(error), isAside: false });
  const begin = (): void => {
    const { db, trouble } = openFile(sqlite, path);
    store = new HistoryStore(db, layout);
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
    const isWhole = attempt(() => store?.write(message.batch));
    tell({ kind: "written", isWhole: isWhole && store !== undefined });
  });
}
