// The `paths` section: each entry's line and options, every name with its place.
import type { Diagnostics } from "./diagnostics.ts";
import type { DraftBackup, DraftLine, DraftOption, DraftPath } from "./draft.ts";
import { fieldsOf, textOf, textsOf } from "./fields.ts";
import type { Fields } from "./fields.ts";
import { isMistake, parsePathLine } from "./path-line.ts";
import type { Word } from "./path-line.ts";
import { readNumber, within } from "./read-values.ts";
import type { Located } from "./spec.ts";
import type { Text, Tree } from "./yaml-tree.ts";

export function readPaths(tree: Tree | undefined, found: Diagnostics): DraftPath[] {
  return tree?.kind === "list" ? tree.items.map((item) => readEntry(item, found)) : [];
}

function readEntry(tree: Tree, found: Diagnostics): DraftPath {
  const fields = fieldsOf(tree);
  const text = tree.kind === "text" ? tree : textOf(fields, "path");
  const line = text && readLine(text, found);
  const avoid = readOption(fields, "avoid");
  const via = readOption(fields, "via");
  const maxHops = fields.get("max_hops");
  const value =
    maxHops?.value.kind === "text"
      ? readNumber(maxHops.value, "`max_hops`", "max-hops-range", 1, 64, found)
      : undefined;
  return {
    text: text?.text.trim() ?? "",
    at: text?.at ?? tree.at,
    backup: readBackup(textOf(fields, "backup"), found),
    ...(line && { line }),
    ...(avoid && { avoid }),
    ...(via && { via }),
    ...(maxHops && { maxHops: { at: maxHops.at, ...(value && { value: value.value }) } }),
  };
}

/** Undefined: it cannot be read, and that has been reported. */
export function readLine(text: Text, found: Diagnostics): DraftLine | undefined {
  const line = parsePathLine(text.text);
  if (isMistake(line)) {
    found.error(line.code, within(text, line.offset), line.message, line.hint);
    return undefined;
  }
  const placed = (word: Word): Located<string> => ({ value: word.text, at: within(text, word.offset) });
  const hops = line.hops.map(({ to, over }) => ({
    to: placed(to),
    ...(over && { over: placed(over) }),
  }));
  return { kind: line.kind, twoWay: line.twoWay, at: text.at, from: placed(line.from), hops };
}

function readOption(fields: Fields, key: string): DraftOption | undefined {
  const entry = fields.get(key);
  return (
    entry && { at: entry.at, names: textsOf(fields, key).map((text) => ({ value: text.text, at: text.at })) }
  );
}

function readBackup(text: Text | undefined, found: Diagnostics): DraftBackup {
  if (text === undefined) return { kind: "any" };
  if (text.text.trim() === "none") return { kind: "none" };
  const line = readLine(text, found);
  return { kind: "path", at: text.at, ...(line && { line }) };
}
