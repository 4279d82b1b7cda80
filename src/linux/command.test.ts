import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { localHost, run } from "./command.ts";

describe("run", () => {
  test("returns what the command says", async () => {
    const output = await run(["sh", "-c", "cat; echo $WORD >&2"], { input: "in", env: { WORD: "out" } });
    expect(output).toEqual({ stdout: "in", stderr: "out\n", code: 0 });
  });

  test("says what failed, where and why", async () => {
    const failed = run(["sh", "-c", "echo no such thing >&2; exit 4"], {}, { name: "fra", enter: [] });
    await expect(failed).rejects.toMatchObject({
      message: "Cannot run `sh -c echo no such thing >&2; exit 4` on fra: no such thing",
      exitCode: 1,
      detail: { kind: "command", stderr: "no such thing\n" },
    });
    await expect(run(["false"])).rejects.toThrow("Cannot run `false`: exit code 1");
    await expect(run(["no-such-command"])).rejects.toThrow("no-such-command is not installed");
  });

  test("returns any exit code when asked to", async () => {
    expect(await run(["sh", "-c", "exit 4"], { anyExit: true })).toMatchObject({ code: 4 });
  });

  test("survives a command that reads no input", async () => {
    await expect(run(["true"], { input: "x".repeat(1_000_000) })).resolves.toMatchObject({ code: 0 });
  });

  test("ends the command and its children at the time limit", async () => {
    const begin = performance.now();
    await expect(run(["sh", "-c", "sleep 60 & wait"], { timeoutMs: 100 })).rejects.toThrow(
      "longer than 100 ms",
    );
    expect(performance.now() - begin).toBeLessThan(30_000);
  });
});

describe("writeFile", () => {
  test("writes with the mode, atomically", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tofro-"));
    const path = join(folder, "key");
    await localHost.writeFile(path, "secret\n", 0o600);
    await localHost.writeFile(path, "other\n", 0o600);
    expect(await readFile(path, "utf8")).toBe("other\n");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["key"]);
    await rm(folder, { recursive: true });
  });
});
