// Compares the tree with the schema: unknown keys, missing keys and wrong types, each at its place in the file.
import type { z } from "zod";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Position } from "./error.ts";
import {
  carriesSchema,
  chooseSchema,
  failoverSchema,
  fileSchema,
  forwarderSchema,
  interfaceSchema,
  nodeSchema,
  pathSchema,
  uplinkSchema,
} from "./schema.ts";
import { suggest } from "./suggest.ts";
import type { Tree } from "./yaml-tree.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Reports everything about the file's shape; what is left over for read.ts are the values themselves. */
export function checkShape(tree: Tree, found: Diagnostics): void {
  const result = fileSchema.safeParse(plain(tree));
  const issues = (result.error?.issues ?? []).flatMap((issue) => unfold(issue, []));
  // A misspelt key is one mistake: the right one is not missing besides.
  const misspelt = new Set(
    issues.flatMap(({ issue, path }) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.flatMap((key) => intended(key, path).map((each) => [...path, each].join("\n")))
        : [],
    ),
  );
  for (const { issue, path } of issues) {
    if (!misspelt.has(path.join("\n"))) report(tree, issue, path, found);
  }
}

function plain(tree: Tree): unknown {
  if (tree.kind === "text") return tree.text;
  if (tree.kind === "empty") return null;
  if (tree.kind === "list") return tree.items.map(plain);
  const object: Record<string, unknown> = {};
  for (const { key, value } of tree.entries) {
    // `__proto__` as an own property, not as the prototype.
    if (key === "__proto__") Object.defineProperty(object, key, { value: plain(value), enumerable: true });
    else object[key] = plain(value);
  }
  return object;
}

/** Unions taken apart: the branch that fits in type but not inside knows better what is wrong than the union. */
function unfold(issue: Issue, base: Path): { issue: Issue; path: Path }[] {
  const path = [...base, ...issue.path];
  const inner =
    issue.code === "invalid_union"
      ? issue.errors.find((branch) =>
          branch.every((each) => each.path.length > 0 || each.code === "unrecognized_keys"),
        )
      : undefined;
  return inner?.flatMap((each) => unfold(each, path)) ?? [{ issue, path }];
}

/** The known keys that an unknown one stands for, as far as one can tell. */
function intended(key: string, path: Path): string[] {
  // `- a -> b: c` makes a map of a line.
  if (path[0] === "paths" && ARROW.test(key)) return ["path"];
  const near = suggest(key, keysAt(path));
  return near === undefined ? [] : [near];
}

const ARROW = /[-=][>[]/;

function report(tree: Tree, issue: Issue, path: Path, found: Diagnostics): void {
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) unknownKey(key, path, locate(tree, [...path, key]).keyAt, found);
    return;
  }
  const place = locate(tree, path);
  const name = nameOf(path);
  if (place.value === undefined) {
    found.error(
      "missing-key",
      place.keyAt,
      `${name} is missing`,
      `write ${quote(`${String(path.at(-1))}:`)} and ${issue.message}`,
    );
    return;
  }
  const colons = trailingColons(place.value);
  if (colons !== undefined) {
    const message = `the address ${quote(colons)} must be quoted here: to YAML a colon at the end makes a key`;
    found.error("yaml-quote", place.value.at, message, `write "${colons}"`);
    return;
  }
  if (quotesNeeded(place.value, path)) {
    const hint = 'write it in quotes, as in "[2001:db8::1]:51820"';
    found.error(
      "yaml-quote",
      place.value.at,
      "an IPv6 address in brackets must be quoted: to YAML `[` begins a list",
      hint,
    );
    return;
  }
  const subject = place.value.kind === "empty" && path.length > 0 ? `${name} is empty: it` : name;
  found.error(
    "wrong-type",
    place.value.at,
    `${subject} must be ${issue.message}`,
    hintFor(place.value, path),
  );
}

