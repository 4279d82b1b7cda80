// Where in a text the objects of a JSON value begin: JSON.parse does not say.
import type { Position } from "../error.ts";
import type { Located } from "../spec.ts";

/** By object; `value` is what the lines are as JSON. Brackets in strings are none. */
export function placesOf(value: unknown, lines: readonly Located<string>[]): ReadonlyMap<object, Position> {
  const places: Position[] = [];
  for (const { value: line, at } of lines)
    for (const { 0: found, index } of line.matchAll(/"(?:[^"\\]|\\.)*"|\{/g))
      if (found === "{") places.push({ ...at, column: at.column + index });
  return new Map(objectsOf(value).map((each, index) => [each, places[index] ?? lines[0]!.at]));
}

/** As they begin in the text, from left to right. */
function objectsOf(value: unknown): object[] {
  const found: object[] = [];
  const left: unknown[] = [value];
  while (left.length > 0) {
    const each = left.pop();
    if (typeof each !== "object" || each === null) continue;
    if (!Array.isArray(each)) found.push(each);
    const inner: unknown[] = Object.values(each);
    for (let index = inner.length - 1; index >= 0; index--) left.push(inner[index]);
  }
  return found;
}
