// Reads a map's keys leniently: what has the wrong type is passed over, because shape.ts has reported it.
import type { Entry, Text, Tree } from "./yaml-tree.ts";

export type Fields = ReadonlyMap<string, Entry>;

export const fieldsOf = (tree: Tree | undefined): Fields =>
  new Map((tree?.kind === "map" ? tree.entries : []).map((entry) => [entry.key, entry]));

export function textOf(fields: Fields, key: string): Text | undefined {
  const value = fields.get(key)?.value;
  return value?.kind === "text" ? value : undefined;
}

/** A text alone, or the texts of a list. */
export function textsOf(fields: Fields, key: string): Text[] {
  const value = fields.get(key)?.value;
  return (value?.kind === "list" ? value.items : value ? [value] : []).filter((item) => item.kind === "text");
}