function unknownKey(key: string, path: Path, at: Position, found: Diagnostics): void {
  const where = path.length === 0 ? "at the top of the file" : `in ${nameOf(path)}`;
  if (path[0] === "paths" && ARROW.test(key)) {
    const hint = "a path line has no colon; options are written `- { path: a => b, avoid: [c] }`";
    found.error("bad-path", at, `a colon follows the path line ${quote(key)}`, hint);
    return;
  }
  const known = keysAt(path);
  const near = suggest(key, known);
  const other = key === "<<" ? "YAML merge keys are not read" : `known here: ${known.join(", ")}`;
  const hint = near === undefined ? other : `did you mean ${quote(near)}?`;
  found.error("unknown-key", at, `unknown key ${quote(key)} ${where}`, hint);
}

function keysAt(path: Path): string[] {
  if (path.length === 0) return Object.keys(fileSchema.shape);
  if (path[0] === "choose") return Object.keys(chooseSchema.shape);
  if (path[0] === "failover") return Object.keys(failoverSchema.shape);
  if (path[2] === "carries") return Object.keys(carriesSchema.shape);
  if (path[2] === "uplinks") return Object.keys(uplinkSchema.shape);
  if (path[0] === "paths") return Object.keys(pathSchema.shape);
  if (path[0] === "forwarders") return Object.keys(forwarderSchema.shape);
  return Object.keys(path.length > 2 ? interfaceSchema.shape : nodeSchema.shape);
}

/** The value at a path, and the place of its key; of the nearest key above it when there is none. */
function locate(tree: Tree, path: Path): { value?: Tree; keyAt: Position } {
  let [value, keyAt] = [tree, tree.at];
  for (const step of path) {
    if (value.kind === "map") {
      const entry = value.entries.find((each) => each.key === step);
      if (entry === undefined) return { keyAt };
      [value, keyAt] = [entry.value, entry.at];
    } else {
      const item: Tree | undefined =
        value.kind === "list" && typeof step === "number" ? value.items[step] : undefined;
      if (item === undefined) return { keyAt };
      [value, keyAt] = [item, item.at];
    }
  }
  return { value, keyAt };
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return "the file";
  if (typeof last !== "number") return quote(String(last));
  return `entry ${last + 1} of ${quote(String(path.at(-2) ?? ""))}`;
}

/** `fd77::` at the end of a line or before a bracket became the map `{ "fd77:": }`. */
function trailingColons(value: Tree): string | undefined {
  const [entry, other] = value.kind === "map" ? value.entries : [];
  const written = entry?.value.kind === "empty" && other === undefined ? `${entry.key}:` : "";
  return /^[0-9A-Fa-f:]*::$/.test(written) ? written : undefined;
}

const quotesNeeded = (value: Tree, path: Path): boolean =>
  value.kind === "list" &&
  ["endpoint", "listen"].includes(String(path.at(-1))) &&
  value.items.length === 1 &&
  value.items.every((item) => item.kind === "text" && item.text.includes(":"));

function hintFor(value: Tree, path: Path): string {
  const [section] = path;
  if (path.length === 0) return "the smallest file has `overlay: 10.0.0.0/24`, `nodes:` and `paths:`";
  if (section === "paths" && path.length === 1) return "begin every path line with `- `, as in `- a -> b`";
  if (section === "paths" && value.kind === "map")
    return "write `- a -> b`, or `- { path: a => b, avoid: [c] }`";
  if (path.length === 1 && value.kind !== "map" && (section === "nodes" || section === "forwarders")) {
    return `write \`${section}:\` and below it, indented, \`name: {…}\` for each`;
  }
  if (path.at(-1) === "isolate") return "write `isolate: true`, or leave it out";
  if (path.at(-1) === "backup") return "write `backup: none`, or a pinned line such as `backup: a -> c`";
  if (path.at(-1) === "interfaces") return "write `interfaces: { peer: { name: wg0, port: 51820 } }`";
  if (path.at(-2) === "uplinks" || path.at(-1) === "uplinks")
    return "write `uplinks: { lte: { table: 102 } }`, or `{ endpoint: 203.0.113.2 }`";
  if (value.kind === "map") return "a text with a colon and a space, or a colon at its end, must be quoted";
  return value.kind === "empty"
    ? "write its value, or remove the key"
    : "see `tofro schema` for the shape of the file";
}
