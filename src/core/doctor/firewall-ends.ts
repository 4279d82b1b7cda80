// What firewalls do at the ends: to WireGuard's own packets, and to packets of the plan that arrive here or leave.
//
// Requests arrive by another interface than answers leave by. A rule that lets a neighbour in by "its" interface is right
// where both are the same, and never matches here: packets are tried by both, and compared.
import { familyOf, type Family } from "../address.ts";
import type { TunnelInterface } from "../node-state.ts";
import type { Flow } from "./flows.ts";
import type { FirewallNotes } from "./firewall-notes.ts";
import type { Packet } from "./packet.ts";
import { portsOf } from "./ports.ts";
import { chainsAt, icmpOf, isOfFamily, wayBack } from "./probes.ts";
import type { BaseChain } from "./ruleset.ts";
import type { Subject } from "./subject.ts";
import { walkChain } from "./walk-chain.ts";
import { dropOnAllWays, underlayWays } from "./ways.ts";
import { underlayOf } from "./underlay.ts";

export function judgeEnds(subject: Subject, notes: FirewallNotes): void {
  for (const base of chainsAt(subject, ["input", "output"])) {
    if (base.type !== "filter") continue;
    for (const each of subject.state.interfaces) judgeWireguard(subject, base, each, notes);
    for (const flow of subject.flows) {
      if (!isOfFamily(base, flow.family)) continue;
      if (flow.kind === (base.hook === "input" ? "arrive" : "leave")) {
        if (!judgeBound(subject, base, flow, notes)) judgeOwn(subject, base, flow, notes);
      }
    }
  }
}

/** The tunnels' packets in the underlay: in where others dial, out where this node does. */
function judgeWireguard(
  subject: Subject,
  base: BaseChain,
  each: TunnelInterface,
  notes: FirewallNotes,
): void {
  const { plan, state } = subject;
  const isInput = base.hook === "input";
  const { endpoint } = each.peer;
  if (isInput ? !isDialled(plan, each.tunnel, state.node) : endpoint === undefined) return;
  for (const family of isInput ? dialledFamilies(subject, each.tunnel) : dialFamilies(subject, each)) {
    if (!isOfFamily(base, family)) continue;
    const packet: Packet = {
      family,
      l4proto: "udp",
      ...(isInput ? { dport: each.listenPort } : { sport: each.listenPort, dport: endpoint!.port }),
      state: "new",
      isLocal: isInput,
    };
    const side = isInput ? "iifname" : "oifname";
    const drop = dropOnAllWays(subject, base, packet, side, underlayWays(subject));
    if (drop === undefined) continue;
    const verb = drop.isSure ? "drops" : "may drop";
    const port = isInput ? each.listenPort : endpoint!.port;
    notes.add({
      code: isInput ? "input-drop" : "output-drop",
      // Where both ends dial, the other way may do.
      severity: drop.isSure && (!isInput || endpoint === undefined) ? "error" : "warning",
      message: isInput
        ? `a firewall ${verb} what other nodes send to WireGuard's ports here: {flows}`
        : `a firewall ${verb} what WireGuard sends to other nodes from here: {flows}`,
      flow: `${each.tunnel} (udp ${port})`,
      base,
      place: drop,
      packets: { family, protocol: "udp", dport: port },
    });
  }
}

/** ICMP, by which paths are found and measured, and answers, which every connection needs. Services are their owner's affair. */
function judgeOwn(subject: Subject, base: BaseChain, flow: Flow, notes: FirewallNotes): void {
  const isInput = base.hook === "input";
  const common = packetOf(flow, base);
  const icmp = icmpOf(flow.family);
  const drops = (packets: readonly Packet[]): ReturnType<typeof walkChain>["drop"] =>
    packets
      .map((packet) => walkChain(subject.facts.ruleset, base, packet).drop)
      .find((drop) => drop !== undefined);
  const answers = drops([{ ...common, l4proto: "tcp", tcpFlags: ["ack"], state: "established" }]);
  const side = isInput ? "out of the tunnels" : "into the tunnels";
  if (answers?.isSure === true) {
    notes.add({
      code: isInput ? "input-drop" : "output-drop",
      severity: "error",
      message: `a firewall drops answers ${side}: {flows}`,
      flow: flow.name,
      base,
      place: answers,
      packets: { family: flow.family, ...waysOf(flow, base), isAnswer: true },
    });
  }
  const tooBig = flow.family === 4 ? "destination-unreachable" : "packet-too-big";
  const echo = drops([
    { ...common, l4proto: icmp, icmpType: tooBig, state: "related" },
    { ...common, l4proto: icmp, icmpType: "echo-request", state: "new" },
  ]);
  if (echo === undefined) return;
  notes.add({
    code: "icmp-drop",
    severity: "warning",
    message: `a firewall ${echo.isSure ? "drops" : "may drop"} ICMP ${side}, by which paths are found, measured and checked: {flows}`,
    flow: flow.name,
    base,
    place: echo,
    packets: { family: flow.family, ...waysOf(flow, base), protocol: icmp },
  });
}

