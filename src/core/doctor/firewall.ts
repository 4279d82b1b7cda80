// Other people's firewalls on the machine: packets of the plan are pushed through their chains.
//
// Each base chain at a hook has its say, and one drop is final; our own table cannot overrule any of them.
import { familyOf, type Address, type Family } from "../address.ts";
import { NFT_TABLE } from "../node-state.ts";
import type { Found } from "./finding.ts";
import type { Flow } from "./flows.ts";
import { mendsOf } from "./firewall-mends.ts";
import type { ConntrackState, Packet } from "./packet.ts";
import type { BaseChain, Hook } from "./ruleset.ts";
import type { Subject } from "./subject.ts";
import { walkChain, type Place } from "./walk-chain.ts";

/** Connection tracking stands at this priority: what is not untracked before is tracked. */
const CONNTRACK = -200;

interface Probe {
  readonly what: string;
  readonly packet: Packet;
  /** The first packet of a connection that this one belongs to. */
  readonly isLater: boolean;
}

export function judgeFirewall(subject: Subject): Found[] {
  const found = new Map<string, { finding: Omit<Found, "mend">; flows: Set<string>; mends: Set<string> }>();
  const note = (finding: Omit<Found, "mend">, place: Place, flow: string, mends: readonly string[]): void => {
    const key = `${finding.code} ${place.chain.family} ${place.chain.table} ${place.text}`;
    const known = found.get(key) ?? { finding, flows: new Set(), mends: new Set() };
    if (finding.severity === "error") known.finding = finding;
    known.flows.add(flow);
    for (const mend of mends) known.mends.add(mend);
    found.set(key, known);
  };
  for (const flow of subject.flows) judgeFlow(subject, flow, note);
  judgeInput(subject, note);
  return [...found.values()].map(({ finding, flows, mends }) => ({
    ...finding,
    message: finding.message.replace("{flows}", some([...flows])),
    mend: [...mends],
  }));
}

type Note = (finding: Omit<Found, "mend">, place: Place, flow: string, mends: readonly string[]) => void;

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;

function judgeFlow(subject: Subject, flow: Flow, note: Note): void {
  const { facts } = subject;
  const tracked = isTracked(subject, flow);
  const wouldBe = flow.kind === "transit" && !tracked && !subject.ours.has(flow.in!);
  const hooks: Hook[] =
    flow.kind === "arrive"
      ? ["prerouting"]
      : flow.kind === "leave"
        ? ["postrouting"]
        : ["prerouting", "forward", "postrouting"];
  for (const base of chainsAt(subject, hooks)) {
    if (!isOfFamily(base, flow.family)) continue;
    if (base.type === "nat") {
      if (base.hook === "postrouting") judgeRewrite(subject, flow, base, tracked, note);
      continue;
    }
    const first = dropOf(subject, base, probesOf(subject, flow, tracked ? "new" : "untracked", false));
    if (first !== undefined) {
      const code = isReversePath(first.place) ? "reverse-path-drop" : "forward-drop";
      const { isSure } = first.place;
      const verb = isSure ? "drops" : "may drop";
      const message =
        code === "reverse-path-drop"
          ? `a firewall ${verb} packets that come in by another interface than the way back to their source: {flows}`
          : `a firewall ${verb} what this node forwards: {flows}`;
      const evidence = `${where(base, first.place)}: ${first.place.text}`;
      const finding = { code, severity: isSure ? "error" : "warning", message, evidence } as const;
      note(finding, first.place, flow.name, mendsOf(facts, { kind: code, base, flow, place: first.place }));
      continue;
    }
    if (flow.kind !== "transit" || !(tracked || wouldBe)) continue;
    // The SYN passes; what follows is INVALID where conntrack sees one direction only.
    const later = dropOf(subject, base, probesOf(subject, flow, "invalid", true));
    if (later === undefined) continue;
    const evidence = `${where(base, later.place)}: ${later.place.text}`;
    const severity = wouldBe ? "note" : later.place.isSure ? "error" : "warning";
    const message = wouldBe
      ? "a firewall drops what conntrack calls INVALID; harmless once tofro's own table keeps conntrack out of: {flows}"
      : "a firewall drops what conntrack calls INVALID, and nothing keeps conntrack out of what only passes one way here: {flows}";
    const mends = mendsOf(facts, { kind: "invalid-drop", base, flow, place: later.place });
    note({ code: "invalid-drop", severity, message, evidence }, later.place, flow.name, mends);
  }
}

