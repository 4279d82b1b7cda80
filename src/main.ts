// argv -> command table -> exit code; the only place that exits.
import { enableCompileCache } from "node:module";

enableCompileCache();
const { run } = await import("./commands/run.ts");
process.exitCode = await run(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  rows: () => (process.stdout.isTTY ? process.stdout.rows : undefined),
});
