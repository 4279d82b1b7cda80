// Reads tofro's own YAML files (lock, secrets): a zod schema in, a value or the places of its faults out.
import { isNode, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import type { Diagnostic, Position } from "./error.ts";

/** `hint` says what to do about a file that cannot be read. Messages never quote values: the file may hold secrets. */
export function readStructured<Value>(
  text: string,
  file: string,
  schema: z.ZodType<Value>,
  hint: string,
): { value?: Value; diagnostics: Diagnostic[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, schema: "core" });
  const at = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const fault = (offset: number, message: string): Diagnostic => ({
    code: "unreadable",
    severity: "error",
    at: at(offset),
    message,
    hint,
  });
  const [broken] = document.errors;
  if (broken !== undefined) {
    const conflict = /^(?:<{7}|={7}|>{7})/m.exec(text);
    const what =
      conflict === null ? "this is not valid YAML" : "here is a merge conflict of your version control";
    return { diagnostics: [fault(conflict?.index ?? broken.pos[0], what)] };
  }
  const result = schema.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (result.success) return { value: result.data, diagnostics: [] };
  return {
    diagnostics: result.error.issues.map((issue) => {
      const path = issue.path.filter((step) => typeof step !== "symbol");
      const node = document.getIn(path, true);
      const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
      return fault(offset, `${path.length === 0 ? "the file" : `\`${path.join(".")}\``} ${wording(issue)}`);
    }),
  };
}

/** Words of our own where the schema gives none. */
function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `has the unknown key \`${issue.keys.join("`, `")}\``;
  if (issue.code === "invalid_type" && issue.message.startsWith("Invalid input"))
    return `must be a ${issue.expected}`;
  return issue.message;
}