/** The chains of others, at these hooks. */
const chainsAt = ({ facts }: Subject, hooks: readonly Hook[]): BaseChain[] =>
  facts.ruleset.baseChains.filter(
    ({ hook, family, table }) =>
      hooks.includes(hook) && family !== "bridge" && family !== "netdev" && !isOurs(family, table),
  );

const isOurs = (family: string, table: string): boolean => family === "inet" && table === NFT_TABLE;

const isOfFamily = ({ family }: BaseChain, packet: Family): boolean =>
  family === "inet" || family === (packet === 4 ? "ip" : "ip6");

const isReversePath = ({ rule }: Place): boolean =>
  rule !== undefined && (/\bfib saddr .*\boif\b/.test(rule.text) || rule.text.includes("rpfilter"));

const where = (base: BaseChain, { chain }: Place): string =>
  chain.name === base.name
    ? `${chain.family} ${chain.table} ${chain.name}`
    : `${chain.family} ${chain.table} ${base.name} > ${chain.name}`;

/** Whether conntrack sees the flow: on a machine where the tunnel is up, by its rules; else by the plan. */
function isTracked(subject: Subject, flow: Flow): boolean {
  if (flow.kind !== "transit") return true;
  if (!subject.ours.has(flow.in!)) return false;
  const [probe] = probesOf(subject, flow, "new", false);
  return !subject.facts.ruleset.baseChains.some(
    (base) =>
      base.hook === "prerouting" &&
      base.priority < CONNTRACK &&
      isOfFamily(base, flow.family) &&
      walkChain(subject.facts.ruleset, base, probe!.packet).untracked,
  );
}

function dropOf(
  { facts }: Subject,
  base: BaseChain,
  probes: readonly Probe[],
): { place: Place; probe: Probe } | undefined {
  let doubtful: { place: Place; probe: Probe } | undefined;
  for (const probe of probes) {
    const packet = base.hook === "prerouting" ? withoutOut(probe.packet) : probe.packet;
    const { drop } = walkChain(facts.ruleset, base, packet);
    if (drop?.isSure === true) return { place: drop, probe };
    if (drop !== undefined) doubtful ??= { place: drop, probe };
  }
  return doubtful;
}

const withoutOut = ({ oifname: _oifname, ...packet }: Packet): Packet => packet;

/** Kinds of packets of one flow: not all of them pass where one does. */
function probesOf(subject: Subject, flow: Flow, state: ConntrackState, isLater: boolean): Probe[] {
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
  const icmp = flow.family === 4 ? "icmp" : "ipv6-icmp";
  const tcp: Packet = { ...base, l4proto: "tcp", tcpFlags: isLater ? ["ack"] : ["syn"] };
  if (isLater) return [{ what: "TCP after the SYN", packet: tcp, isLater }];
  // Policies of the node's own services are its owner's: what arrives is tried for the way it came only.
  if (flow.kind === "arrive")
    return [{ what: "ping", packet: { ...base, l4proto: icmp, icmpType: "echo-request" }, isLater }];
  return [
    { what: "TCP", packet: tcp, isLater },
    { what: "ping", packet: { ...base, l4proto: icmp, icmpType: "echo-request" }, isLater },
    { what: "UDP", packet: { ...base, l4proto: "udp" }, isLater },
  ];
}

