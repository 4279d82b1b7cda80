// Prometheus' own judge of metrics, rules and their tests.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** Runs it in the project's root; returns its exit code and all that it says. */
export function promtool(
  argv: readonly string[],
  input = "",
): { readonly code: number; readonly said: string } {
  const script = join(ROOT, "scripts", "unpack-promtool");
  const program = execFileSync("sh", [script], { encoding: "utf8" }).trim();
  const { status, stdout, stderr } = spawnSync(program, argv, { cwd: ROOT, input, encoding: "utf8" });
  return { code: status ?? -1, said: `${stdout}${stderr}` };
}
