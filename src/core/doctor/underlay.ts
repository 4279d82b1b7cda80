// The internet below: endpoints that resolve, can be reached, have room for a full packet, and are still dialled.
import { contains, familyOf } from "../address.ts";
import type { TunnelInterface } from "../node-state.ts";
import { isOfUplink } from "../uplink-rules.ts";
import type { Facts } from "./facts.ts";
import { underlayKey, type Underlay } from "./facts-underlay.ts";
import type { Found } from "./finding.ts";
import type { Subject } from "./subject.ts";

/** Outer IP, UDP and WireGuard's own header and tag, in bytes. */
export const OVERHEAD = { 4: 60, 6: 80 } as const;

/** Least MTU of an interface that has IPv6 (RFC 8200, section 5). */
const LEAST_IPV6 = 1280;
/** By then a tunnel that keeps itself alive has made a new session, twice over. */
const SILENT_S = 300;

export function judgeUnderlay(subject: Subject): Found[] {
  const { state, facts, ours } = subject;
  const narrow: Narrow[] = [];
  const found = state.interfaces.flatMap((each): Found[] => {
    const unreachable = each.peer.endpoint === undefined ? undefined : endpoints(each, facts);
    if (unreachable !== undefined) return [unreachable];
    const way = narrowWay(subject, each);
    if (way !== undefined) narrow.push(way);
    const others = ours.has(each.name) ? [forwarder(each, facts), silence(each, facts)] : [];
    return others.filter((finding) => finding !== undefined);
  });
  return [...found, ...mtu(subject, narrow)];
}

/** What the machine sees of where a tunnel is dialled, by the way that the tunnel's own packets take. */
export const underlayOf = ({ peer, fwmark }: TunnelInterface, facts: Facts): Underlay | undefined =>
  peer.endpoint && facts.underlay.get(underlayKey(peer.endpoint.host, fwmark));

function endpoints(each: TunnelInterface, facts: Facts): Found | undefined {
  const { name, peer, tunnel } = each;
  const { host } = peer.endpoint!;
  const seen = underlayOf(each, facts);
  const known = facts.wireguard.get(name)?.peer?.endpoint?.host;
  if (seen === undefined || seen.addresses.length === 0) {
    return {
      code: "endpoint-unresolved",
      severity: "error",
      message: `${host}, the endpoint of ${tunnel}, does not resolve here`,
      evidence: `getent ahosts ${host}: nothing`,
      // Where it was when the name still resolved.
      mend: known === undefined ? [] : [`echo '${known} ${host}' >>/etc/hosts`],
    };
  }
  // Of one that its rules lead to an uplink `judgeUplinks` says more.
  if (seen.routes.size > 0 || isOfUplink(each)) return undefined;
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
    mend: wall === undefined ? [] : [`ip route del ${wall.type} ${wall.prefix}`],
  };
}

/** A tunnel whose packets are larger than the way below it takes; sizes are of IP packets, in bytes. */
interface Narrow {
  readonly name: string;
  readonly tunnel: string;
  readonly address: string;
  readonly needed: number;
  readonly room: number;
  readonly seen: string;
}

/**
 * What the way to the endpoint carries, by pings that must not be cut; where none is answered, what this machine says of it.
 * An answer is as large as its ping: the narrow place may be on the way back, which the tunnel's other end suffers from.
 */
function narrowWay({ facts, ours }: Subject, each: TunnelInterface): Narrow | undefined {
  const { name, tunnel, mtu: planned } = each;
  const isUp = ours.has(name);
  const inner = isUp ? (facts.links.get(name)?.mtu ?? planned) : planned;
  const now = isUp ? facts.wireguard.get(name)?.peer?.endpoint?.host : undefined;
  const seen = underlayOf(each, facts);
  for (const address of now === undefined ? (seen?.addresses ?? []) : [now]) {
    const needed = inner + overheadOf(address);
    // Pings go as what has no mark of an uplink.
    const { answered = 0, lost } = (isOfUplink(each) ? undefined : facts.rooms.get(address)) ?? {};
    const route = seen?.routes.get(address);
    const uplink = facts.links.get(route?.interface ?? "");
    // Hosts that answer none but small pings tell nothing of the way to them.
    const isMeasured = answered >= LEAST_IPV6;
    const room = isMeasured
      ? lost === undefined
        ? Infinity
        : answered
      : Math.min(route?.mtu ?? Infinity, uplink?.mtu ?? Infinity);
    if (room >= needed) continue;
    const said = `${route?.text ?? address}; ip link: ${uplink?.name} mtu ${uplink?.mtu}`;
    const measured = `ping -M do ${address}: packets of ${answered} bytes are answered, of ${lost} not`;
    return { name, tunnel, address, needed, room, seen: isMeasured ? measured : said };
  }
  return undefined;
}

