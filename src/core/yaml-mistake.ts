// YAML syntax errors in the user's words: tabs, quotes that flow style needs, unclosed brackets, several documents.
import type { YAMLError } from "yaml";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Position } from "./error.ts";

interface Explanation {
  readonly code: string;
  /** Where the mistake really is; absent: where the library saw it. */
  readonly offset?: number;
  readonly message: string;
  readonly hint: string;
  /** Quotes around this much text from `offset` on would cure it. */
  readonly bare?: string;
}

type Explain = (context: {
  error: YAMLError;
  offset: number;
  line: string;
  lineStart: number;
}) => Explanation | undefined;

/** What to do about a text with syntax errors. */
export type Verdict =
  | { readonly kind: "sound" }
  | { readonly kind: "broken" }
  | { readonly kind: "mended"; readonly text: string };

/**
 * Reports the library's errors, one a line. Where only quotes are missing it returns the text as if they were there (see
 * `mask`), so that reading can go on; other errors of the same pass are then left to the next one.
 */
export function explainYamlErrors(
  text: string,
  errors: readonly YAMLError[],
  at: (offset: number) => Position,
  found: Diagnostics,
): Verdict {
  const explained = new Map<number, Explanation & { readonly offset: number }>();
  for (const error of errors) {
    // After a broken flow collection the parser calls every further token unexpected: all of that is one mistake.
    if (explained.size > 0 && /in YAML stream|node end|sufficiently indented/.test(error.message)) continue;
    const offset = Math.min(error.pos[0], text.length);
    const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
    if (explained.has(lineStart)) continue;
    const lineEnd = text.indexOf("\n", offset);
    const line = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, "");
    const context = { error, offset, line, lineStart };
    const explanation = EXPLANATIONS.map((explain) => explain(context)).find((each) => each !== undefined);
    explained.set(lineStart, { offset, ...(explanation ?? UNCLEAR) });
  }
  const all = [...explained.values()];
  const mendable = all.filter((each) => each.bare !== undefined);
  for (const { code, offset, message, hint } of mendable.length > 0 ? mendable : all) {
    found.error(code, at(offset), message, hint);
  }
  if (mendable.length === 0) return all.length === 0 ? { kind: "sound" } : { kind: "broken" };
  let mended = text;
  for (const { offset, bare = "" } of mendable) {
    mended = mended.slice(0, offset) + mask(bare) + mended.slice(offset + bare.length);
  }
  return { kind: "mended", text: mended };
}

const MASKED = { "[": "\ue000", "]": "\ue001", ":": "\ue002" } as const;

/** YAML's own characters as ones that mean nothing to it: what quotes do, without moving any column. */
const mask = (text: string): string =>
  text.replaceAll("[", MASKED["["]).replaceAll("]", MASKED["]"]).replaceAll(":", MASKED[":"]);

export const unmask = (text: string): string =>
  text.replaceAll(MASKED["["], "[").replaceAll(MASKED["]"], "]").replaceAll(MASKED[":"], ":");

const UNCLEAR: Explanation = {
  code: "yaml-syntax",
  message: "this is not YAML",
  hint: "check the indentation, colons (`key: value`), quotes and brackets here and on the line above",
};

