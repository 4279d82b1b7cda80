// YAML text as a small tree whose every value knows its place; scalars stay text as written (`1e3`, `null`, `on` are names too).
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Node as YamlNode, Pair } from "yaml";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Position } from "./error.ts";
import { start } from "./error.ts";
import { explainYamlErrors, unmask } from "./yaml-mistake.ts";

export type Tree = Text | List | Mapping | Empty;

export interface Text {
  readonly kind: "text";
  readonly text: string;
  /** Where the content begins: behind an opening quote. */
  readonly at: Position;
  /** True when columns can be counted into the text: one line, no escapes. */
  readonly exact: boolean;
}

interface List {
  readonly kind: "list";
  readonly at: Position;
  readonly items: readonly Tree[];
}

export interface Mapping {
  readonly kind: "map";
  readonly at: Position;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly key: string;
  readonly at: Position;
  readonly value: Tree;
}

/** Nothing written, `null` or `~`. */
interface Empty {
  readonly kind: "empty";
  readonly at: Position;
}

/** Values that aliases may add; enough for shared options, too few for an alias bomb. */
const ALIAS_BUDGET = 1000;

/** Passes over a text whose quotes are missing; every pass mends all lines that the parser got to. */
const PASSES = 16;

/**
 * Reads one YAML document. Duplicate keys, missing quotes and the like are reported and the rest is read on; after
 * another syntax error the tree is `undefined`, because what follows it would be guesswork.
 */
export function parseYaml(text: string, file: string, found: Diagnostics): Tree | undefined {
  // Mending moves no line and no column.
  const at = positions(text, file);
  let source = text;
  try {
    for (let pass = 0; pass < PASSES; pass++) {
      // "failsafe" leaves scalars as text; keys are compared below, because the library does it in quadratic time.
      const options = { prettyErrors: false, schema: "failsafe", uniqueKeys: false } as const;
      const document = parseDocument(source, options);
      const errors = [...document.errors, ...document.warnings];
      if (errors.some((error) => error.code === "RESOURCE_EXHAUSTION")) throw new RangeError("too deep");
      const verdict = explainYamlErrors(source, errors, at, found);
      if (verdict.kind === "broken") return undefined;
      if (verdict.kind === "sound") return new Reader(source, at, found).read(document.contents);
      source = verdict.text;
    }
  } catch (error) {
    // The library recurses once a level, and a hostile file has many.
    if (!(error instanceof RangeError)) throw error;
    found.error(
      "yaml-depth",
      start(file),
      "the file is nested too deeply",
      "a network file is nested about five deep",
    );
  }
  return undefined;
}

/** Offsets to positions; the library's own counter misses lines behind some syntax errors. */
function positions(text: string, file: string): (offset: number) => Position {
  const starts = [0];
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) starts.push(end + 1);
  return (offset) => {
    const inside = Math.min(offset, text.length);
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= inside) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: inside - starts[low]! + 1 };
  };
}

class Reader {
  readonly #text: string;
  readonly #at: (offset: number) => Position;
  readonly #found: Diagnostics;
  readonly #anchors = new Map<string, YamlNode>();
  readonly #open = new Set<YamlNode>();
  #budget = ALIAS_BUDGET;
  #aliasDepth = 0;

  constructor(text: string, at: (offset: number) => Position, found: Diagnostics) {
    this.#text = text;
    this.#at = at;
    this.#found = found;
  }

  read(node: YamlNode | null, fallback = 0): Tree {
    const offset = node?.range?.[0] ?? fallback;
    const at = this.#at(offset);
    if (node === null || this.#overspent()) return { kind: "empty", at };
    if (isAlias(node)) return this.#alias(node.source, at);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    this.#open.add(node);
    const tree = this.#value(node, at, offset);
    this.#open.delete(node);
    return tree;
  }

  #value(node: YamlNode, at: Position, offset: number): Tree {
    if (isSeq<YamlNode>(node)) {
      return { kind: "list", at, items: node.items.map((item) => this.read(item, offset)) };
    }
    if (isMap<YamlNode, YamlNode | null>(node))
      return { kind: "map", at, entries: this.#entries(node.items, offset) };
    const text = isScalar(node) && typeof node.value === "string" ? node.value : "";
    const plain = isScalar(node) && node.type === "PLAIN";
    if (plain && (text === "" || /^(?:~|null|Null|NULL)$/.test(text))) return { kind: "empty", at };
    const begin = isScalar(node) && node.type?.startsWith("QUOTE") ? offset + 1 : offset;
    const exact = this.#text.startsWith(text, begin) && !/[\r\n]/.test(text);
    return { kind: "text", text: unmask(text), at: exact ? this.#at(begin) : at, exact };
  }

  #entries(pairs: readonly Pair<YamlNode, YamlNode | null>[], fallback: number): Entry[] {
    const entries = new Map<string, Entry>();
    for (const pair of pairs) {
      const offset = pair.key?.range?.[0] ?? fallback;
      const at = this.#at(offset);
      const key = isScalar(pair.key) && typeof pair.key.value === "string" ? pair.key.value : undefined;
      if (key === undefined) {
        this.#found.error(
          "yaml-key",
          at,
          "a key must be plain text",
          "quote it if it begins with a special character",
        );
        continue;
      }
      const first = entries.get(key);
      if (first) {
        const message = `${quote(key)} stands here twice, first on line ${first.at.line}`;
        this.#found.error("duplicate-key", at, message, "keep one of them, or give one another name");
        continue;
      }
      entries.set(key, { key, at, value: this.read(pair.value, pair.key.range?.[1] ?? offset) });
    }
    return [...entries.values()];
  }

  #alias(name: string, at: Position): Tree {
    const target = this.#anchors.get(name);
    if (target === undefined || this.#open.has(target)) {
      const message = target
        ? `the alias ${quote(`*${name}`)} contains itself`
        : `the alias ${quote(`*${name}`)} has no anchor`;
      this.#found.error(
        "yaml-alias",
        at,
        message,
        `quote the text if it is no alias, or define \`&${name}\` above it`,
      );
      return { kind: "empty", at };
    }
    this.#aliasDepth++;
    const tree = this.read(target);
    this.#aliasDepth--;
    if (this.#aliasDepth === 0 && this.#budget < 0 && this.#budget > -Infinity) {
      this.#budget = -Infinity;
      const message = `aliases stand for more than ${ALIAS_BUDGET} values`;
      this.#found.error("yaml-alias-limit", at, message, "write the values out, or share less by aliases");
    }
    return tree;
  }

  #overspent(): boolean {
    if (this.#aliasDepth === 0) return false;
    this.#budget--;
    return this.#budget < 0;
  }
}
