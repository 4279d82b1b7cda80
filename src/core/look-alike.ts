// Characters that look like those of a path line and are not: what stands there, and what to type.

const ARROWS: ReadonlyMap<string, string> = pairs([
  ["→⟶➔➙➛➜➝➞➡⭢🡒￫", "->"],
  ["⇒⟹⇨➾", "=>"],
  ["↔⟷⇄⇆⇌⬌", "<->"],
  ["⇔⟺⬄", "<=>"],
  ["‐‑‒–—―−⁃﹣", "-"],
  ["›〉＞❯≻", ">"],
  ["‹〈＜❮≺", "<"],
  ["［【〔", "["],
  ["］】〕", "]"],
]);

/** Cyrillic and Greek letters, and below them what they look like. */
const LETTERS = {
  odd: "аАвВсСԁеЕНһіІјЈкКӏМоОрРԛѕЅТуУԝхХαΑΒϲΕΗιΙϳΚκΜνΝοΟρΡΤυΥΧχΖ",
  plain: "aABBcCdeEHhiIjJkKlMoOpPqsSTyYwxXaABcEHiIjKkMvNoOpPTuYXxZ",
};

function pairs(rows: readonly (readonly [string, string])[]): Map<string, string> {
  return new Map(rows.flatMap(([odd, plain]) => Array.from(odd, (char) => [char, plain] as const)));
}

export interface OddCharacter {
  /** What stands there, e.g. "`→` (U+2192)". */
  readonly shown: string;
  /** What to type instead; absent when the character resembles nothing that may stand there. */
  readonly instead?: string;
}

/** Names a character that no path line and no name contains; `char` is one code point. */
export function describeOdd(char: string): OddCharacter {
  const code = char.codePointAt(0) ?? 0;
  const point = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  const shown =
    char === " "
      ? "a space"
      : /[\p{C}\p{Z}\p{M}]/u.test(char)
        ? `the invisible character ${point}`
        : `\`${char}\` (${point})`;
  const instead = insteadOf(char, code);
  return instead === undefined ? { shown } : { shown, instead };
}

function insteadOf(char: string, code: number): string | undefined {
  const known = ARROWS.get(char) ?? LETTERS.plain[LETTERS.odd.indexOf(char)];
  if (known !== undefined) return known;
  if (/\p{Z}/u.test(char)) return " ";
  // The full-width forms stand 0xFEE0 above their ASCII originals.
  if (code >= 0xff01 && code <= 0xff5e) return String.fromCodePoint(code - 0xfee0);
  return undefined;
}

/** The first code point of `text` that no name may contain; `undefined` when all are fine. */
export function firstOdd(text: string): { char: string; offset: number } | undefined {
  const match = /[^A-Za-z0-9_-]/u.exec(text);
  return match ? { char: match[0], offset: match.index } : undefined;
}