/** What passes by the interface of the other direction and not by the one that the plan takes: whether there is any. */
function judgeBound(subject: Subject, base: BaseChain, flow: Flow, notes: FirewallNotes): boolean {
  const isInput = base.hook === "input";
  const here = isInput ? flow.in! : flow.out!;
  const there = isInput ? wayBack(subject, flow) : wayHere(subject, flow);
  if (there === undefined || there === here) return false;
  let isBound = false;
  const others = subject.flows.some(
    (each) =>
      each.kind === flow.kind && each.family === flow.family && (isInput ? each.in : each.out) === there,
  );
  const common = packetOf(flow, base);
  const peer = isInput ? flow.source : flow.destination;
  const candidates: Packet[] = [
    { ...common, l4proto: "tcp", tcpFlags: ["ack"], state: "established" },
    { ...common, l4proto: icmpOf(flow.family), icmpType: "echo-request", state: "new" },
    ...portsOf(subject.facts.ruleset, base).map(({ l4proto, dport }): Packet => ({
      ...common,
      l4proto,
      dport,
      tcpFlags: ["syn"],
      state: "new",
    })),
  ];
  for (const packet of candidates) {
    const { drop } = walkChain(subject.facts.ruleset, base, packet);
    if (drop?.isSure !== true) continue;
    const elsewhere = walkChain(subject.facts.ruleset, base, {
      ...packet,
      ...(isInput ? { iifname: there } : { oifname: there }),
    });
    const { accept } = elsewhere;
    if (elsewhere.drop !== undefined || accept === undefined) continue;
    // Where others do come by that interface the rule is theirs, unless it names this one.
    if (others && !accept.text.includes(peer)) continue;
    isBound = true;
    const port = packet.dport === undefined ? "" : ` port ${packet.dport}`;
    const what = packet.state === "established" ? "answers" : `${packet.l4proto}${port}`;
    notes.add({
      code: "interface-bound",
      severity: "error",
      message: isInput
        ? `a firewall lets in by ${there} what comes by ${here}, as the ways differ: {flows}`
        : `a firewall lets out by ${there} what leaves by ${here}, as the ways differ: {flows}`,
      flow: `${what} of ${flow.name}`,
      base,
      place: drop,
      seen: accept,
      elsewhere: accept,
      packets: {
        family: flow.family,
        ...(isInput ? { in: here, source: flow.source } : { out: here, destination: flow.destination }),
        ...(packet.state === "established" ? { isAnswer: true } : { protocol: packet.l4proto }),
        ...(packet.dport === undefined ? {} : { dport: packet.dport }),
      },
    });
  }
  return isBound;
}

const waysOf = (flow: Flow, base: BaseChain): { in?: string; out?: string } =>
  base.hook === "input" ? { in: flow.in! } : { out: flow.out! };

const packetOf = (flow: Flow, base: BaseChain): Omit<Packet, "l4proto" | "state"> => ({
  family: flow.family,
  source: flow.source,
  destination: flow.destination,
  isLocal: base.hook === "input",
  ...(base.hook === "input" ? { iifname: flow.in! } : { oifname: flow.out! }),
});

/** By which interface packets of the destination arrive. */
const wayHere = ({ flows }: Subject, { destination, family }: Flow): string | undefined =>
  flows.find((each) => each.kind === "arrive" && each.family === family && each.source === destination)?.in;

/** Whether the other end of a tunnel dials this one, itself or by a forwarder. */
const isDialled = (plan: Subject["plan"], tunnel: string, node: string): boolean =>
  plan.states.some(
    (state) =>
      state.node !== node &&
      state.interfaces.some((each) => each.tunnel === tunnel && each.peer.endpoint !== undefined),
  );

function dialledFamilies({ plan, state }: Subject, tunnel: string): Family[] {
  const hosts = plan.states.flatMap((each) =>
    each.node === state.node
      ? []
      : each.interfaces.flatMap(({ tunnel: id, peer }) =>
          id === tunnel && peer.endpoint ? [peer.endpoint.host] : [],
        ),
  );
  return hosts.map((host) => (host.includes(":") ? 6 : 4));
}

/** As this machine resolves it: the first is what WireGuard takes. */
const dialFamilies = ({ facts }: Subject, each: TunnelInterface): Family[] =>
  (underlayOf(each, facts)?.addresses ?? []).slice(0, 1).map(familyOf);
