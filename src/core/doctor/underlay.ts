// The internet below: endpoints that resolve, can be reached, have room for a full packet, and are still dialled.
import { contains, familyOf } from "../address.ts";
import type { TunnelInterface } from "../node-state.ts";
import type { Facts } from "./facts.ts";
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

/** Outer IP, UDP and WireGuard's own header and tag, in bytes. */
const OVERHEAD = { 4: 60, 6: 80 } as const;

export function judgeUnderlay({ state, facts, ours }: Subject): Found[] {
  const narrow = new Set<string>();
  return state.interfaces.flatMap((each): Found[] => {
    const { endpoint } = each.peer;
    if (endpoint === undefined) return [];
    const unreachable = endpoints(each, facts);
    if (unreachable !== undefined) return [unreachable];
    const found = [
      mtu(each, facts, narrow),
      ...(ours.has(each.name) ? [forwarder(each, facts), silence(each, facts)] : []),
    ];
    return found.filter((finding) => finding !== undefined);
  });
}

function endpoints({ name, peer, tunnel }: TunnelInterface, facts: Facts): Found | undefined {
  const { host } = peer.endpoint!;
  const seen = facts.underlay.get(host);
  const known = facts.wireguard.get(name)?.peer?.endpoint?.host;
  if (seen === undefined || seen.addresses.length === 0) {
    return {
      code: "endpoint-unresolved",
      severity: "error",
      message: `${host}, the endpoint of ${tunnel}, does not resolve here`,
      evidence: `getent ahosts ${host}: nothing`,
      // Where it was when the name still resolved.
      mend: known === undefined ? [`getent ahosts ${host}`] : [`echo '${known} ${host}' >>/etc/hosts`],
    };
  }
  if (seen.routes.size > 0) return undefined;
  const [address] = seen.addresses;
  const wall = facts.routes.find(
    ({ prefix, type }) =>
      type !== "unicast" && type !== "local" && prefix !== "default" && contains(prefix, address!),
  );
  return {
    code: "endpoint-unroutable",
    severity: "error",
    message: `there is no route to ${host}, the endpoint of ${tunnel}`,
    evidence:
      wall === undefined ? `ip route get ${address}: unreachable` : `ip route: ${wall.type} ${wall.prefix}`,
    mend: [wall === undefined ? `ip route get ${address}` : `ip route del ${wall.type} ${wall.prefix}`],
  };
}

/** Reported once an interface of the underlay. */
function mtu(
  { peer, tunnel, mtu: inner }: TunnelInterface,
  facts: Facts,
  told: Set<string>,
): Found | undefined {
  const seen = facts.underlay.get(peer.endpoint!.host)!;
  for (const [address, route] of seen.routes) {
    const family = familyOf(address as Parameters<typeof familyOf>[0]);
    const room = Math.min(route.mtu ?? Infinity, facts.links.get(route.interface)?.mtu ?? Infinity);
    const needed = inner + OVERHEAD[family];
    if (room >= needed || told.has(route.interface)) continue;
    told.add(route.interface);
    return {
      code: "underlay-mtu",
      severity: "warning",
      message: `packets of ${tunnel} are up to ${needed} bytes in the underlay and ${route.interface} takes ${room}: full ones are cut in two, which many networks drop. Write \`mtu: ${room - OVERHEAD[family]}\` for the node, or raise the interface's if its network carries that`,
      evidence: `${route.text}; ip link: ${route.interface} mtu ${facts.links.get(route.interface)?.mtu}`,
      mend: [`ip link set dev ${route.interface} mtu ${needed}`],
    };
  }
  return undefined;
}

/** A forwarder that does not masquerade drops out: both ends roam to the direct way. */
function forwarder({ name, peer, tunnel }: TunnelInterface, facts: Facts): Found | undefined {
  const now = facts.wireguard.get(name)?.peer?.endpoint;
  const known = facts.underlay.get(peer.endpoint!.host)?.addresses ?? [];
  if (peer.forwarder === undefined || now === undefined) return undefined;
  if (known.some((address) => address === now.host)) return undefined;
  const { host, port } = peer.endpoint!;
  const shown = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return {
    code: "forwarder-bypassed",
    severity: "error",
    message: `${tunnel} no longer goes through forwarder ${peer.forwarder}: the other end answers directly, so the forwarder does not rewrite the source (masquerade)`,
    evidence: `wg show ${name} endpoints: ${now.host}:${now.port}, not ${shown}`,
    mend: [`wg set ${name} peer ${peer.publicKey} endpoint ${shown}`],
  };
}

/** Sent and never answered, or answered no more. An idle tunnel without keepalives sends nothing, and is well. */
function silence({ name, peer, tunnel }: TunnelInterface, facts: Facts): Found | undefined {
  const seen = facts.wireguard.get(name)?.peer;
  if (facts.links.get(name)?.up !== true || seen === undefined) return undefined;
  if (seen.sent === 0 || seen.latestHandshake > 0) return undefined;
  const { host, port } = peer.endpoint!;
  return {
    code: "no-handshake",
    severity: "error",
    message: `${tunnel} is up here and dials ${host}, which never answered: udp ${port} must be open there, and at its provider`,
    evidence: `wg show ${name}: latest handshake 0, ${seen.sent} bytes sent`,
    mend: [`tofro doctor --node ${peer.node}`],
  };
}
