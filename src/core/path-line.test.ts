import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isMistake, parsePathLine } from "./path-line.ts";

const arrow = (over: string | null): string => (over === null ? "->" : `-[${over}]->`);

/** `a -[f]-> c` for what was read, so that a table shows what a line means. */
function shown(line: string): string {
  const result = parsePathLine(line);
  if (isMistake(result)) return `${result.offset} ${result.code}`;
  const [left, right] = [result.twoWay ? "<" : "", result.kind === "pinned" ? "-" : "="];
  const hops = result.hops.map(({ to, over }) =>
    over === undefined ? ` ${left}${right}> ${to.text}` : ` ${left}-[${over.text}]-> ${to.text}`,
  );
  return result.from.text + hops.join("");
}

describe("a path line", () => {
  it.each([
    ["a -> b -> c", "a -> b -> c"],
    ["a->b", "a -> b"],
    ["a-b->c", "a-b -> c"],
    ["a-b-[f-1]->c-d", "a-b -[f-1]-> c-d"],
    ["a -[ hkg ]-> c", "a -[hkg]-> c"],
    ["a<->b", "a <-> b"],
    ["a <-[hkg]-> c", "a <-[hkg]-> c"],
    ["a-<->b", "a- <-> b"],
    ["a=>c", "a => c"],
    ["all <=> all", "all <=> all"],
    ["  1\t->  null ", "1 -> null"],
    ["a -> hub -> all", "a -> hub -> all"],
  ])("%s means %s", (line, meaning) => {
    expect(shown(line)).toBe(meaning);
  });

  it.each([
    ["", "0 empty-path"],
    ["a", "0 missing-arrow"],
    ["a b -> c", "2 missing-arrow"],
    ["a -> b c", "7 missing-arrow"],
    ["-> b", "0 missing-name"],
    ["a ->", "2 missing-name"],
    ["a -> -> b", "5 missing-name"],
    ["a --> b", "2 bad-arrow"],
    ["a ==> b", "2 bad-arrow"],
    ["a <- b", "2 bad-arrow"],
    ["a > b", "2 bad-arrow"],
    ["a - b", "2 bad-arrow"],
    ["a -[f]> b", "2 bad-arrow"],
    ["a -[]-> b", "2 bad-arrow"],
    ["a -[f -> b", "2 bad-arrow"],
    ["a =[f]=> b", "2 bad-arrow"],
    ["a -> b, c", "6 bad-character"],
    ["* -> b", "0 bad-character"],
    ["a -> b => c", "7 mixed-arrows"],
    ["a <-> b <-> c", "8 long-two-way"],
    ["a => b => c", "7 long-measured"],
    ["a → b", "2 odd-character"],
    ["a ⇒ b", "2 odd-character"],
    ["а -> b", "0 odd-character"],
    ["a –> b", "2 odd-character"],
    ["a -＞ b", "3 odd-character"],
    ["a -[hкg]-> b", "5 odd-character"],
    ["a\u00a0-> b", "1 odd-character"],
    ["𝐚 -> b", "0 odd-character"],
  ])("%s is a mistake at %s", (line, mistake) => {
    expect(shown(line)).toBe(mistake);
  });

  it.each([
    ["a → b", "`→` (U+2192)", "`->`"],
    ["a ⇔ b", "`⇔` (U+21D4)", "`<=>`"],
    ["nоde -> b", "`о` (U+043E)", "`o`"],
    ["ｂ -> a", "`ｂ` (U+FF42)", "`b`"],
    ["a — b", "`—` (U+2014)", "`-`"],
    ["a\u3000-> b", "invisible character U+3000", "plain space"],
    ["a\u200b-> b", "invisible character U+200B", "ASCII letters"],
  ])("%s names the character and what to type", (line, message, hint) => {
    const result = parsePathLine(line);
    if (!isMistake(result)) throw new Error("must be a mistake");
    expect(result.message).toContain(message);
    expect(result.hint).toContain(hint);
  });

  it("gives every name the offset at which it stands", () => {
    const name = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?$/);
    const space = fc.constantFrom("", " ", "  ");
    const hop = fc.tuple(space, fc.option(name), space, name);
    fc.assert(
      fc.property(name, fc.array(hop, { minLength: 1, maxLength: 5 }), (from, hops) => {
        const line = from + hops.map(([a, over, b, to]) => a + arrow(over) + b + to).join("");
        const result = parsePathLine(line);
        if (isMistake(result)) throw new Error(`${line}: ${result.message}`);
        const words = [result.from, ...result.hops.flatMap((each) => [each.over ?? each.to, each.to])];
        for (const word of words) expect(line.startsWith(word.text, word.offset)).toBe(true);
        expect(result.hops.map((each) => each.to.text)).toEqual(hops.map(([, , , to]) => to));
      }),
    );
  });

  it("never throws, and points into the line", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("a", "-", ">", "<", "=", "[", "]", " ", "→", "all") }),
    );
    fc.assert(
      fc.property(text, (line) => {
        const result = parsePathLine(line);
        if (isMistake(result)) expect(result.offset).toBeLessThanOrEqual(line.length);
      }),
    );
  });
});
