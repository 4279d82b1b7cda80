// Reads a lab file and the network file that it names, and reports the mistakes of both at once.
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Diagnostic } from "../core/error.ts";
import { hasErrors, TofroError } from "../core/error.ts";
import { parse } from "../core/parse.ts";
import type { Spec } from "../core/spec.ts";
import { networkOf, parseLabFile } from "./lab-file.ts";
import type { LabFile } from "./lab-file.ts";

export interface LoadedLab {
  readonly lab: LabFile;
  readonly spec: Spec;
  readonly warnings: readonly Diagnostic[];
}

/** Throws TofroError "input" with every mistake of both files, or "usage" when a file cannot be read. */
export async function loadLab(path: string): Promise<LoadedLab> {
  const text = await readText(path, "lab file");
  const named = networkOf(text);
  const network = named === undefined ? undefined : resolve(dirname(path), named);
  const parsed =
    network === undefined ? undefined : parse(await readText(network, `network file of ${path}`), network);
  const { lab, diagnostics } = parseLabFile(text, path, parsed?.spec);
  const all = [...(parsed?.diagnostics ?? []), ...diagnostics];
  if (lab !== undefined && parsed?.spec !== undefined && !hasErrors(all)) {
    return { lab, spec: parsed.spec, warnings: all };
  }
  throw new TofroError(`Cannot use ${path}`, { kind: "input", diagnostics: all });
}

/** The network file of a lab, absolute. */
export const networkPath = (lab: LabFile): string => resolve(dirname(lab.file), lab.network.value);

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const why =
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "it is not there"
        : String(cause);
    throw new TofroError(`Cannot read the ${what} ${path}: ${why}`, { kind: "usage" }, cause);
  }
}
