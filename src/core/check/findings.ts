// Diagnostics for directions: the same thing at the same node, found for many directions of one line, is told once.
import type { Diagnostic, Position } from "../error.ts";
import type { Reason } from "./kernel.ts";

export interface Finding {
  readonly code: string;
  readonly severity: Diagnostic["severity"];
  readonly at: Position;
  /** The node that is to blame: findings of one code at one node belong together. */
  readonly node: string;
  readonly message: string;
}

/** What is wrong with a node's exit, at which node. */
export interface Fault {
  readonly at: string;
  readonly code: Reason | "kill-switch" | "dns";
  readonly message: string;
}

export class Findings {
  readonly #found = new Map<string, { readonly first: Finding; count: number }>();

  add(finding: Finding): void {
    const { code, severity, at, node } = finding;
    const key = `${at.line}:${at.column} ${code} ${severity} ${node}`;
    const known = this.#found.get(key);
    if (known) known.count += 1;
    else this.#found.set(key, { first: finding, count: 1 });
  }

  diagnostics(): Diagnostic[] {
    return [...this.#found.values()].map(({ first: { code, severity, at, message }, count }) => ({
      code,
      severity,
      at,
      message: count === 1 ? message : `${message}; and ${count - 1} more like it`,
    }));
  }
}
