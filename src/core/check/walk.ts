// One packet across machines: where it goes, where it ends, and how large it may be.
import { enter, INITIAL_TTL, originate, receive, send } from "./kernel.ts";
import type { Decision, Drop, Packet } from "./kernel.ts";
import type { Machine, TunnelExit } from "./machine.ts";
import type { Host } from "./prefix-map.ts";

export interface Walk {
  readonly from: Machine;
  /** The tunnels that the packet came through, in order. */
  readonly exits: readonly TunnelExit[];
  /** The machine that delivered or dropped it. */
  readonly last: Machine;
  readonly end: Exclude<Decision, TunnelExit>;
  /** Source address as it was sent; absent when the packet found no route. */
  readonly source?: Host;
}

/** Sends a packet from a node, or from a host behind it; the TTL ends every loop. */
export function walk(from: Machine, destination: Host, behind?: Host): Walk {
  const first = behind ? undefined : originate(from, destination);
  const source = behind ?? (first?.kind === "tunnel" ? first.source : undefined);
  if (!source) return { from, exits: [], last: from, end: ended(first) };
  const packet: Packet = { source, destination, ttl: INITIAL_TTL };
  const exits: TunnelExit[] = [];
  let last = from;
  let decision = first ?? enter(from, packet);
  while (decision.kind === "tunnel") {
    const { port } = decision;
    const lost = send(port, destination);
    if (lost || typeof port.peer === "string") return { from, exits, last, end: ended(lost), source };
    exits.push(decision);
    last = port.peer.machine;
    decision = receive(port.peer, packet);
  }
  return { from, exits, last, end: decision, source };
}

function ended(decision: Decision | undefined): Walk["end"] {
  if (!decision || decision.kind === "tunnel")
    throw new Error("a packet stopped on its way without a reason");
  return decision;
}

/** What happened to the packet if it did not get to `to`, with the node where it happened. */
export function lossOf(walked: Walk, to: Machine): Drop | undefined {
  const { end, last } = walked;
  if (end.kind === "drop") {
    if (end.reason !== "ttl-exceeded") return end;
    return {
      ...end,
      message: `at ${last.name}: TTL exceeded, for packets go round ${pathOf(walked).join(" -> ")}`,
    };
  }
  if (last === to) return undefined;
  const whom = { local: "itself", lan: "the subnets behind it", internet: "the internet" }[end.kind];
  return {
    kind: "drop",
    reason: "wrong-destination",
    message: `at ${last.name}: it takes the packets for ${whom}`,
  };
}

/** Node names from first to last; a loop is told once. */
export function pathOf({ from, exits, last }: Walk): string[] {
  const names = exits.map((exit) => exit.port.machine.name).concat(exits.length > 0 ? last.name : from.name);
  const again = names.findIndex((name, index) => names.indexOf(name) < index);
  return again < 0 ? names : names.slice(0, again + 1);
}

/** Largest packet in bytes that comes through; 0 without a tunnel. */
export const mtuOf = ({ exits }: Walk): number =>
  exits.length === 0 ? 0 : exits.reduce((least, { mtu }) => Math.min(least, mtu), Infinity);

/** Transits that must tell the source that its packets are too large: each lower than all before it. */
export function narrowings({ exits }: Walk): TunnelExit[] {
  let least = Infinity;
  return exits.filter(({ mtu }, index) => {
    const narrower = mtu < least;
    if (narrower) least = mtu;
    return narrower && index > 0;
  });
}