const EXPLANATIONS: readonly Explain[] = [
  ({ line }) =>
    line.includes("\r")
      ? {
          code: "yaml-line-ends",
          message: "lines end in a carriage return alone",
          hint: "save the file with the line ends of Unix or Windows",
        }
      : undefined,
  ({ error }) =>
    /closing.*quote/.test(error.message)
      ? {
          code: "yaml-open-quote",
          message: "a quote was opened above and never closed",
          hint: "write the second quote where the text ends",
        }
      : undefined,
  ({ error }) =>
    error.code === "MULTIPLE_DOCS"
      ? {
          code: "yaml-documents",
          message: "a second YAML document begins here",
          hint: "a network is one document: remove this `---` or keep the second network in a file of its own",
        }
      : undefined,
  ({ error, lineStart, line, offset }) => {
    const tab = /^[ ]*\t/.exec(line);
    if (error.code !== "TAB_AS_INDENT" && !(tab && offset <= lineStart + tab[0].length)) return undefined;
    const column = tab ? lineStart + tab[0].length - 1 : offset;
    return {
      code: "yaml-tab",
      offset: column,
      message: "a tab indents this line, and YAML forbids tabs there",
      hint: "indent with spaces",
    };
  },
  ({ line, lineStart }) => {
    const arrow = unquoted(line, /[A-Za-z0-9_][A-Za-z0-9_-]*\s*<?-\[/);
    if (arrow === undefined || !/[{[]/.test(line.slice(0, arrow))) return undefined;
    const path = /^(?:[A-Za-z0-9_ <>-]|\[[A-Za-z0-9_ -]*\])*/.exec(line.slice(arrow))![0].trimEnd();
    return {
      code: "yaml-quote",
      offset: lineStart + arrow,
      message: "in YAML's flow style (`{…}`, `[…]`) a path line with `[` must be quoted",
      hint: `write "${path}"`,
      bare: path,
    };
  },
  ({ line, lineStart }) => {
    const bracketed = unquoted(line, /\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\](?::\d*)?/);
    if (bracketed === undefined) return undefined;
    const address = /^\[[^\]]*\](?::\d*)?/.exec(line.slice(bracketed))![0];
    return {
      code: "yaml-quote",
      offset: lineStart + bracketed,
      message: "an IPv6 address in brackets must be quoted: to YAML `[` begins a list",
      hint: `write "${address}"`,
      bare: address,
    };
  },
  ({ line, lineStart }) => {
    const address = unquoted(line, /(?<![\w:.])[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*(?:\/\d+)?(?=[\s,}\]]|$)/);
    if (address === undefined) return undefined;
    const text = /^[0-9A-Fa-f:.]*(?:\/\d+)?/.exec(line.slice(address))![0];
    return {
      code: "yaml-quote",
      offset: lineStart + address,
      message: `the address ${quote(text)} must be quoted here: to YAML a colon at the end makes a key`,
      hint: `write "${text}"`,
      bare: text,
    };
  },
  ({ error, line, lineStart }) => {
    if (error.code !== "TAG_RESOLVE_FAILED") return undefined;
    const tag = line.indexOf("!");
    const offset = tag < 0 ? {} : { offset: lineStart + tag };
    return {
      code: "yaml-tag",
      ...offset,
      message: "`!` begins a YAML tag",
      hint: "quote the text if it is meant to begin with `!`",
    };
  },
  ({ error, line }) => {
    if (error.code !== "MULTILINE_IMPLICIT_KEY") return undefined;
    const key = /^\s*([A-Za-z_]+):(\S+)/.exec(line);
    if (!key) return undefined;
    const hint = `write ${quote(`${key[1]}: ${key[2]}`)}`;
    return { code: "yaml-space", message: "YAML wants a space behind the colon", hint };
  },
  ({ error }) => SIMPLE[error.code],
  ({ error, line, lineStart, offset }) => {
    const char = line[offset - lineStart];
    if (error.code !== "UNEXPECTED_TOKEN" && error.code !== "MISSING_CHAR") return undefined;
    const message =
      char === undefined
        ? "YAML did not expect the line to end here"
        : `YAML did not expect ${quote(char)} here`;
    return {
      code: "yaml-syntax",
      message,
      hint: "check brackets, commas and quotes here; quote texts with special characters",
    };
  },
];

const SIMPLE: Partial<Record<YAMLError["code"], Explanation>> = {
  BAD_DIRECTIVE: {
    code: "yaml-directive",
    message: "`%` at the beginning of a line is a YAML directive",
    hint: "remove the line: a network file needs none",
  },
  BAD_INDENT: {
    code: "yaml-indent",
    message: "the indentation does not fit, or a `{` or `[` above is not closed",
    hint: "entries of one list or map begin in the same column; every `{` and `[` needs its `}` and `]`",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    code: "yaml-nested",
    message: "two `key:` on one line",
    hint: "put the second on a line of its own, indented further, or write `key: { key: value }`",
  },
  BLOCK_IN_FLOW: {
    code: "yaml-comma",
    message: "a comma is missing between two entries in `{…}`, or a text with a colon is not quoted",
    hint: "write `{ key: value, key: value }`",
  },
  BAD_ALIAS: {
    code: "yaml-alias",
    message: "`*` begins a YAML alias",
    hint: "every node is called `all` in a path line; quote the text if it is meant to begin with `*`",
  },
  BAD_SCALAR_START: {
    code: "yaml-reserved",
    message: "YAML reserves this character at the beginning of a value",
    hint: "quote the text if it is meant to begin so",
  },
  MULTILINE_IMPLICIT_KEY: {
    code: "yaml-key-line",
    message: "a key and its colon must stand on one line",
    hint: "write `key: value`, with a space behind the colon",
  },
};

/** Where `pattern` first matches outside of quotes and comments. */
function unquoted(line: string, pattern: RegExp): number | undefined {
  return pattern.exec(line.replace(/"(?:\\.|[^"\\])*"|'(?:''|[^'])*'|(?<=^|\s)#.*$/g, blank))?.index;
}

const blank = (text: string): string => " ".repeat(text.length);
