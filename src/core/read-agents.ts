// What the file says to agents: `controller`, `choose`, `failover`, and what a node `carries`.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { fieldsOf, textOf, textsOf, type Fields } from "./fields.ts";
import type { DraftCarries, DraftPair } from "./draft.ts";
import { durationText, parseBytes, parseDurationMs, parseRateBps } from "./quantity.ts";
import { readLine } from "./read-paths.ts";
import { readNumber } from "./read-values.ts";
import {
  CHOOSE_DEFAULTS,
  FAILOVER_DEFAULTS,
  type ChooseSettings,
  type FailoverSettings,
  type Located,
} from "./spec.ts";
import type { Tree } from "./yaml-tree.ts";

const HOUR_MS = 3_600_000;

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

/** The agents speak to their controller on port 7116. */
const TAKEN = 7116;

export function readMetrics(fields: Fields, found: Diagnostics): number | undefined {
  const text = textOf(fields, "metrics");
  const port = text && readNumber(text, "port", "port-range", 1, 65535, found);
  if (port?.value !== TAKEN) return port?.value;
  found.error("port-taken", port.at, `port ${TAKEN} is the agents' own`, "choose another, such as 9586");
  return undefined;
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
    const example = durationText(leastMs === 0 ? 10_000 : leastMs * 10);
    const hint = `write one from ${durationText(leastMs)} to ${durationText(mostMs)}, such as \`${key}: ${example}\``;
    found.error("bad-time", text.at, `${quote(key)}: ${quote(text.text)} ${what}`, hint);
    return undefined;
  };
}

/** Undefined: nothing is said. */
export function readCarries(tree: Tree | undefined, found: Diagnostics): DraftCarries | undefined {
  const fields = fieldsOf(tree);
  if (fields.size === 0) return undefined;
  const rateBps = readMost(
    fields,
    "rate",
    { parse: parseRateBps, what: "a rate", example: "100mbit" },
    found,
  );
  const monthBytes = readMost(
    fields,
    "month",
    { parse: parseBytes, what: "an amount", example: "500GB" },
    found,
  );
  return {
    ...(fields.has("only") && { only: readPairs(fields, found) }),
    ...(rateBps !== undefined && { rateBps }),
    ...(monthBytes !== undefined && { monthBytes }),
  };
}

interface Quantity {
  readonly parse: (text: string) => number | undefined;
  readonly what: string;
  readonly example: string;
}

function readMost(fields: Fields, key: string, quantity: Quantity, found: Diagnostics): number | undefined {
  const text = textOf(fields, key);
  if (text === undefined) return undefined;
  const value = quantity.parse(text.text);
  if (value !== undefined && value > 0) return value;
  const hint = `write one such as \`${key}: ${quantity.example}\``;
  found.error("bad-carries", text.at, `${quote(key)}: ${quote(text.text)} is not ${quantity.what}`, hint);
  return undefined;
}

/** The directions of `only`; two-way ones are two. */
function readPairs(fields: Fields, found: Diagnostics): DraftPair[] {
  return textsOf(fields, "only").flatMap((text): DraftPair[] => {
    const line = readLine(text, found);
    if (line === undefined) return [];
    const [hop, another] = line.hops;
    if (hop === undefined || another !== undefined || hop.over !== undefined) {
      const hint = "write `a -> c`, `a <-> c` or `all -> c`: who sends to whom over this node";
      found.error("bad-carries", text.at, `${quote(text.text)} is a whole path`, hint);
      return [];
    }
    const there = { from: line.from, to: hop.to };
    return line.twoWay ? [there, { from: there.to, to: there.from }] : [there];
  });
}
