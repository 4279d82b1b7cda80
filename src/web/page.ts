// The page as files that a browser loads: bundled at first use, kept for the same sources.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, writeAtomic } from "../files/atomic.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const WEB = join(ROOT, "web");

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** By path, as a browser asks for it. Throws when the sources cannot be bundled. */
export async function pageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const script = join(ROOT, ".cache", `page-${await sourcesHash()}.js`);
  const code = (await readIfThere(script)) ?? (await bundle());
  // A clone that only somebody else may write serves as well.
  await writeAtomic(script, code, 0o644).catch(() => undefined);
  return new Map([
    ["/", { type: "text/html; charset=utf-8", text: await readFile(join(WEB, "index.html"), "utf8") }],
    ["/page.css", { type: "text/css; charset=utf-8", text: await readFile(join(WEB, "page.css"), "utf8") }],
    ["/page.js", { type: "text/javascript; charset=utf-8", text: code }],
  ]);
}

async function bundle(): Promise<string> {
  const { rolldown } = await import("rolldown");
  const build = await rolldown({ input: join(WEB, "main.ts"), platform: "browser", logLevel: "silent" });
  try {
    const { output } = await build.generate({ format: "esm", codeSplitting: false, minify: true });
    return `${output[0].code.trimEnd()}\n`;
  } finally {
    await build.close();
  }
}

async function sourcesHash(): Promise<string> {
  const sources = (await readdir(WEB)).filter((name) => name.endsWith(".ts")).sort();
  const hash = createHash("sha256");
  for (const path of [...sources.map((name) => join(WEB, name)), join(ROOT, "package-lock.json")])
    hash.update(`${path.slice(ROOT.length)}\n`).update(await readFile(path));
  return hash.digest("hex").slice(0, 32);
}
