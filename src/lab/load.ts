// Reads a lab file and the network file that it names, and reports the mistakes of both at once.
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Diagnostic } from "../core/error.ts";
import { hasErrors, TofroError } from "../core/error.ts";
import { parse } from "../core/parse.ts";
import type { Located, Spec } from "../core/spec.ts";
import { networkOf, parseLabFile } from "./lab-file.ts";
import type { LabFile } from "./lab-file.ts";

export interface LoadedLab {
  readonly lab: LabFile;
  readonly spec: Spec;
  readonly warnings: readonly Diagnostic[];
}

/** Throws TofroError "input" with every mistake of both files, or "usage" when there is no lab file. */
export async function loadLab(path: string): Promise<LoadedLab> {
  const text = await readText(path);
  if (typeof text !== "string") {
    throw new TofroError(`Cannot read the lab file ${path}: ${text.why}`, { kind: "usage" });
  }
  const network = networkOf(text, path);
  const parsed = network && (await parseNetwork(path, network));
  const { lab, diagnostics } = parseLabFile(text, path, parsed?.spec);
  const all = [...(parsed?.diagnostics ?? []), ...diagnostics];
  if (lab !== undefined && parsed?.spec !== undefined && !hasErrors(all)) {
    return { lab, spec: parsed.spec, warnings: all };
  }
  throw new TofroError(`Cannot use ${path}`, { kind: "input", diagnostics: all });
}

/** The network file of a lab, absolute. */
export const networkPath = (lab: LabFile): string => resolve(beside(lab.file, lab.network.value));

const beside = (file: string, named: string): string =>
  isAbsolute(named) ? named : join(dirname(file), named);

async function parseNetwork(
  file: string,
  { value, at }: Located<string>,
): Promise<{ spec?: Spec; diagnostics: readonly Diagnostic[] }> {
  const path = beside(file, value);
  const text = await readText(path);
  if (typeof text === "string") return parse(text, path);
  const message = `the network file ${path} cannot be read: ${text.why}`;
  const hint = "the path counts from the lab file's folder";
  return { diagnostics: [{ code: "no-network", severity: "error", at, message, hint }] };
}

async function readText(path: string): Promise<string | { readonly why: string }> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") return { why: "it is not there" };
    return { why: cause instanceof Error ? cause.message : String(cause) };
  }
}
