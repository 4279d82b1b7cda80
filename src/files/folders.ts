// Folders of machines' files: each given one is a machine, or has a folder for each.
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Diagnostic } from "../core/error.ts";
import { start, TofroError } from "../core/error.ts";
import { hasTunnels, outputsOf } from "../core/import/output.ts";
import type { FoundFile, FoundFolder } from "../core/import/read.ts";

/** Larger than any configuration; one is read whole. */
const MOST_BYTES = 1_000_000;
const MOST_FILES = 10_000;
const SCRIPT = /\.(sh|routes|txt)$|^[^.]+$/;
/** What editors and package managers leave: it was read once, under its own name. */
const LEFT_OVER = /^\.|~$|\.(bak|old|orig|save|swp|tmp|rpmsave|rpmnew|dpkg-\w+)$/;
const NAME = /^[A-Za-z0-9_-]{1,63}$/;

/** Throws "usage" when a folder is not there, and "input" with every file that cannot be read or is no text. */
export async function readMachineFolders(paths: readonly string[]): Promise<FoundFolder[]> {
  const wrong: Diagnostic[] = [];
  const folders: FoundFolder[] = [];
  for (const path of paths) {
    const entries = await entriesOf(path);
    const inner = entries.filter((each) => each.isDirectory()).map(({ name }) => name);
    const hasConfigs = entries.some(({ name }) => name.endsWith(".conf"));
    if (hasConfigs || inner.length === 0) folders.push(await folder(path, wrong));
    else for (const name of inner.sort()) folders.push(await folder(join(path, name), wrong));
  }
  if (wrong.length > 0)
    throw new TofroError("Some files cannot be used", { kind: "input", diagnostics: wrong });
  if (!folders.some(({ files }) => files.some(isOfTunnels)))
    throw new TofroError(
      `Cannot find a wg-quick file (*.conf) in ${paths.join(", ")}, nor an output of \`wg\`\n  hint: put one there for each machine: its /etc/wireguard/*.conf, or what \`wg show all dump\` prints`,
      { kind: "usage" },
    );
  return folders;
}

const isOfTunnels = ({ path, text }: FoundFile): boolean => path.endsWith(".conf") || hasTunnels(text, path);

async function entriesOf(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const hint = "name folders: one for each machine, with its /etc/wireguard/*.conf and its scripts";
    throw new TofroError(`Cannot read the folder ${path}: ${why}\n  hint: ${hint}`, { kind: "usage" }, cause);
  }
}

async function folder(path: string, wrong: Diagnostic[]): Promise<FoundFolder> {
  const name = basename(resolve(path));
  const say = (file: string, message: string, hint: string): void =>
    void wrong.push({ code: "bad-file", severity: "error", at: start(file), message, hint });
  if (!NAME.test(name) || name === "all" || name === "none")
    say(
      path,
      `a node cannot be called as this folder is`,
      "rename it: letters, digits, `-` and `_`, up to 63",
    );
  const files: FoundFile[] = [];
  const entries = await entriesOf(path);
  for (const each of entries
    .map((entry) => entry.name)
    .sort()
    .slice(0, MOST_FILES)) {
    const isMeant = each.endsWith(".conf") || SCRIPT.test(each);
    if (!isMeant && LEFT_OVER.test(each)) continue;
    const file = join(path, each);
    try {
      const info = await stat(file);
      if (!info.isFile()) continue;
      if (info.size > MOST_BYTES) {
        if (isMeant) say(file, "the file is larger than a megabyte", "it cannot be a configuration");
        continue;
      }
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await readFile(file));
      // Any other is an output or nothing.
      if (isMeant || outputsOf(text, file) !== undefined) files.push({ path: file, text });
    } catch (error) {
      const why = error instanceof TypeError ? "it is not UTF-8 text" : "it cannot be read";
      if (each.endsWith(".conf")) say(file, why, "correct it, or take it out of the folder");
    }
  }
  return { path, name, files };
}
