// Whether the exits that nodes name are exits, can be reached, and leave anything to say.
import { familyOf, overlaps } from "./address.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { endOf, type Draft, type DraftNode } from "./draft.ts";
import type { LeavesSpec } from "./spec.ts";
import { validateDns } from "./validate-dns.ts";
import type { Names } from "./validate-names.ts";

export function validateExits(draft: Draft, names: Names, found: Diagnostics): void {
  for (const node of draft.nodes) {
    const { leaves } = node;
    if (leaves === undefined) continue;
    const exit = names.node(leaves.via);
    if (exit !== undefined) validateExit(draft, node, exit, leaves, found);
    validateExcept(draft, leaves, found);
    validateFamilies(draft, node, leaves, found);
    validateDns(draft, node, leaves, found);
  }
}

function validateExit(
  draft: Draft,
  node: DraftNode,
  exit: DraftNode,
  { via }: LeavesSpec,
  found: Diagnostics,
): void {
  if (exit.name === node.name) {
    const message = `${quote(node.name)} leaves at its own uplink without saying so`;
    found.error("exit-to-self", via.at, message, "name another node, or remove `exit_via`");
  } else if (exit.isExit !== true) {
    const message = `${quote(exit.name)} is no exit`;
    found.error("no-exit", via.at, message, `give ${quote(exit.name)} \`exit: true\` if it may be one`);
  } else if (draft.isolate && !isNamed(draft, node.name, exit.name)) {
    const message = `\`isolate\` keeps ${quote(node.name)} from its exit ${quote(exit.name)}: no line names the two`;
    found.error("exit-isolated", via.at, message, `add a line, such as \`${node.name} <-> ${exit.name}\``);
  }
}

function isNamed(draft: Draft, one: string, other: string): boolean {
  const fits = (end: string, name: string): boolean => end === name || end === "all";
  return draft.paths.some(({ line }) => {
    if (line === undefined) return true;
    const [from, to] = [line.from.value, endOf(line).value];
    return (fits(from, one) && fits(to, other)) || (fits(from, other) && fits(to, one));
  });
}

/** What is inside never leaves, and so has no other way that it could stay on. */
function validateExcept(draft: Draft, { except }: LeavesSpec, found: Diagnostics): void {
  const inside = [...draft.overlays, ...draft.nodes.flatMap(({ prefixes }) => prefixes)];
  for (const [index, { value, at }] of except.entries()) {
    const clash = inside.find((each) => overlaps(each.value, value));
    const twin = except.slice(0, index).find((each) => overlaps(each.value, value));
    if (clash !== undefined) {
      const message = `${quote(value)} overlaps ${quote(clash.value)} on line ${clash.at.line}, which the overlay reaches`;
      found.error("except-inside", at, message, "name prefixes of the internet or of the uplink alone");
    } else if (twin !== undefined) {
      const message = `${quote(value)} overlaps ${quote(twin.value)}, which stands before it`;
      found.error("overlapping-prefixes", at, message, "one of them is enough: remove the other");
    }
  }
}

/** A family that the overlay does not have cannot go through it. */
function validateFamilies(
  draft: Draft,
  { name }: DraftNode,
  { via, killSwitch }: LeavesSpec,
  found: Diagnostics,
): void {
  if (!draft.overlaysComplete) return;
  for (const family of [4, 6] as const) {
    if (draft.overlays.some(({ value }) => familyOf(value) === family)) continue;
    if (killSwitch) continue;
    const message = `IPv${family} of ${quote(name)} goes on leaving by its own uplink: the overlay has none`;
    const hint = `add an IPv${family} prefix to \`overlay\`, or \`kill_switch: true\``;
    found.warning("exit-family", via.at, message, hint);
  }
}
