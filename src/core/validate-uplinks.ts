// Uplinks: names that stand for nothing else, ways that differ, and lines that say which they take.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftNode } from "./draft.ts";
import type { Position } from "./error.ts";
import type { Names } from "./validate-names.ts";

export function validateUplinks(draft: Draft, names: Names, found: Diagnostics): void {
  for (const node of draft.nodes) {
    const ways = new Map<string, string>();
    const take = (way: string, name: string): string | undefined => {
      const first = ways.get(way);
      if (first === undefined) ways.set(way, name);
      return first;
    };
    if (node.endpoint) take(node.endpoint.host.toLowerCase(), "");
    for (const { name, at, endpoint, table } of node.uplinks ?? []) {
      validateName(name, at, names, found);
      const first = endpoint && take(endpoint.value.toLowerCase(), name);
      if (first !== undefined && endpoint) {
        const whose = first === "" ? `the node's own` : `that of its uplink ${quote(first)}`;
        const message = `the endpoint ${endpoint.value} is ${whose} already: both would be one way`;
        found.error("same-uplink", endpoint.at, message, "write the address that others dial there");
      }
      const twin = table && take(`table ${table.value}`, name);
      if (twin !== undefined && table) {
        const message = `the uplink ${quote(twin)} has routing table ${table.value} already: both would be one way`;
        found.error("same-uplink", table.at, message, "every uplink has a table of its own");
      }
    }
    validatePlatform(node, found);
  }
}

function validateName(name: string, at: Position, names: Names, found: Diagnostics): void {
  const other = names.nodes.get(name) ?? names.forwarders.get(name);
  if (other === undefined) return;
  const kind = names.nodes.has(name) ? "node" : "forwarder";
  const message = `${quote(name)} is a ${kind} already, on line ${other.at.line}`;
  found.error(
    "duplicate-name",
    at,
    message,
    "uplinks share the name space of nodes and forwarders: rename one",
  );
}

/** RouterOS cannot mark a tunnel's own packets. */
function validatePlatform({ name, platform, uplinks = [] }: DraftNode, found: Diagnostics): void {
  const table = uplinks.find((each) => each.table)?.table;
  if (platform?.value !== "routeros" || table === undefined) return;
  const message = `${quote(name)} runs RouterOS, which cannot lead a tunnel's own packets by a routing table`;
  found.error("uplink-platform", table.at, message, "name the uplink by its `endpoint:` alone");
}
