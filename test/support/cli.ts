// The command line in this process: as a user types it, without the cost of starting it.
import { run } from "../../src/commands/run.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function tofro(...argv: string[]): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  const code = await run(argv, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
    colour: false,
  });
  return { code, stdout, stderr };
}
