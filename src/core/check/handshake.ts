// Whether the two ends of a tunnel come to a WireGuard handshake: keys crosswise, sockets open, someone who can dial.
import type { Port } from "./machine.ts";
import type { RelayFault } from "./relay.ts";

/** What a tunnel end has on the other side; `peer` is a text where there is no handshake, saying why. */
export function connect(
  port: Port,
  ends: readonly Port[],
  swallowed: string | undefined,
  relayFault: RelayFault,
): Pick<Port, "peer" | "forwarder"> {
  const other = ends.find((each) => each !== port && each.machine.name === port.state.peer.node);
  if (!other) {
    return { peer: `${port.state.peer.node} has no interface for this tunnel`, forwarder: port.forwarder };
  }
  const forwarder = port.state.peer.forwarder ?? other.state.peer.forwarder;
  if (swallowed !== undefined) {
    const endpoint = port.state.peer.endpoint!.host;
    const peer = `its own packets to ${endpoint} would go into ${swallowed}, as a prefix behind a node holds that address`;
    return { peer, forwarder };
  }
  const fault =
    faultAt(port, other) ?? faultAt(other, port) ?? faultOfDialling(port, other, forwarder, relayFault);
  return { peer: fault ?? other, forwarder };
}

function faultAt(port: Port, other: Port): string | undefined {
  const { name } = port.machine;
  if (port.state.peer.publicKey !== other.state.publicKey) {
    return `${name} expects another public key than ${other.machine.name} has`;
  }
  if (other.state.peer.node !== name)
    return `${other.machine.name} takes it for a tunnel to ${other.state.peer.node}`;
  if (port.rival === undefined) return undefined;
  return `${port.rival} on ${name} listens on port ${port.state.listenPort} too`;
}

// A forwarder's port says nothing about the port behind it.
function faultOfDialling(
  port: Port,
  other: Port,
  forwarder: string | undefined,
  relayFault: RelayFault,
): string | undefined {
  const dials = (one: Port, two: Port): boolean => {
    const { endpoint } = one.state.peer;
    return endpoint !== undefined && (forwarder !== undefined || endpoint.port === two.state.listenPort);
  };
  const diallers = [[port, other] as const, [other, port] as const].filter(([one, two]) => dials(one, two));
  const faults = diallers.map(([one, two]) =>
    forwarder === undefined ? undefined : relayFault(one, two, forwarder),
  );
  // Either end may bring it up.
  if (faults.some((fault) => fault === undefined)) return undefined;
  if (faults.length > 0) return faults[0];
  const none = !port.state.peer.endpoint && !other.state.peer.endpoint;
  return none
    ? "neither end has an endpoint to dial"
    : "neither end dials the port that the other listens on";
}
