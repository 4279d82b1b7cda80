// The agent as one file that any Node.js 20 runs: everything that src/agent/main.ts needs, and nothing beside it.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, writeAtomic } from "../files/atomic.ts";

const SOURCE = join(import.meta.dirname, "..");
const ROOT = join(SOURCE, "..");
const CACHE = join(ROOT, ".cache");

/** The program's text; made once for the same sources. Throws when they cannot be bundled. */
export async function agentProgram(): Promise<string> {
  const cached = join(CACHE, `agent-${await sourcesHash()}.mjs`);
  const text = (await readIfThere(cached)) ?? (await bundle());
  // A clone that only somebody else may write serves as well.
  await writeAtomic(cached, text, 0o644).catch(() => undefined);
  return text;
}

async function bundle(): Promise<string> {
  // It takes longer to load than all of tofro, and only this needs it.
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input: join(SOURCE, "agent", "main.ts"),
    platform: "node",
    logLevel: "silent",
  });
  try {
    const { output } = await build.generate({ format: "esm", codeSplitting: false, minify: true });
    // Ends as every text file does.
    return `${output[0].code.trimEnd()}\n`;
  } finally {
    await build.close();
  }
}

/** Of all that may go into it: our sources and which packages are installed. */
async function sourcesHash(): Promise<string> {
  const names = await readdir(SOURCE, { recursive: true });
  const sources = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).sort();
  const hash = createHash("sha256");
  for (const path of [...sources.map((name) => join(SOURCE, name)), join(ROOT, "package-lock.json")]) {
    hash.update(`${path.slice(ROOT.length)}\n`).update(await readFile(path));
  }
  return hash.digest("hex").slice(0, 32);
}
