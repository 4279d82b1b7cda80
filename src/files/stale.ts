// Finds files that an earlier export wrote and the present plan no longer has.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** How the names of exported files end: nothing else is read. */
const KINDS = /\.(conf|sh|nft|netdev|network|service|rsc|nmconnection)$/;

/** Files of exporters' kinds one folder below `folder` that begin with `mark` and are not among `kept`. */
export async function staleFiles(folder: string, mark: string, kept: ReadonlySet<string>): Promise<string[]> {
  const stale: string[] = [];
  for (const node of await readdir(folder, { withFileTypes: true })) {
    if (!node.isDirectory()) continue;
    for (const name of await readdir(join(folder, node.name))) {
      const path = join(folder, node.name, name);
      if (!KINDS.test(name) || kept.has(path)) continue;
      if ((await readFile(path, "utf8")).startsWith(mark)) stale.push(path);
    }
  }
  return stale.sort();
}
