// A node that the user names.
import { TofroError } from "../core/error.ts";
import { suggest } from "../core/suggest.ts";

/** Throws "usage" when there is no such node. */
export function checkNode(names: readonly string[], name: string): void {
  if (names.includes(name)) return;
  const near = suggest(name, names);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  throw new TofroError(`There is no node "${name}"${hint}`, { kind: "usage" });
}
