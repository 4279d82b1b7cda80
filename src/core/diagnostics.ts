// Collects the user's mistakes while a file is read, so that all of them come out at once.
import type { Diagnostic, Position } from "./error.ts";

export class Diagnostics {
  readonly #found: Diagnostic[] = [];

  error(code: string, at: Position, message: string, hint: string): void {
    this.#found.push({ code, severity: "error", at, message, hint });
  }

  warning(code: string, at: Position, message: string, hint: string): void {
    this.#found.push({ code, severity: "warning", at, message, hint });
  }

  get hasErrors(): boolean {
    return this.#found.some((each) => each.severity === "error");
  }

  get count(): number {
    return this.#found.length;
  }

  /** By position; at one place errors stand before warnings. */
  sorted(): Diagnostic[] {
    return this.#found.toSorted(
      (a, b) =>
        a.at.line - b.at.line ||
        a.at.column - b.at.column ||
        Number(a.severity === "warning") - Number(b.severity === "warning"),
    );
  }
}

/** A position `offset` UTF-16 units further right on the same line. */
export const shift = (at: Position, offset: number): Position => ({ ...at, column: at.column + offset });

/** The user's text as a message shows it: control characters made visible, cut at 60. */
export function quote(text: string): string {
  const visible = text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `\`${visible.length > 60 ? `${visible.slice(0, 57)}...` : visible}\``;
}
