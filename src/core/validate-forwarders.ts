// What forwarders forward to, and which node does it where it is one of our own.
import { familyOf, parseAddress } from "./address.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftForwarder, DraftNode } from "./draft.ts";
import type { Located } from "./spec.ts";
import type { Names } from "./validate-names.ts";

/** True when every forwarder forwards to a node that can be dialled, and can itself be dialled. */
export function validateForwarders(draft: Draft, names: Names, found: Diagnostics): boolean {
  const listens = new Map<string, string>();
  let sound = true;
  for (const forwarder of draft.forwarders) {
    const { name, listen, to, on } = forwarder;
    const place = listen && `${listen.host.toLowerCase()} ${listen.port}`;
    const first = place === undefined ? undefined : listens.get(place);
    if (first !== undefined && listen) {
      const message = `${quote(name)} and ${quote(first)} listen at the same place, ${listen.host} port ${listen.port}`;
      found.error("duplicate-listen", listen.at, message, "one listen port is one tunnel: rent another port");
    } else if (place !== undefined) listens.set(place, name);
    const isPlaced = validateKeys(forwarder, found);
    const node = to && names.node(to);
    const host = on && names.node(on);
    sound &&= isPlaced && node?.dialable === true && (on === undefined || host?.dialable === true);
    if (on && host) validateHost(name, { value: host, at: on.at }, found);
    if (on && host && node && to)
      validateWay(name, { value: host, at: on.at }, { value: node, at: to.at }, found);
    if (!node || node.dialable) continue;
    const message = `${quote(name)} has nothing to forward to: ${quote(node.name)} has no endpoint`;
    found.error(
      "forwarder-to-nowhere",
      to.at,
      message,
      `give ${quote(node.name)} the \`endpoint:\` that the forwarder sends to`,
    );
  }
  return sound;
}

const KEYS = new Set(["listen", "on", "port", "to"]);

/** Either somebody else's, with the place where it listens, or on a node of ours, which has one. */
function validateKeys({ name, at, keys }: DraftForwarder, found: Diagnostics): boolean {
  const [listen, on, port] = ["listen", "on", "port"].map((key) => keys.get(key));
  if (listen && on) {
    const message = `${quote(name)} has both \`listen\` and \`on\``;
    const hint =
      "`on: b` lets the node b forward, at a port of its endpoint; `listen` is what a provider sold you";
    found.error("listen-and-on", listen, message, hint);
  } else if (listen && port) {
    const hint = "it belongs to `on`; the port of a rented forwarder stands in `listen: host:port`";
    found.error("port-without-on", port, `\`port\` does not apply to ${quote(name)}`, hint);
  }
  // A misspelt key is one mistake.
  if (listen || on || [...keys.keys()].some((key) => !KEYS.has(key))) return !(listen && on);
  const hint =
    "write `listen: host:port`, where a provider forwards for you, or `on: b`, for the node b to do it";
  found.error("missing-key", at, `${quote(name)} does not say who forwards`, hint);
  return false;
}

/** Whether the node can be dialled, and lets what it forwards out where it came in. */
function validateHost(name: string, { value: host, at }: Located<DraftNode>, found: Diagnostics): void {
  if (!host.dialable) {
    const message = `nobody can dial ${quote(name)}: ${quote(host.name)} has no endpoint`;
    const hint = `give ${quote(host.name)} an \`endpoint:\`, or let a node forward that has one`;
    found.error("forwarder-on-undialable", at, message, hint);
  }
  if (host.leaves) {
    const via = host.leaves.via.value;
    const message = `${quote(host.name)} cannot forward: what it sends to the internet goes by ${quote(via)} (\`exit_via\`)`;
    found.error("forwarder-on-leaving", at, message, "let a node forward that uses its own uplink");
  }
}

/** From the node that forwards to the one that it forwards to. */
function validateWay(
  name: string,
  { value: host, at }: Located<DraftNode>,
  { value: node, at: toAt }: Located<DraftNode>,
  found: Diagnostics,
): void {
  if (host === node) {
    const message = `${quote(name)} forwards to ${quote(node.name)}, which is the node that it is on`;
    found.error("forwarder-to-itself", at, message, "let another node forward, or dial this one directly");
    return;
  }
  if (node.endpoint === undefined) return;
  const to = parseAddress(node.endpoint.host);
  if (to === undefined) {
    const message = `${quote(host.name)} forwards to an address, and the endpoint of ${quote(node.name)} is the name ${quote(node.endpoint.host)}`;
    found.error(
      "forwarder-to-name",
      toAt,
      message,
      `write the address of ${quote(node.name)} as its \`endpoint:\``,
    );
    return;
  }
  const from = parseAddress(host.endpoint?.host ?? "");
  if (from === undefined || familyOf(from) === familyOf(to)) return;
  const message = `${quote(host.name)} is dialled by IPv${familyOf(from)} and ${quote(node.name)} by IPv${familyOf(to)}: forwarding does not change the family`;
  const hint = `give both endpoints of one family, or ${quote(host.name)} a host name that has an IPv${familyOf(to)} address`;
  found.error("forwarder-family", at, message, hint);
}
