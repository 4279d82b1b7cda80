// The program that goes to other machines is whole: it needs nothing of ours there, and no newer Node.js than it says.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PROBER, proberSource } from "./prober-source.ts";
import { parseSurvey } from "./survey.ts";

it("imports Node.js and itself only, and every part of it can be read as JavaScript", async () => {
  const source = await proberSource();
  expect(source.has(PROBER)).toBe(true);
  const folder = mkdtempSync(join(tmpdir(), "tofro-source-"));
  try {
    for (const [name, text] of source) {
      writeFileSync(join(folder, name), text);
      const imports = Array.from(
        text.matchAll(/^(?:import|export) .*from "([^"]+)"|^import "([^"]+)"/gm),
        ([, from, only]) => from ?? only!,
      );
      for (const each of imports) {
        expect(each.startsWith("node:") || source.has(each.replace("./", ""))).toBe(true);
      }
      execFileSync(process.execPath, ["--check", join(folder, name)]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("is made without a word on stderr", () => {
  const script = `import(${JSON.stringify(join(import.meta.dirname, "prober-source.ts"))}).then((m) => m.proberSource())`;
  const { stderr, status } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
});

it("says which Node.js is good enough", () => {
  const survey = (...nodes: string[]) =>
    parseSurvey(["user 0", ...nodes.map((each) => `node ${each}`), "busy 035E", "busy address"].join("\n"));
  expect(survey("18.20.4 /usr/bin/node", "20.0.0 /opt/with space/node", "24.1.0 /x")).toMatchObject({
    isRoot: true,
    node: "/opt/with space/node",
  });
  expect(survey("18.20.4 /usr/bin/node")).toMatchObject({ tooOld: "18.20.4" });
  expect(survey()).not.toHaveProperty("node");
  expect(survey().busy.has(862)).toBe(true);
});
