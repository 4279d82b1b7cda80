// Other people's firewalls on the machine: packets of the plan are pushed through their chains.
//
// Each base chain at a hook has its say, and one drop is final; our own table cannot overrule any of them.
import type { Found } from "./finding.ts";
import { judgeEnds } from "./firewall-ends.ts";
import { judgeForwards } from "./firewall-forwards.ts";
import type { Packets } from "./firewall-mends.ts";
import { FirewallNotes } from "./firewall-notes.ts";
import type { Flow } from "./flows.ts";
import type { Packet } from "./packet.ts";
import { chainsAt, isOfFamily, probesOf } from "./probes.ts";
import type { BaseChain, Hook } from "./ruleset.ts";
import type { Subject } from "./subject.ts";
import { walkChain, type Place } from "./walk-chain.ts";

/** Connection tracking stands at this priority: what is not untracked before is tracked. */
const CONNTRACK = -200;

export function judgeFirewall(subject: Subject): Found[] {
  const notes = new FirewallNotes(subject.facts);
  for (const flow of subject.flows) judgeFlow(subject, flow, notes);
  judgeEnds(subject, notes);
  judgeForwards(subject, notes);
  return notes.findings();
}

function judgeFlow(subject: Subject, flow: Flow, notes: FirewallNotes): void {
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
      if (base.hook === "postrouting") judgeRewrite(subject, flow, base, tracked, notes);
      continue;
    }
    const first = dropOf(subject, base, probesOf(subject, flow, tracked ? "new" : "untracked", false));
    if (first !== undefined) {
      const code = isReversePath(first) ? "reverse-path-drop" : "forward-drop";
      const { isSure } = first;
      const verb = isSure ? "drops" : "may drop";
      const message =
        code === "reverse-path-drop"
          ? `a firewall ${verb} packets that come in by another interface than the way back to their source: {flows}`
          : `a firewall ${verb} what this node forwards: {flows}`;
      const severity = isSure ? "error" : "warning";
      notes.add({ code, severity, message, flow: flow.name, base, place: first, packets: packetsOf(flow) });
      continue;
    }
    if (flow.kind !== "transit" || !(tracked || wouldBe)) continue;
    // The SYN passes; what follows is INVALID where conntrack sees one direction only.
    const later = dropOf(subject, base, probesOf(subject, flow, "invalid", true));
    if (later === undefined) continue;
    const severity = wouldBe ? "note" : later.isSure ? "error" : "warning";
    const message = wouldBe
      ? "a firewall drops what conntrack calls INVALID; harmless once tofro's own table keeps conntrack out of: {flows}"
      : "a firewall drops what conntrack calls INVALID, and nothing keeps conntrack out of what only passes one way here: {flows}";
    const code = "invalid-drop";
    notes.add({ code, severity, message, flow: flow.name, base, place: later, packets: packetsOf(flow) });
  }
}

const packetsOf = ({ family, source, in: enter, out }: Flow): Packets => ({
  family,
  orSource: source,
  ...(enter === undefined ? {} : { in: enter }),
  ...(out === undefined ? {} : { out }),
});

const isReversePath = ({ rule }: Place): boolean =>
  rule !== undefined && (/\bfib saddr .*\boif\b/.test(rule.text) || rule.text.includes("rpfilter"));

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
      walkChain(subject.facts.ruleset, base, probe!).untracked,
  );
}

/** A drop that is certain, or else one that may be. */
function dropOf({ facts }: Subject, base: BaseChain, packets: readonly Packet[]): Place | undefined {
  const drops = packets.flatMap(
    (packet) =>
      walkChain(facts.ruleset, base, base.hook === "prerouting" ? withoutOut(packet) : packet).drop ?? [],
  );
  return drops.find(({ isSure }) => isSure) ?? drops[0];
}

const withoutOut = ({ oifname: _oifname, ...packet }: Packet): Packet => packet;

/**
 * Untracked packets are never rewritten, and a masquerade of the node's own gives them the tunnel's address, which is
 * their own already. Left are: transit that conntrack sees, hosts behind the node, and a `snat` to something else.
 */
function judgeRewrite(
  subject: Subject,
  flow: Flow,
  base: BaseChain,
  tracked: boolean,
  notes: FirewallNotes,
): void {
  if (flow.kind === "transit" && !tracked) return;
  if (flow.kind === "arrive" || base.priority < CONNTRACK) return;
  const [probe] = probesOf(subject, flow, "new", false);
  if (probe === undefined) return;
  const { rewrite } = walkChain(subject.facts.ruleset, base, probe);
  if (rewrite === undefined) return;
  const isMasquerade = /\bmasquerade\b/i.test(rewrite.text);
  const own = subject.state.addresses.some((address) =>
    new RegExp(`to(-source|:)? ?${address}\\b`).test(rewrite.text),
  );
  if (flow.kind === "leave" && (isMasquerade || own)) return;
  const isLan = flow.kind === "lan-in" || flow.kind === "lan-out";
  const verb = rewrite.isSure ? "rewrites" : "may rewrite";
  const whose = isLan
    ? "to and from hosts behind this node"
    : flow.kind === "transit"
      ? "in transit, so answers go back by this node"
      : "of this node's own packets";
  notes.add({
    code: "rewrites-source",
    severity: isLan || !rewrite.isSure ? "warning" : "error",
    message: `NAT ${verb} the source ${whose}: {flows}`,
    flow: flow.name,
    base,
    place: rewrite,
    packets: packetsOf(flow),
  });
}