/** By which interface an answer to the source leaves. */
function wayBack({ flows, state }: Subject, { source, kind, family }: Flow): string | undefined {
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

/**
 * Untracked packets are never rewritten, and a masquerade of the node's own gives them the tunnel's address, which is
 * their own already. Left are: transit that conntrack sees, hosts behind the node, and a `snat` to something else.
 */
function judgeRewrite(subject: Subject, flow: Flow, base: BaseChain, tracked: boolean, note: Note): void {
  if (flow.kind === "transit" && !tracked) return;
  if (flow.kind === "arrive" || base.priority < CONNTRACK) return;
  const [probe] = probesOf(subject, flow, "new", false);
  if (probe === undefined) return;
  const { rewrite } = walkChain(subject.facts.ruleset, base, probe.packet);
  if (rewrite === undefined) return;
  const isMasquerade = /\bmasquerade\b/i.test(rewrite.text);
  const own = subject.state.addresses.some((address) => rewrite.text.includes(`to ${address}`));
  if (flow.kind === "leave" && (isMasquerade || own)) return;
  const isLan = flow.kind === "lan-in" || flow.kind === "lan-out";
  const verb = rewrite.isSure ? "rewrites" : "may rewrite";
  const whose = isLan
    ? "to and from hosts behind this node"
    : flow.kind === "transit"
      ? "in transit, so answers go back by this node"
      : "of this node's own packets";
  const evidence = `${where(base, rewrite)}: ${rewrite.text}`;
  const severity = isLan || !rewrite.isSure ? "warning" : "error";
  note(
    { code: "rewrites-source", severity, message: `NAT ${verb} the source ${whose}: {flows}`, evidence },
    rewrite,
    flow.name,
    mendsOf(subject.facts, { kind: "rewrites-source", base, flow, place: rewrite }),
  );
}

/** WireGuard's own packets from whoever dials this node, and the ICMP that paths need. */
function judgeInput(subject: Subject, note: Note): void {
  const { state, facts, plan } = subject;
  const dialled = state.interfaces.filter(({ tunnel }) => isDialled(plan, tunnel, state.node));
  for (const base of chainsAt(subject, ["input"])) {
    if (base.type !== "filter") continue;
    for (const each of dialled) {
      for (const family of underlayFamilies(subject, each.tunnel)) {
        if (!isOfFamily(base, family)) continue;
        const packet: Packet = {
          family,
          l4proto: "udp",
          dport: each.listenPort,
          state: "new",
          isLocal: true,
          notInterfaces: subject.tunnels,
        };
        const { drop } = walkChain(facts.ruleset, base, packet);
        if (drop === undefined) continue;
        const isBoth = each.peer.endpoint !== undefined;
        const severity = drop.isSure && !isBoth ? "error" : "warning";
        const verb = drop.isSure ? "drops" : "may drop";
        const message = `a firewall ${verb} what other nodes send to WireGuard's ports here: {flows}`;
        const evidence = `${where(base, drop)}: ${drop.text}`;
        const mends = mendsOf(facts, { kind: "input-drop", base, place: drop, port: each.listenPort });
        note(
          { code: "input-drop", severity, message, evidence },
          drop,
          `${each.tunnel} (udp ${each.listenPort})`,
          mends,
        );
      }
    }
    for (const flow of subject.flows) {
      if (flow.kind !== "arrive" || !isOfFamily(base, flow.family)) continue;
      const icmp = flow.family === 4 ? "icmp" : "ipv6-icmp";
      const common = {
        family: flow.family,
        l4proto: icmp,
        source: flow.source,
        destination: flow.destination,
        iifname: flow.in!,
        isLocal: true,
      } as const;
      const tooBig = flow.family === 4 ? "destination-unreachable" : "packet-too-big";
      const drops = [
        { ...common, icmpType: tooBig, state: "related" as const },
        { ...common, icmpType: "echo-request", state: "new" as const },
      ].flatMap((packet) => walkChain(facts.ruleset, base, packet).drop ?? []);
      const [drop] = drops;
      if (drop === undefined) continue;
      const verb = drop.isSure ? "drops" : "may drop";
      const message = `a firewall ${verb} ICMP out of the tunnels, by which paths are found, measured and checked: {flows}`;
      const evidence = `${where(base, drop)}: ${drop.text}`;
      const mends = mendsOf(facts, { kind: "icmp-drop", base, flow, place: drop });
      note({ code: "icmp-drop", severity: "warning", message, evidence }, drop, flow.name, mends);
    }
  }
}

/** Whether the other end of a tunnel dials this one, itself or by a forwarder. */
const isDialled = (plan: Subject["plan"], tunnel: string, node: string): boolean =>
  plan.states.some(
    (state) =>
      state.node !== node &&
      state.interfaces.some((each) => each.tunnel === tunnel && each.peer.endpoint !== undefined),
  );

function underlayFamilies({ plan, state }: Subject, tunnel: string): Family[] {
  const hosts = plan.states.flatMap((each) =>
    each.node === state.node
      ? []
      : each.interfaces.flatMap(({ tunnel: id, peer }) =>
          id === tunnel && peer.endpoint ? [peer.endpoint.host] : [],
        ),
  );
  return hosts.map((host) => (host.includes(":") ? 6 : 4));
}
