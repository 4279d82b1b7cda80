// Whether what the file says to agents fits the rest of it: the controller, and what relays carry.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { endOf, reversed, type Draft, type DraftLine, type DraftNode, type DraftPair } from "./draft.ts";
import type { Names } from "./validate-names.ts";

export function validateAgents(draft: Draft, names: Names, found: Diagnostics): void {
  const { controller } = draft;
  if (controller !== undefined && controller.value !== "none") names.node(controller);
  for (const node of draft.nodes) {
    const only = node.carries?.only;
    if (only === undefined) continue;
    const isKnown = only.flatMap(({ from, to }) =>
      [from, to].map((end) => end.value === "all" || names.node(end) !== undefined),
    );
    if (isKnown.includes(false)) continue;
    for (const pair of only) validatePair(node, pair, found);
    for (const { line } of draft.paths) {
      if (line === undefined) continue;
      for (const each of line.twoWay ? [line, reversed(line)] : [line]) validateLine(node, only, each, found);
    }
  }
}

function validatePair({ name }: DraftNode, { from, to }: DraftPair, found: Diagnostics): void {
  if (from.value === to.value && from.value !== "all")
    found.error(
      "bad-carries",
      from.at,
      `${quote(from.value)} sends nothing to itself`,
      "name two nodes, or `all`",
    );
  const end = [from, to].find(({ value }) => value === name);
  if (end === undefined) return;
  found.error(
    "bad-carries",
    end.at,
    `${quote(name)} is an end of this direction: it carries nothing for others there`,
    "name who sends to whom over it",
  );
}

/** A pinned line that leads over a node must be among what the node carries. */
function validateLine(
  { name }: DraftNode,
  pairs: readonly DraftPair[],
  line: DraftLine,
  found: Diagnostics,
): void {
  if (line.kind !== "pinned" || !line.hops.slice(0, -1).some(({ to }) => to.value === name)) return;
  const [from, to] = [line.from.value, endOf(line).value];
  const fits = (end: string, one: string): boolean => end === "all" || end === one;
  if (pairs.some((pair) => fits(pair.from.value, from) && fits(pair.to.value, to))) return;
  found.error(
    "not-carried",
    line.at,
    `the line leads over ${quote(name)}, which does not carry ${from} -> ${to}`,
    `add \`${from} -> ${to}\` to its \`carries: { only: … }\`, or lead the line elsewhere`,
  );
}
