// The `uplinks` of a node: by name where others dial it there, the routing table that leads out there, and the MTU.
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import { fieldsOf, textOf } from "./fields.ts";
import { checkName, readEndpoint, readNumber } from "./read-values.ts";
import type { Located, NodeSpec, UplinkSpec } from "./spec.ts";
import { LAST_TABLE } from "./uplink-rules.ts";
import type { Entry, Text, Tree } from "./yaml-tree.ts";

/** Of the kernel: rt_tables. */
const KERNEL = new Map([
  [253, "default"],
  [254, "main"],
  [255, "local"],
]);

export function readUplinks(
  tree: Tree | undefined,
  readMtu: (entry: Entry) => Located<number> | undefined,
  found: Diagnostics,
): Pick<NodeSpec, "uplinks"> {
  const uplinks = [...fieldsOf(tree).values()].map((entry) => readUplink(entry, readMtu(entry), found));
  return uplinks.length === 0 ? {} : { uplinks };
}

function readUplink(
  { key, at, value }: Entry,
  mtu: Located<number> | undefined,
  found: Diagnostics,
): UplinkSpec {
  checkName(key, at, found);
  const fields = fieldsOf(value);
  const [endpointText, tableText] = [textOf(fields, "endpoint"), textOf(fields, "table")];
  const endpoint = endpointText && readHost(endpointText, found);
  const table = tableText && readTable(tableText, found);
  // A misspelt key is one mistake.
  if (value.kind === "map" && [...fields.keys()].every((each) => each === "mtu")) {
    const hint =
      "write `endpoint:`, the address where others dial it there, or `table:`, the machine's routing table for it, or both";
    found.error("empty-uplink", at, `the uplink ${quote(key)} does not say which way it is`, hint);
  }
  return { name: key, at, ...(endpoint && { endpoint }), ...(table && { table }), ...(mtu && { mtu }) };
}

/** No port. */
const NONE = 0;

/** Without a port: those of the node's tunnels are counted from its `endpoint`. What is none stays as written: it was one mistake. */
function readHost(text: Text, found: Diagnostics): Located<string> {
  const endpoint = readEndpoint(text, NONE, found);
  const read = { value: endpoint?.host ?? text.text, at: text.at };
  if (endpoint === undefined || endpoint.port === NONE) return read;
  const host = endpoint.host.includes(":") ? `"${endpoint.host}"` : endpoint.host;
  const message = `the endpoint of an uplink has no port of its own, and this one says ${endpoint.port}`;
  const hint = `write \`endpoint: ${host}\`; ports are counted from the node's \`endpoint\`, or fixed under \`interfaces\``;
  found.error("uplink-port", text.at, message, hint);
  return read;
}

function readTable(text: Text, found: Diagnostics): Located<number> | undefined {
  const table = readNumber(text, "routing table", "table-range", 1, LAST_TABLE, found);
  const owner = table && KERNEL.get(table.value);
  if (owner === undefined) return table;
  const hint = "name the table that has this uplink's default route and no other's";
  found.error("table-range", text.at, `routing table ${text.text} is the kernel's own, \`${owner}\``, hint);
  return undefined;
}
