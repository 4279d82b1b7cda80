// The path-line grammar: `a -> b -[f]-> c`, `a <-> c`, `a => c`, `all <=> all`; one line of text becomes ends and hops.
import { quote } from "./diagnostics.ts";
import { describeOdd } from "./look-alike.ts";

/** A name and where it begins in the line, in UTF-16 units from 0. */
export interface Word {
  readonly text: string;
  readonly offset: number;
}

interface LineHop {
  readonly to: Word;
  /** The forwarder or uplink in the arrow. */
  readonly over?: Word;
}

export interface PathLine {
  readonly kind: "pinned" | "measured";
  /** `<->` or `<=>`: the same the other way round as well. */
  readonly twoWay: boolean;
  readonly from: Word;
  /** At least one; a measured line has exactly one, and nothing in its arrow. */
  readonly hops: readonly LineHop[];
}

export interface LineMistake {
  readonly code: string;
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

interface Arrow {
  readonly text: "->" | "<->" | "=>" | "<=>";
  readonly offset: number;
  readonly over?: Word;
}

type Token = { readonly word: Word } | { readonly arrow: Arrow };

const ARROW_HINT = "write `a -> b -> c`, `a -[forwarder]-> c`, `a <-> c`, `a => c` or `a <=> c`";

const NAME = /[A-Za-z0-9_-]+/y;

/** Reads one line; a line has at most one mistake, the first. */
export function parsePathLine(line: string): PathLine | LineMistake {
  const tokens: Token[] = [];
  let offset = 0;
  for (;;) {
    while (" \t\r\n".includes(line[offset] ?? "-")) offset++;
    if (offset >= line.length) break;
    const token = readWord(line, offset) ?? readArrow(line, offset);
    if ("code" in token) return token;
    tokens.push(token);
    offset = token.end;
  }
  return assemble(line, tokens);
}

export const isMistake = (result: PathLine | LineMistake): result is LineMistake => "code" in result;

/** A name takes `-` as well, but gives its last one back to the arrow that follows: `a-b->c` is `a-b`, `->`, `c`. */
function readWord(line: string, offset: number): { word: Word; end: number } | undefined {
  NAME.lastIndex = offset;
  const run = NAME.exec(line)?.[0];
  if (run === undefined) return undefined;
  const next = line[offset + run.length];
  const text = run.endsWith("-") && (next === ">" || next === "[") ? run.slice(0, -1) : run;
  if (/^-*$/.test(text)) return undefined;
  return { word: { text, offset }, end: offset + text.length };
}

function readArrow(line: string, offset: number): { arrow: Arrow; end: number } | LineMistake {
  const rest = line.slice(offset, offset + 300);
  const plain = /^(?:<->|->|<=>|=>)(?![-=<>])/.exec(rest)?.[0];
  if (plain !== undefined) {
    return { arrow: { text: plain as Arrow["text"], offset }, end: offset + plain.length };
  }
  const over = /^(<?-)\[([ \t]*)([A-Za-z0-9_-]+)[ \t]*\]->(?![-=<>])/.exec(rest);
  if (over) {
    const [all, open, space, name] = [over[0], over[1]!, over[2]!, over[3]!];
    const word = { text: name, offset: offset + open.length + 1 + space.length };
    return { arrow: { text: open === "<-" ? "<->" : "->", offset, over: word }, end: offset + all.length };
  }
  return arrowMistake(rest, offset);
}

function arrowMistake(rest: string, offset: number): LineMistake {
  const odd = /[^\x20-\x7e\t\r\n]/u.exec(rest);
  const signs = /^[-=<>]*/.exec(rest)![0];
  if (odd && odd.index <= signs.length) return oddCharacter(odd[0], offset + odd.index);
  const bracket = /^(<?)([-=]+)\[([^\]]*)(\]?)([-=]*>?)/.exec(rest);
  if (bracket) {
    const inside = /[^\x20-\x7e\t]/u.exec(bracket[3]!);
    if (inside) return oddCharacter(inside[0], offset + bracket[0].indexOf("[") + 1 + inside.index);
    if (bracket[2]!.includes("=")) {
      const hint = `write \`a => c\` and the option \`via: [${bracket[3]!.trim() || "forwarder"}]\``;
      return { code: "bad-arrow", offset, message: "a measured path names nothing in its arrow", hint };
    }
    const hint = "a hop over a forwarder or an uplink is written `a -[name]-> b`, both ways `a <-[name]-> b`";
    return { code: "bad-arrow", offset, message: `${quote(bracket[0])} is not an arrow`, hint };
  }
  if (signs === "<-" || signs === "<=" || signs === "<") {
    const hint = `write it the other way round: \`b ${signs === "<=" ? "=>" : "->"} a\``;
    return { code: "bad-arrow", offset, message: `${quote(signs)}: no arrow points to the left alone`, hint };
  }
  if (signs !== "") {
    const nearest = `${signs.startsWith("<") ? "<" : ""}${signs.includes("=") ? "=>" : "->"}`;
    return {
      code: "bad-arrow",
      offset,
      message: `${quote(signs)} is not an arrow`,
      hint: `did you mean \`${nearest}\`?`,
    };
  }
  const char = String.fromCodePoint(rest.codePointAt(0)!);
  return {
    code: "bad-character",
    offset,
    message: `${quote(char)} has no meaning in a path line`,
    hint: ARROW_HINT,
  };
}

