// What a verb may touch of the terminal; main.ts makes one, tests make their own.
export interface Io {
  /** Result text; no newline is added. */
  readonly stdout: (text: string) => void;
  /** Progress, warnings and errors; no newline is added. */
  readonly stderr: (text: string) => void;
  /** Sets the exit code of the run; verbs return afterwards. tofro's own are 0 to 3 (`ExitCode`); `lab exec` passes on others. */
  readonly exit: (code: number) => void;
  /** Whether stdout is a terminal that shows colours. */
  readonly colour: boolean;
  /** Lines of the terminal that stdout is; absent, or undefined: it is none. */
  readonly rows?: () => number | undefined;
}
