// `ip rule show`: which table a packet looks into first.
import type { Diagnostics } from "../diagnostics.ts";
import type { Located } from "../spec.ts";
import type { Output } from "./output.ts";
import { readRule, type SaidRule } from "./script.ts";
import { quoteLine } from "./values.ts";

export interface SeenRules {
  readonly rules: readonly SaidRule[];
  readonly others: readonly Located<string>[];
}

/** Every machine's; of IPv6 without the last. */
const OF_KERNEL = new Set(["0 local", "32766 main", "32767 default"]);

export function readRules({ lines }: Output, found: Diagnostics): SeenRules {
  const rules: SaidRule[] = [];
  const others: Located<string>[] = [];
  for (const { value: line, at } of lines) {
    const [, priority, said] = /^(\d{1,10}):\s+(\S.*?)\s*$/.exec(line) ?? [];
    if (priority === undefined || !/^(not )?from \S/.test(said!)) {
      const hint = "save `ip rule show` again, whole";
      found.error("bad-output", at, `${quoteLine(line)} is no rule as \`ip\` prints it`, hint);
      continue;
    }
    // A device that is away just now.
    const words = said!.replaceAll(" [detached]", "").split(/\s+/);
    const rule = words.length % 2 === 0 ? readRule([...words, "priority", priority], at) : undefined;
    if (rule === undefined) others.push({ value: line.trim().replace(/\s+/g, " "), at });
    else if (!isOfKernel(rule)) rules.push(rule);
  }
  return { rules, others };
}

export const isOfKernel = ({ priority, table, iif, from }: SaidRule): boolean =>
  iif === undefined && from === undefined && OF_KERNEL.has(`${priority} ${table}`);
