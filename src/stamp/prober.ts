// The program that runs on each machine for a measurement, given its folder: it reads `config` there, makes `ready` when
// its sockets are open, waits for `go`, and leaves `result` or `error`. It then reflects until it is ended.
//
// The main thread only waits; the sockets are a worker's, whose time nobody else takes.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import type { ProberConfig } from "./config.ts";
import { probe } from "./sockets.ts";

const POLL_MS = 5;

/** Whole or not at all: who waits for it must not read half of it. */
function leave(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function work(folder: string): Promise<void> {
  const config = JSON.parse(readFileSync(join(folder, "config"), "utf8")) as ProberConfig;
  const result = await probe(config, async () => {
    leave(folder, "ready", "");
    while (!existsSync(join(folder, "go"))) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  });
  leave(folder, "result", JSON.stringify(result));
}

if (isMainThread) {
  const [folder = "."] = process.argv.slice(2);
  const worker = new Worker(new URL(import.meta.url), { workerData: folder });
  worker.on("error", (error) => {
    leave(folder, "error", error.message);
    process.exitCode = 1;
  });
} else {
  await work(String(workerData));
}
