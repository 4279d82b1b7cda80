// Applies on the controller's machine, from what each leaves there when it ends.
import { parseApplied } from "../core/applied.ts";
import type { ChangeRecord } from "./history-types.ts";

/** `text` is the machine's list of outcomes (render/apply-scripts.ts): a time, a token, how it ended, who began it, and what it changed. */
export function appliesOf(text: string): ChangeRecord[] {
  return text.split("\n").flatMap((line): ChangeRecord[] => {
    const found = /^(\S+Z) \S+ (stays|went back)(?: (.*))?$/.exec(line);
    const atMs = Date.parse(found?.[1] ?? "");
    if (found === null || Number.isNaN(atMs)) return [];
    // The user and machine; behind them a process that is gone.
    const who = found[3]?.split(",", 1)[0];
    // Older lines end before it.
    const what = parseApplied(/, since \S+Z; (.*)$/.exec(found[3] ?? "")?.[1] ?? "");
    const isBack = found[2] === "went back";
    return [
      {
        atMs,
        kind: isBack ? "rollback" : "apply",
        ...(who && { who }),
        text: isBack ? "an apply was rolled back" : "the network was applied",
        ...(what.length > 0 && { what }),
      },
    ];
  });
}
