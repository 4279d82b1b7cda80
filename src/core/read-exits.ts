// What a node's entry says about exits: whether it is one, and where its own traffic for the internet leaves.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { textOf, textsOf, type Fields } from "./fields.ts";
import { readPrefix, readResolver } from "./read-values.ts";
import type { NodeSpec } from "./spec.ts";

/** Keys that say nothing without `exit_via`. */
const OF_EXIT_VIA = ["except", "kill_switch", "dns"];

export function readExits(fields: Fields, found: Diagnostics): Pick<NodeSpec, "isExit" | "leaves"> {
  const isExit = textOf(fields, "exit")?.text === "true" ? ({ isExit: true } as const) : {};
  const except = textsOf(fields, "except").flatMap((text) => readPrefix(text, found) ?? []);
  const dns = textsOf(fields, "dns").flatMap((text) => readResolver(text, found) ?? []);
  const via = textOf(fields, "exit_via");
  if (via !== undefined) {
    const killSwitch = textOf(fields, "kill_switch")?.text === "true";
    return { ...isExit, leaves: { via: { value: via.text, at: via.at }, except, killSwitch, dns } };
  }
  for (const key of fields.has("exit_via") ? [] : OF_EXIT_VIA) {
    const entry = fields.get(key);
    if (entry === undefined) continue;
    const message = `${quote(key)} says nothing without \`exit_via\``;
    found.error("no-exit-via", entry.at, message, "add `exit_via: NODE`, or remove it");
  }
  return isExit;
}
