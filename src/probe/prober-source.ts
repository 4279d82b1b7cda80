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

/**
 * Node.js 24 calls `stripTypeScriptTypes` experimental each time a process first uses it, on the stderr of whoever measures.
 * It warns while it is called, so that word alone is kept back; any other warning passes.
 */
function quietly<Result>(work: () => Result): Result {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (...words: unknown[]): void => {
    if (!words.includes("ExperimentalWarning")) Reflect.apply(emitWarning, undefined, words);
  };
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

const toModule = (name: string): string => name.replace(/\.ts$/, ".mjs");
