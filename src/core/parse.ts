// The user's file: text in, `Spec` or everything that is wrong with it out.
import { Diagnostics } from "./diagnostics.ts";
import { toSpec } from "./draft.ts";
import type { Diagnostic } from "./error.ts";
import { start } from "./error.ts";
import { readDraft } from "./read.ts";
import { checkShape } from "./shape.ts";
import type { Spec } from "./spec.ts";
import { validate } from "./validate.ts";
import { parseYaml } from "./yaml-tree.ts";

/** In UTF-16 units; ten thousand nodes take about a tenth of it. */
export const LARGEST_FILE = 4 * 1024 * 1024;

const SMALLEST =
  "the smallest file: `overlay: 10.0.0.0/24`, `nodes: { a: { endpoint: a.example.net }, b: {} }`, `paths: [a <-> b]`, each on a line of its own";

/**
 * Reads a network file. All mistakes come at once, in the file's order; `spec` is there when none of them is an error.
 * `file` is the name that positions carry. Never throws.
 */
export function parse(text: string, file: string): { spec?: Spec; diagnostics: Diagnostic[] } {
  const found = new Diagnostics();
  const spec = read(text, file, found);
  return { ...(spec && !found.hasErrors && { spec }), diagnostics: found.sorted() };
}

function read(text: string, file: string, found: Diagnostics): Spec | undefined {
  if (text.length > LARGEST_FILE) {
    const hint = "a network of a thousand nodes takes about 100 KiB: is this the right file?";
    found.error(
      "file-too-large",
      start(file),
      `the file has ${(text.length / 1024 / 1024).toFixed(1)} MiB, more than 4`,
      hint,
    );
    return undefined;
  }
  // Editors do not count a byte order mark as a column.
  const tree = parseYaml(text.replace(/^\uFEFF/, ""), file, found);
  if (tree === undefined) return undefined;
  if (tree.kind === "empty") {
    found.error("empty-file", start(file), "the file is empty", SMALLEST);
    return undefined;
  }
  checkShape(tree, found);
  if (tree.kind !== "map") return undefined;
  const draft = readDraft(tree, file, found);
  validate(draft, found);
  return found.hasErrors ? undefined : toSpec(draft);
}
