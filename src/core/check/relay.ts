// Forwarders that are on a node: whether what is dialled there comes out at the other end, by that node's own state.
import { familyOf, parseAddress } from "../address.ts";
import type { NodeState } from "../node-state.ts";
import type { Spec } from "../spec.ts";
import type { Machine, Port } from "./machine.ts";
import { lookup } from "./lookup.ts";
import { hostOf } from "./prefix-map.ts";

/** Why packets that one end sends to a forwarder do not come out at the other; undefined: they do, or nobody can know. */
export type RelayFault = (dialler: Port, other: Port, forwarder: string) => string | undefined;

/** What another's forwarder does is not in the states. */
export const rented: RelayFault = () => undefined;

export function relays(spec: Spec, states: readonly NodeState[], machines: readonly Machine[]): RelayFault {
  const own = new Map(spec.forwarders.map(({ name, on }) => [name, on?.value]));
  const hosts = new Map(spec.nodes.map(({ name, endpoint }) => [name, endpoint?.host]));
  const byName = new Map(states.map((state, index) => [state.node, { state, machine: machines[index]! }]));
  return (dialler, other, forwarder) => {
    const on = own.get(forwarder);
    const endpoint = dialler.state.peer.endpoint;
    if (on === undefined || endpoint === undefined) return undefined;
    const place = byName.get(on);
    if (place === undefined) return `there is no state for node ${on}, which forwards`;
    if (endpoint.host !== hosts.get(on))
      return `${dialler.machine.name} dials ${endpoint.host}, and the forwarder is on ${on}, at ${hosts.get(on)}`;
    const fault = faultAt(place, endpoint.port, {
      from: hosts.get(dialler.machine.name),
      to: hosts.get(other.machine.name),
      toPort: other.state.listenPort,
    });
    return fault === undefined ? undefined : `${on} ${fault}`;
  };
}

interface Wanted {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly toPort: number;
}

function faultAt(
  { state, machine }: { readonly state: NodeState; readonly machine: Machine },
  port: number,
  { from, to, toPort }: Wanted,
): string | undefined {
  const { firewall } = state;
  const forward = firewall.forwards?.find((each) => each.port === port);
  if (forward === undefined) return `forwards nothing that comes to port ${port}`;
  if (forward.to !== to || forward.toPort !== toPort)
    return `forwards port ${port} to ${forward.to} port ${forward.toPort}, and the other end is at ${to} port ${toPort}`;
  if (forward.from !== undefined && forward.from !== from)
    return `forwards port ${port} from ${forward.from} alone, and ${from ?? "a host behind NAT"} dials`;
  const family = familyOf(forward.to);
  if (!machine.forwarding[family])
    return `forwards nothing: ${family === 4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding"} is not 1`;
  if (firewall.exits?.killSwitch !== undefined)
    return "lets nothing out that it forwards: its kill switch is on";
  // Out by a tunnel they would be in the overlay, and go on as that says.
  const source = forward.from ?? (family === 4 ? ANY_SOURCE[4] : ANY_SOURCE[6]);
  const exit = lookup(machine, UPLINK, hostOf(source), hostOf(forward.to));
  return exit?.kind === "tunnel" ? `leads what it forwards into ${exit.port.state.name}` : undefined;
}

/** Any interface that is no tunnel of ours. */
const UPLINK = "";
/** Documentation space stands for the internet (RFC 5737, RFC 3849). */
const ANY_SOURCE = { 4: parseAddress("192.0.2.1")!, 6: parseAddress("2001:db8::1")! } as const;
