// Keeps in a tunnel what its end sends from the tunnel's own port: test packets, and words for the peer; whatever way the plan
// has from one end to the other.
import { familyOf, hostPrefix, type Address } from "../core/address.ts";
import type { LinkIndex } from "../core/route.ts";
import type { Topology } from "../core/topology.ts";
import { planSessions } from "../probe/sessions.ts";

/** One end of a tunnel, as its agent probes it. */
export interface ProbedEnd {
  readonly tunnel: string;
  /** The link that this end receives. */
  readonly incoming: LinkIndex;
  readonly interface: string;
  readonly own: Address;
  readonly peer: Address;
  /** UDP, of both ends. */
  readonly port: number;
}

/** Of our rules and routes for an agent's packets: neither the plan's 116 nor a measurement's 117. */
const AGENT_PROTOCOL = 118;
/** Before the rules of measurements and of the plan. */
const RULE_PRIORITY = 11_400;
const FIRST_TABLE = 1_180_000;
const LAST_METRIC = 100_000;

/** All tunnel ends of a node, in the topology's order; both ends of a tunnel find the same port. */
export const probedEnds = (topology: Topology, node: string): ProbedEnd[] =>
  planSessions(topology, topology.tunnels, new Map()).flatMap(
    ({ tunnel, sender, reflector, port }, index) => {
      const side = topology.tunnels[index]!.ends.findIndex((end) => end.node === node);
      if (side === -1) return [];
      const [own, peer] = sender.node === node ? [sender, reflector] : [reflector, sender];
      return [
        {
          tunnel,
          incoming: 2 * index + (1 - side),
          interface: own.interface,
          own: own.address,
          peer: peer.address,
          port,
        },
      ];
    },
  );

/** Words for `ip -batch` that put the pins there, or back; a rule that is there already fails, and stays. */
export const pinLines = (ends: readonly ProbedEnd[]): string[] =>
  ends.flatMap((end, index) => {
    const { route, blackhole, rule } = pinOf(end, index);
    return [`route replace ${route}`, `route replace ${blackhole}`, `rule add ${rule}`];
  });

/** Words that take them away. */
export const unpinLines = (ends: readonly ProbedEnd[]): string[] =>
  ends.flatMap((end, index) => {
    const { route, blackhole, rule } = pinOf(end, index);
    return [`rule del ${rule}`, `route del ${route}`, `route del ${blackhole}`];
  });

/** In a batch there is no option for the family: an address of it has to be there. */
function pinOf(end: ProbedEnd, index: number) {
  const table = FIRST_TABLE + index;
  const own = `table ${table} proto ${AGENT_PROTOCOL}`;
  return {
    route: `${hostPrefix(end.peer)} dev ${end.interface} src ${end.own} ${own}`,
    // Where the tunnel is not there its packets shall go nowhere rather than by another one.
    blackhole: `unreachable ${familyOf(end.own) === 6 ? "::/0" : "0.0.0.0/0"} metric ${LAST_METRIC} ${own}`,
    rule: `priority ${RULE_PRIORITY} from ${hostPrefix(end.own)} iif lo ipproto udp sport ${end.port} lookup ${table} protocol ${AGENT_PROTOCOL}`,
  };
}
