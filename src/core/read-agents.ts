// What the file says to agents: `controller`, `choose`, `failover`, and what a node `carries`.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { fieldsOf, textOf, textsOf, type Fields } from "./fields.ts";
import { isMistake, parsePathLine } from "./path-line.ts";
import { durationText, parseDurationMs } from "./quantity.ts";
import { within } from "./read-values.ts";
import {
  CHOOSE_DEFAULTS,
  FAILOVER_DEFAULTS,
  type ChooseSettings,
  type FailoverSettings,
  type Located,
  type PairSpec,
} from "./spec.ts";
import type { Tree } from "./yaml-tree.ts";

const HOUR_MS = 3_600_000;

/** A direction of `carries`, its ends with their places. */
export interface DraftPair {
  readonly from: Located<string>;
  readonly to: Located<string>;
}

export function readController(fields: Fields): Located<string> | undefined {
  const text = textOf(fields, "controller");
  return text && { value: text.text, at: text.at };
}

export function readChoose(tree: Tree | undefined, found: Diagnostics): ChooseSettings {
  const read = times(tree, found);
  return {
    gainMs: read("gain", 0.1, 1_000) ?? CHOOSE_DEFAULTS.gainMs,
    sustainMs: read("sustain", 0, HOUR_MS) ?? CHOOSE_DEFAULTS.sustainMs,
    dwellMs: read("dwell", 0, 24 * HOUR_MS) ?? CHOOSE_DEFAULTS.dwellMs,
    lossWeightMs: read("loss_weight", 0, 60_000) ?? CHOOSE_DEFAULTS.lossWeightMs,
  };
}

export function readFailover(tree: Tree | undefined, found: Diagnostics): FailoverSettings {
  const read = times(tree, found);
  return {
    intervalMs: read("interval", 10, 1_000) ?? FAILOVER_DEFAULTS.intervalMs,
    holdMs: read("hold", 1_000, HOUR_MS) ?? FAILOVER_DEFAULTS.holdMs,
  };
}

/** Reads times of a map between two bounds, in ms. */
function times(tree: Tree | undefined, found: Diagnostics) {
  const fields = fieldsOf(tree);
  return (key: string, leastMs: number, mostMs: number): number | undefined => {
    const text = textOf(fields, key);
    if (text === undefined) return undefined;
    const ms = parseDurationMs(text.text);
    if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
    const what = ms === undefined ? "is not a time" : "is out of range";
    const hint = `write one from ${durationText(leastMs)} to ${durationText(mostMs)}, such as \`${key}: 10s\``;
    found.error(
      "bad-time",
      text.at,
      `${quote(key)}: ${quote(text.text)} ${what}`,
      hint.replace("10s", example(leastMs, mostMs)),
    );
    return undefined;
  };
}

const example = (leastMs: number, mostMs: number): string =>
  durationText(leastMs === 0 ? Math.min(mostMs, 10_000) : Math.min(mostMs, leastMs * 10));

/** The directions of `carries: { only: … }`; two-way ones are two. Undefined: nothing is said. */
export function readCarries(tree: Tree | undefined, found: Diagnostics): DraftPair[] | undefined {
  const fields = fieldsOf(tree);
  if (!fields.has("only")) return undefined;
  return textsOf(fields, "only").flatMap((text): DraftPair[] => {
    const line = parsePathLine(text.text);
    const hint = "write `a -> c`, `a <-> c` or `all -> c`: who sends to whom over this node";
    if (isMistake(line)) {
      found.error(line.code, within(text, line.offset), line.message, line.hint);
      return [];
    }
    const [hop, another] = line.hops;
    if (hop === undefined || another !== undefined || hop.forwarder !== undefined) {
      found.error("bad-carries", text.at, `${quote(text.text)} is a whole path`, hint);
      return [];
    }
    const placed = (word: typeof hop.to): Located<string> => ({
      value: word.text,
      at: within(text, word.offset),
    });
    const [from, to] = [placed(line.from), placed(hop.to)];
    return line.twoWay
      ? [
          { from, to },
          { from: to, to: from },
        ]
      : [{ from, to }];
  });
}

export const toPair = ({ from, to }: DraftPair): PairSpec => ({
  at: from.at,
  from: from.value,
  to: to.value,
});