function oddCharacter(char: string, offset: number): LineMistake {
  const { shown, instead } = describeOdd(char);
  const typed = instead === " " ? "a plain space" : `\`${instead}\``;
  const hint =
    instead === undefined
      ? "names are ASCII letters, digits, `-` and `_`; arrows are `->`, `=>`, `<->` and `<=>`"
      : `type ${typed} instead`;
  return { code: "odd-character", offset, message: `${shown} is not plain ASCII`, hint };
}

function assemble(line: string, tokens: readonly Token[]): PathLine | LineMistake {
  const first = tokens[0];
  if (first === undefined) {
    return { code: "empty-path", offset: 0, message: "the path line is empty", hint: ARROW_HINT };
  }
  if ("arrow" in first) return missingName(first.arrow.offset, "begins", first.arrow);
  const arrows: Arrow[] = [];
  const hops: LineHop[] = [];
  for (let index = 1; index < tokens.length; index += 2) {
    const [token, target] = [tokens[index]!, tokens[index + 1]];
    if ("word" in token) {
      const message = `an arrow is missing before ${quote(token.word.text)}`;
      return { code: "missing-arrow", offset: token.word.offset, message, hint: ARROW_HINT };
    }
    if (target === undefined) return missingName(token.arrow.offset, "ends", token.arrow);
    if ("arrow" in target) {
      const hint = "a node stands between two arrows";
      return {
        code: "missing-name",
        offset: target.arrow.offset,
        message: `a name is missing before ${quote(target.arrow.text)}`,
        hint,
      };
    }
    const { over } = token.arrow;
    arrows.push(token.arrow);
    hops.push(over === undefined ? { to: target.word } : { to: target.word, over });
  }
  if (arrows.length === 0) {
    const message = `${quote(line.trim())} has no arrow`;
    return { code: "missing-arrow", offset: first.word.offset, message, hint: ARROW_HINT };
  }
  return checkArrows(arrows) ?? { ...kindOf(arrows[0]!), from: first.word, hops };
}

const missingName = (offset: number, place: "begins" | "ends", arrow: Arrow): LineMistake => ({
  code: "missing-name",
  offset,
  message: `the path line ${place} with an arrow, ${quote(arrow.text)}`,
  hint: place === "begins" ? "name the node where the path starts" : "name the node where the path ends",
});

const kindOf = (arrow: Arrow): Pick<PathLine, "kind" | "twoWay"> => ({
  kind: arrow.text.includes("=") ? "measured" : "pinned",
  twoWay: arrow.text.startsWith("<"),
});

function checkArrows(arrows: readonly Arrow[]): LineMistake | undefined {
  const [first, second] = arrows;
  if (!first || !second) return undefined;
  const other = arrows.find((arrow) => arrow.text !== first.text);
  if (other) {
    const message = `${quote(first.text)} and ${quote(other.text)} in one path line`;
    return {
      code: "mixed-arrows",
      offset: other.offset,
      message,
      hint: "one line, one kind of arrow: write two lines",
    };
  }
  if (first.text === "->") return undefined;
  if (first.text === "<->") {
    const hint = "write one line for each direction: `a -> b -> c` and `c -> b -> a`";
    return { code: "long-two-way", offset: second.offset, message: "`<->` joins exactly two nodes", hint };
  }
  const hint = `write \`a ${first.text} c\`; the option \`via: [b]\` says what may stand in between`;
  return {
    code: "long-measured",
    offset: second.offset,
    message: `${quote(first.text)} joins exactly two ends`,
    hint,
  };
}
