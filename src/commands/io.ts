// What a verb may touch of the terminal; main.ts makes one, tests make their own.
import type { ExitCode } from "../core/error.ts";

export interface Io {
  /** Result text; no newline is added. */
  readonly stdout: (text: string) => void;
  /** Progress, warnings and errors; no newline is added. */
  readonly stderr: (text: string) => void;
  /** Sets the exit code of the run; verbs return afterwards. */
  readonly exit: (code: ExitCode) => void;
  /** Whether stdout is a terminal that shows colours. */
  readonly colour: boolean;
}
