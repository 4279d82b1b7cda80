// The prober as a program for other machines: the sources of src/stamp without their types, which any Node.js 20 can run.
import { readFile, readdir } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "..", "stamp");

export const PROBER = "prober.mjs";

/** By file name. */
export async function proberSource(): Promise<Map<string, string>> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const texts = await Promise.all(names.map((name) => readFile(join(FOLDER, name), "utf8")));
  return new Map(names.map((name, index) => [toModule(name), compiled(texts[index]!)]));
}

/** Imports for types only are gone with the types; the others are of the same folder or of Node's. */
const compiled = (text: string): string =>
  quietly(() => stripTypeScriptTypes(text))
    .replaceAll(/(from "\.\/[\w-]+)\.ts"/g, '$1.mjs"')
    .replaceAll(/[ \t]+$/gm, "");

/** Node.js 24 still calls it experimental, on the stderr of whoever measures. */
function quietly<Result>(work: () => Result): Result {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

const toModule = (name: string): string => name.replace(/\.ts$/, ".mjs");
