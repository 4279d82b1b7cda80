// What no part of the file can know alone: names that exist, addresses that fit, paths that tunnels can carry.
import type { Diagnostics } from "./diagnostics.ts";
import type { Draft } from "./draft.ts";
import { start } from "./error.ts";
import { validateAgents } from "./validate-agents.ts";
import { validateAddresses } from "./validate-addresses.ts";
import { validateConflicts } from "./validate-conflicts.ts";
import { validateExits } from "./validate-exits.ts";
import { Names } from "./validate-names.ts";
import { validatePaths } from "./validate-paths.ts";
import { validateForwarders } from "./validate-forwarders.ts";
import { validateNodes } from "./validate-tunnels.ts";
import { validateUplinks } from "./validate-uplinks.ts";
import { warnUnused } from "./validate-unused.ts";

/** Reports every mistake of meaning; runs on drafts with gaps, too, and stays silent about what a gap may explain. */
export function validate(draft: Draft, found: Diagnostics): void {
  const at = (section: string) => draft.sections.get(section)?.at ?? start(draft.file);
  if (draft.nodes.length === 0) {
    // Absent or no map: said already.
    if (draft.sections.get("nodes")?.value.kind !== "map") return;
    found.error(
      "no-nodes",
      at("nodes"),
      "the network has no nodes",
      "write `nodes:` and below it `name: {…}` for each machine",
    );
    return;
  }
  const overlay = draft.sections.get("overlay")?.value;
  if (overlay?.kind === "list" && overlay.items.length === 0) {
    found.error(
      "no-overlay",
      overlay.at,
      "the overlay has no prefix",
      "write one, such as `overlay: 10.77.0.0/24`",
    );
  }
  const names = new Names(draft, found);
  validateAddresses(draft, found);
  validateNodes(draft, names, found);
  validateAgents(draft, names, found);
  validateExits(draft, names, found);
  validateUplinks(draft, names, found);
  const forwardersSound = validateForwarders(draft, names, found);
  if (draft.nodes.length === 1) {
    found.warning(
      "one-node",
      draft.nodes[0]!.at,
      "the network has one node: there is nobody to reach",
      "add another node",
    );
  } else if (draft.paths.length === 0) {
    if (
      draft.sections.get("paths")?.value.kind === "text" ||
      draft.sections.get("paths")?.value.kind === "map"
    )
      return;
    found.error(
      "no-paths",
      at("paths"),
      "the network has no paths",
      "add `paths:` with a line for each direction, or `- all <=> all`",
    );
    return;
  }
  const pathsSound = validatePaths(draft, names, found);
  validateConflicts(draft, names, found);
  names.reportUnknown(found);
  // A misspelt name leaves another one unused: one mistake, one message.
  if (pathsSound && forwardersSound && !names.anyUnknown) warnUnused(draft, found);
}
