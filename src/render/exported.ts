// What an exporter makes of a machine's state: files, and what its target cannot do of it.
import type { NodeState } from "../core/node-state.ts";
import type { Secrets } from "../core/secrets.ts";

export interface Exported {
  /** They may hold secrets: mode 0600. Each begins with the head it was given. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly limits: readonly Limit[];
}

/** Something of the plan that a target cannot express. */
export interface Limit {
  /** What is not in the files, with the places it concerns. */
  readonly lacks: string;
  /** What that means, or what to do instead. */
  readonly instead: string;
}

/** A pure view of one node's state. `head` is a comment that begins with `#` and ends before the node's name. */
export type Exporter = (head: string, state: NodeState, secrets: Secrets) => Exported;

/** For the files: one comment each. */
export const limitLines = (limits: readonly Limit[]): string[] =>
  limits.map(({ lacks, instead }) => `# Not here: ${lacks}. ${instead}`);

/** A whole text by heredoc: it never is an argument of anything. */
export const fed = (command: string, input: string): string => `${command} <<'TOFRO'\n${input}TOFRO`;
