// What can go wrong, as values: the user's mistakes (Diagnostic) and failed edges (TofroError).

/** A place in a text file; line and column count from 1, columns in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One mistake in the user's file: what, where, and what to do about it. */
export interface Diagnostic {
  /** Stable kebab-case name, part of the `--json` shape. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly at: Position;
  readonly message: string;
  readonly hint?: string;
}

/** `0` done, `1` failed, `2` the user's file, arguments or machine are wrong, `3` checked and found wanting. */
export type ExitCode = 0 | 1 | 2 | 3;

export type ErrorDetail =
  | { readonly kind: "input"; readonly diagnostics: readonly Diagnostic[] }
  | { readonly kind: "usage" }
  | { readonly kind: "machine" }
  | { readonly kind: "command"; readonly command: readonly string[]; readonly stderr: string }
  | { readonly kind: "failed" };

/** The one exception of tofro: `Cannot <do what> on <where>: <why>`, with a tagged detail for the edge that reports it. */
export class TofroError extends Error {
  readonly detail: ErrorDetail;

  constructor(message: string, detail: ErrorDetail = { kind: "failed" }, cause?: unknown) {
    super(message, { cause });
    this.name = "TofroError";
    this.detail = detail;
  }

  get exitCode(): ExitCode {
    return this.detail.kind === "command" || this.detail.kind === "failed" ? 1 : 2;
  }
}

export const start = (file: string): Position => ({ file, line: 1, column: 1 });

/** `file:line:column: error: message` and the hint below it. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { at, severity, message, hint } = diagnostic;
  const line = `${at.file}:${at.line}:${at.column}: ${severity}: ${message}`;
  return hint === undefined ? line : `${line}\n  hint: ${hint}`;
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === "error");
