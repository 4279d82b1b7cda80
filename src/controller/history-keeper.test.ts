import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { agentProgram } from "../agent/bundle.ts";
import { writeAtomic } from "../files/atomic.ts";
import { HistoryKeeper } from "./history-keeper.ts";
import type { DecisionRecord } from "./history-types.ts";

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "tofro-keeper-"));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true, force: true });
});

const SAMPLED = {
  names: ["a", "c"],
  senders: Int32Array.of(0, 1),
  receivers: Int32Array.of(1, 0),
  tunnels: ["a - c"],
  pairs: [],
};
/** Of link a -> c the jitter is known. */
const snapshot = (atMs: number) => ({
  atMs,
  reports: Float64Array.of(NaN, NaN, 1, NaN, NaN, NaN, NaN, NaN),
  down: new Uint8Array(2),
  ways: [],
});
const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 10, 27, 8);
const way = { path: ["a", "c"], moreCostMs: 0 };
const decision = (atMs: number): DecisionRecord => ({
  atMs,
  from: "a",
  to: "c",
  reason: "gain",
  was: way,
  is: way,
  candidates: [way],
});

/** By the very program that runs on nodes. */
async function begin(at: string, log: string[] = []): Promise<HistoryKeeper> {
  const program = join(at, "agent.mjs");
  await writeAtomic(program, await agentProgram(), 0o600);
  const path = join(at, "tofro", "history.sqlite");
  const keeper = new HistoryKeeper({ path, program, sampled: SAMPLED, log: (line) => log.push(line) });
  while (keeper.status().kept === "memory" && log.length === 0) await sleep(10);
  return keeper;
}

describe("the history of a controller", () => {
  it("is on the disk when the controller has ended, and known to the next", async () => {
    const at = folder();
    const first = await begin(at);
    expect(first.status()).toEqual({ kept: "disk" });
    first.decided([decision(T0), decision(T0 + 1000)]);
    first.changed({ atMs: T0, kind: "start", text: "began" });
    // Before it is written.
    expect(first.decisions({ count: 9 }).map(({ atMs }) => atMs - T0)).toEqual([1000, 0]);
    first.write(snapshot(T0));
    first.decided([decision(T0 + 2000)]);
    await first.stop();
    const next = await begin(at);
    next.decided([decision(T0 + 3000)]);
    expect(next.decisions({ from: "a", count: 3 }).map(({ atMs }) => atMs - T0)).toEqual([3000, 2000, 1000]);
    expect(next.changes(9)).toEqual([{ atMs: T0, kind: "start", text: "began" }]);
    expect(next.link("a - c", "a", "hour", T0 + 5000)).toEqual([{ atMs: T0, jitterMs: 1, isDown: false }]);
    await next.stop();
  });

  it("begins anew when the file breaks under it, says so, and goes on", async () => {
    const at = folder();
    const log: string[] = [];
    const keeper = await begin(at, log);
    const path = join(at, "tofro", "history.sqlite");
    for (let index = 0; index < 70; index++) keeper.write(snapshot(T0 + index * 1000));
    const other = new DatabaseSync(path, { timeout: 5000 });
    other.exec("DROP TABLE recent");
    other.close();
    let second = 70;
    while (!keeper.status().trouble?.includes(".aside")) {
      keeper.write(snapshot(T0 + second++ * 1000));
      await sleep(20);
    }
    const known = (): number => keeper.link("a - c", "a", "hour", T0 + HOUR_MS).length;
    while (known() === 0) {
      keeper.write(snapshot(T0 + second++ * 1000));
      await sleep(20);
    }
    expect(keeper.status()).toMatchObject({ kept: "disk" });
    expect(log.slice(0, 2)).toEqual([
      expect.stringContaining("no such table") as string,
      `history: ${path} broke: it is ${path}.aside now`,
    ]);
    await keeper.stop();
  });

  it("stays in memory where there can be no file, and says why", async () => {
    const at = folder();
    mkdirSync(join(at, "tofro", "history.sqlite", "a folder in its way"), { recursive: true });
    const log: string[] = [];
    const keeper = await begin(at, log);
    keeper.decided([decision(T0)]);
    keeper.write(undefined);
    expect(keeper.decisions({ count: 1 })).toEqual([decision(T0)]);
    expect(keeper.link("a - c", "a", "hour", T0)).toEqual([]);
    const { trouble, ...rest } = keeper.status();
    expect(rest).toEqual({ kept: "memory" });
    expect(log[0]).toBe(`history: ${trouble}`);
    await keeper.stop();
  });

  it("stays in memory on a Node.js without node:sqlite, which loads the program all the same", async () => {
    const at = folder();
    const program = join(at, "agent.mjs");
    await writeAtomic(program, await agentProgram(), 0o600);
    const sampled = "{ names: [], senders: [], receivers: [], tunnels: [], pairs: [] }";
    const script = `
      import { HistoryKeeper } from ${JSON.stringify(join(import.meta.dirname, "history-keeper.ts"))};
      const keeper = new HistoryKeeper({ path: "${at}/h/x", program: "${program}", sampled: ${sampled}, log: () => {} });
      const timer = setInterval(() => keeper.write(), 50);
      setTimeout(() => {
        console.log(JSON.stringify(keeper.status()));
        clearInterval(timer);
        void keeper.stop();
      }, 1000);`;
    const run = promisify(execFile);
    const options = ["--no-experimental-sqlite", "--no-warnings"];
    const asking = join(at, "ask.mjs");
    await writeAtomic(asking, script, 0o600);
    const { stdout } = await run(process.execPath, [...options, asking]);
    expect(JSON.parse(stdout)).toEqual({
      kept: "memory",
      trouble: "it is kept on disk with Node.js 22.13 or newer; here decisions are in memory only",
    });
    const asked = await run(process.execPath, [...options, program]).catch(
      (error: { stderr: string }) => error,
    );
    expect(asked.stderr).toBe("tofro-agent: Usage: agent.mjs FOLDER | --ask REQUEST\n");
  });
});
