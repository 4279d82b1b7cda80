// The packets of a flow that are tried on firewalls, and the chains that they meet.
import { familyOf, type Address, type Family } from "../address.ts";
import { NFT_TABLE } from "../node-state.ts";
import type { Flow } from "./flows.ts";
import type { ConntrackState, Packet } from "./packet.ts";
import type { BaseChain, Hook } from "./ruleset.ts";
import type { Subject } from "./subject.ts";

/** The chains of others, at these hooks. */
export const chainsAt = ({ facts }: Subject, hooks: readonly Hook[]): BaseChain[] =>
  facts.ruleset.baseChains.filter(
    ({ hook, family, table }) =>
      hooks.includes(hook) && family !== "bridge" && family !== "netdev" && !isOurs(family, table),
  );

const isOurs = (family: string, table: string): boolean => family === "inet" && table === NFT_TABLE;

export const isOfFamily = ({ family }: BaseChain, packet: Family): boolean =>
  family === "inet" || family === (packet === 4 ? "ip" : "ip6");

export const icmpOf = (family: Family): "icmp" | "ipv6-icmp" => (family === 4 ? "icmp" : "ipv6-icmp");

/** Kinds of packets of one flow: not all of them pass where one does. */
export function probesOf(subject: Subject, flow: Flow, state: ConntrackState, isLater: boolean): Packet[] {
  const lan = flow.kind === "lan-in" || flow.kind === "lan-out" ? lanInterface(subject, flow) : undefined;
  const enter = flow.in ?? lan;
  const leave = flow.out ?? lan;
  const back = wayBack(subject, flow);
  const base = {
    family: flow.family,
    source: flow.source,
    destination: flow.destination,
    state,
    isLocal: flow.kind === "arrive",
    ...(enter === undefined ? {} : { iifname: enter }),
    ...(leave === undefined ? {} : { oifname: leave }),
    ...(back === undefined || flow.in === undefined
      ? {}
      : { back: { any: true, sameInterface: back === flow.in } }),
  };
  const icmp = icmpOf(flow.family);
  const tcp: Packet = { ...base, l4proto: "tcp", tcpFlags: isLater ? ["ack"] : ["syn"] };
  if (isLater) return [tcp];
  const ping: Packet = { ...base, l4proto: icmp, icmpType: "echo-request" };
  // Policies of the node's own services are its owner's: what arrives is tried for the way it came only.
  return flow.kind === "arrive" ? [ping] : [tcp, ping, { ...base, l4proto: "udp" }];
}

/** By which interface an answer to the source leaves. */
export function wayBack({ flows, state }: Subject, { source, kind, family }: Flow): string | undefined {
  if (kind === "leave" || kind === "lan-out") return undefined;
  const route = state.routes.find(({ prefix, table }) => table === "main" && prefix === hostOf(source));
  return (
    route?.interface ??
    flows.find((each) => each.kind === "leave" && each.family === family && each.destination === source)?.out
  );
}

const hostOf = (address: Address): string => `${address}/${familyOf(address) === 4 ? 32 : 128}`;

function lanInterface({ facts, state }: Subject, flow: Flow): string | undefined {
  const inside = flow.kind === "lan-in" ? flow.destination : flow.source;
  const prefixes = new Set<string>(state.firewall.prefixes);
  const route = facts.routes.find(
    ({ prefix, interface: name }) =>
      prefix !== "default" &&
      name !== undefined &&
      prefixes.has(prefix) &&
      familyOf(prefix) === familyOf(inside),
  );
  return route?.interface;
}
