// Files that are whole or as before, whatever happens in between.
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TofroError } from "../core/error.ts";

/** Writes beside the target, syncs and renames. The mode holds from the first byte on. */
export async function writeAtomic(path: string, text: string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "wx", mode);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // The first error is the one to tell, whatever tidying up says.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new TofroError(`Cannot write ${path}: ${reason(error)}`, { kind: "failed" }, error);
  }
}

/** The text of a file; `undefined` when there is none. */
export const readIfThere = async (path: string): Promise<string | undefined> =>
  (await readBytesIfThere(path))?.toString("utf8");

export async function readBytesIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new TofroError(`Cannot read ${path}: ${reason(error)}`, { kind: "usage" }, error);
  }
}

/** Permission bits of a file; `undefined` when there is none. */
export async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && "code" in error ? error.code : undefined;

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  EEXIST: "a part of the path is not a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
};

const reason = (error: unknown): string =>
  REASONS[String(codeOf(error))] ?? (error instanceof Error ? error.message : String(error));