/** One finding for all tunnels that find as little room: it is one narrow place, as a rule this machine's uplink. */
function mtu({ state, ours }: Subject, narrow: readonly Narrow[]): Found[] {
  const hasIpv6 = state.addresses.some((own) => familyOf(own) === 6);
  return [...new Set(narrow.map(({ room }) => room))].map((room): Found => {
    const own = narrow.filter((each) => each.room === room);
    const fits = Math.min(...own.map(({ address }) => room - overheadOf(address)));
    const tooSmall = hasIpv6 && fits < LEAST_IPV6;
    const needed = Math.max(...own.map((each) => each.needed));
    const addresses = [...new Set(own.map(({ address }) => address))];
    return {
      code: "underlay-mtu",
      severity: "warning",
      message: `packets of ${own.map(({ tunnel }) => tunnel).join(", ")} are up to ${needed} bytes in the underlay, and the way to ${addresses.join(", ")} takes ${room}: larger ones are lost or cut in two, which many networks drop${tooSmall ? "; IPv6 does not fit into less" : ""}`,
      evidence: own[0]!.seen,
      mend: tooSmall
        ? []
        : own.flatMap(({ name, address }) =>
            ours.has(name) ? [`ip link set dev ${name} mtu ${room - overheadOf(address)}`] : [],
          ),
      lasting: tooSmall
        ? "lead the paths another way, or raise the MTU of the network below"
        : `write \`mtu: ${fits}\` for ${state.node} in the network file, and apply`,
    };
  });
}

const overheadOf = (address: string): number => OVERHEAD[address.includes(":") ? 6 : 4];

/** A forwarder that does not masquerade drops out: both ends roam to the direct way. */
function forwarder(each: TunnelInterface, facts: Facts): Found | undefined {
  const { name, peer, tunnel } = each;
  const now = facts.wireguard.get(name)?.peer?.endpoint;
  if (peer.forwarder === undefined || peer.endpoint === undefined || now === undefined) return undefined;
  const known = underlayOf(each, facts)?.addresses ?? [];
  if (known.some((address) => address === now.host)) return undefined;
  const { host, port } = peer.endpoint;
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
function silence(each: TunnelInterface, facts: Facts): Found | undefined {
  const { name, peer, tunnel } = each;
  const seen = facts.wireguard.get(name)?.peer;
  if (facts.links.get(name)?.up !== true || peer.endpoint === undefined || seen === undefined)
    return undefined;
  const ageS = seen.latestHandshake === 0 ? Infinity : facts.nowS - seen.latestHandshake;
  const isAlive = peer.keepaliveS === undefined ? seen.latestHandshake > 0 : ageS < SILENT_S;
  if (seen.sent === 0 || isAlive) return undefined;
  const { host, port } = peer.endpoint;
  const answers = (underlayOf(each, facts)?.addresses ?? []).some(
    (address) => facts.rooms.get(address)?.answered !== undefined,
  );
  const [why, what] = facts.closed.has(name)
    ? [
        "nothing listens there: the tunnel is not up at the other end, or the port is another",
        "port unreachable",
      ]
    : answers
      ? [
          "a firewall there or at its provider drops the port, or the other end has another key",
          "no answer, but to ping",
        ]
      : ["it is down, or out of reach", "no answer, nor to ping"];
  return {
    code: "no-handshake",
    severity: "error",
    message: `${tunnel} dials ${host}, udp ${port}, and ${ageS === Infinity ? "never had an answer" : `has had none for ${ageS} s`}: ${why}`,
    evidence: `wg show ${name}: latest handshake ${seen.latestHandshake}, ${seen.sent} bytes sent; udp ${port}: ${what}`,
    mend: [`tofro doctor --node ${peer.node}`],
  };
}
