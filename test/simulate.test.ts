// `tofro simulate`: an hour's choosing in seconds, with nobody's permission.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { DirectionLedger } from "../src/simulate/ledger.ts";
import { tofro } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "tofro-simulate-"));
afterAll(() => rmSync(folder, { recursive: true }));
const EXAMPLES = join(import.meta.dirname, "..", "examples");

interface Report {
  readonly seconds: number;
  readonly loops: number;
  readonly directions: readonly (Omit<DirectionLedger, "taken"> & {
    readonly taken: readonly { readonly path: readonly string[]; readonly share: number }[];
  })[];
}

async function simulated(...argv: string[]): Promise<Report> {
  const { code, stdout, stderr } = await tofro("simulate", ...argv, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Report;
}

describe("simulate", () => {
  it("takes the better way there, the direct one back, and says the same again", async () => {
    const lab = join(EXAMPLES, "three-nodes", "measured-lab.yaml");
    const report = await simulated(lab, "--for", "5m");
    const [there, back] = report.directions;
    expect(report).toMatchObject({ seconds: 300, loops: 0 });
    expect(there).toMatchObject({ from: "a", to: "c", directDelayMs: 55, bestDelayMs: 15, moves: 1 });
    expect(there!.taken[0]!.path).toEqual(["a", "b", "c"]);
    expect(there!.taken[0]!.share).toBeGreaterThan(0.95);
    expect(back!.taken).toMatchObject([{ path: ["c", "a"], share: 1 }]);
    expect(await simulated(lab, "--for", "5m")).toEqual(report);
    expect(await simulated(lab, "--for", "5m", "--seed", "2")).not.toEqual(report);
  });

  it("follows the schedule of five nodes", async () => {
    const { loops, directions } = await simulated(
      join(EXAMPLES, "five-nodes", "measured-lab.yaml"),
      "--for",
      "2m",
    );
    expect(loops).toBe(0);
    expect(directions).toHaveLength(20);
    // From 20 s to 60 s tyo -> lax takes 160 ms and loses 8 %.
    const moved = directions.find(({ from, to }) => from === "tyo" && to === "lax")!;
    expect(moved.taken.map(({ path }) => path.join(" ")).sort()).toEqual(["tyo lax", "tyo office lax"]);
    for (const { excessMs, outageMs } of directions) {
      expect(excessMs).toBeLessThan(20);
      expect(outageMs).toBe(0);
    }
  });

  it("tells it to people in 80 columns, and says so when nothing would move", async () => {
    const { stdout } = await tofro(
      "simulate",
      join(EXAMPLES, "five-nodes", "measured-lab.yaml"),
      "--for",
      "30s",
    );
    expect(stdout).toMatch(/^30s simulated, 20 directions; times in ms, means\n/);
    expect(stdout).toContain("no packet went in a circle");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const pinned = await tofro("simulate", join(EXAMPLES, "three-nodes", "lab.yaml"));
    expect(pinned).toMatchObject({ code: 0, stdout: "no line is measured (`=>`): nothing would move\n" });
  });

  it("refuses what it cannot use", async () => {
    const file = join(folder, "lab.yaml");
    writeFileSync(file, "network: ./none.yaml\nunderlay: { a -> c: { delay: 5 } }\n");
    const wrong = await tofro("simulate", file);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain(`${file}:1:10: error: the network file`);
    expect(wrong.stderr).toContain("`delay` must be a time");
    const lab = join(EXAMPLES, "three-nodes", "measured-lab.yaml");
    for (const argv of [
      ["--for", "1"],
      ["--for", "25h"],
      ["--seed", "-1"],
      ["--seed", "x"],
    ])
      expect((await tofro("simulate", lab, ...argv)).code).toBe(2);
  });
});
