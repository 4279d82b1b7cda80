// Endpoints, ports, interface names and keys of nodes.
import { validatePlatform } from "./by-hand.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { quote } from "./diagnostics.ts";
import type { Draft, DraftNode } from "./draft.ts";
import type { Position } from "./error.ts";
import type { Located } from "./spec.ts";
import type { Names } from "./validate-names.ts";

export function validateNodes(draft: Draft, names: Names, found: Diagnostics): void {
  const keys = new Map<string, DraftNode>();
  const endpoints = new Map<string, DraftNode>();
  const forwards = Map.groupBy(draft.forwarders, (forwarder) => forwarder.to?.value);
  const own = Map.groupBy(draft.forwarders, (forwarder) => forwarder.on?.value);
  for (const node of draft.nodes) {
    const { publicKey, endpoint } = node;
    const keyOwner = publicKey && keys.get(publicKey.value);
    if (keyOwner) {
      const message = `this is the public key of ${quote(keyOwner.name)} already, on line ${keyOwner.publicKey!.at.line}`;
      found.error("duplicate-public-key", publicKey.at, message, "every node has its own key pair");
    } else if (publicKey) keys.set(publicKey.value, node);
    const place = endpoint && `${endpoint.host.toLowerCase()} ${endpoint.port}`;
    const neighbour = place === undefined ? undefined : endpoints.get(place);
    if (neighbour && endpoint) {
      const message = `${quote(node.name)} and ${quote(neighbour.name)} have the same endpoint, ${endpoint.host} port ${endpoint.port}`;
      found.warning(
        "same-endpoint",
        endpoint.at,
        message,
        "give one of them another first port: `endpoint: host:port`",
      );
    } else if (place !== undefined) endpoints.set(place, node);
    validatePlatform(node, found);
    validateInterfaces(node, names, found);
    validatePorts(node, forwards.get(node.name) ?? [], own.get(node.name) ?? [], found);
  }
}

function validateInterfaces(node: DraftNode, names: Names, found: Diagnostics): void {
  const byName = new Map<string, Position>();
  for (const { towards, at, name } of node.interfaces) {
    if (towards === node.name) {
      found.error(
        "interface-to-self",
        at,
        `${quote(node.name)} has no tunnel to itself`,
        "name a peer or a forwarder",
      );
    } else validateTowards({ value: towards, at }, names, found);
    const first = name && byName.get(name.value);
    if (first) {
      const message = `${quote(node.name)} has an interface ${quote(name.value)} already, on line ${first.line}`;
      found.error("duplicate-interface-name", name.at, message, "every tunnel has an interface of its own");
    } else if (name) byName.set(name.value, name.at);
  }
}

/** A peer, a forwarder, or `peer/uplink`. */
function validateTowards(towards: Located<string>, names: Names, found: Diagnostics): void {
  const [peer = "", uplink, more] = towards.value.split("/");
  if (uplink === undefined) return void names.between(towards);
  if (more === undefined && names.uplinks.has(uplink)) return void names.node({ ...towards, value: peer });
  const message = `${quote(towards.value)} names no uplink of a node`;
  found.error(
    "unknown-uplink",
    towards.at,
    message,
    "write `peer/uplink`, an uplink of this node or of the peer",
  );
}

/** A port is one tunnel's or forwarder's: those fixed under `interfaces`, those forwarded to, and those forwarded. */
function validatePorts(
  node: DraftNode,
  forwarders: Draft["forwarders"],
  own: Draft["forwarders"],
  found: Diagnostics,
): void {
  const byPort = new Map<number, { tunnel: string; at: Position }>();
  const byTunnel = new Map<string, number>();
  const fixed = [
    ...node.interfaces.map(({ towards, port }) => ({ tunnel: towards, port })),
    ...forwarders.map(({ name, toPort }) => ({ tunnel: name, port: toPort })),
    ...own.map(({ name, port }) => ({ tunnel: name, port })),
  ];
  const kindOf = (name: string): string => (own.some((each) => each.name === name) ? "forwarder" : "tunnel");
  for (const { tunnel, port } of fixed) {
    if (port === undefined) continue;
    const first = byPort.get(port.value);
    const other = byTunnel.get(tunnel);
    if (first && first.tunnel !== tunnel) {
      const message = `port ${port.value} of ${quote(node.name)} is that of the ${kindOf(first.tunnel)} ${quote(first.tunnel)} already, on line ${first.at.line}`;
      found.error(
        "duplicate-port",
        port.at,
        message,
        "every tunnel and forwarder has a port of its own: fix another, or leave it out",
      );
    } else if (other !== undefined && other !== port.value) {
      const message = `${quote(node.name)} shall listen on port ${other} and on port ${port.value} for ${quote(tunnel)}`;
      found.error("two-ports", port.at, message, "fix the port in one place, or write the same");
    }
    if (!first) byPort.set(port.value, { tunnel, at: port.at });
    byTunnel.set(tunnel, port.value);
  }
}
