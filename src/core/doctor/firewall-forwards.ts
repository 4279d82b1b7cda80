// What firewalls do to the tunnels of others that this node forwards: UDP that comes from the underlay and goes back into it.
import { familyOf, type Address } from "../address.ts";
import type { UdpForward } from "../node-state.ts";
import type { Packets } from "./firewall-mends.ts";
import type { FirewallNotes } from "./firewall-notes.ts";
import type { Packet } from "./packet.ts";
import { chainsAt, isOfFamily } from "./probes.ts";
import { lookUp } from "./routing.ts";
import type { BaseChain } from "./ruleset.ts";
import type { Subject } from "./subject.ts";
import { dropOnAllWays, underlayWays } from "./ways.ts";

export function judgeForwards(subject: Subject, notes: FirewallNotes): void {
  const forwards = subject.state.firewall.forwards ?? [];
  for (const base of chainsAt(subject, ["forward"])) {
    if (base.type !== "filter") continue;
    for (const forward of forwards) {
      if (isOfFamily(base, familyOf(forward.to))) judgeForward(subject, base, forward, notes);
    }
  }
}

function judgeForward(subject: Subject, base: BaseChain, forward: UdpForward, notes: FirewallNotes): void {
  const { forwarder, from, to, toPort } = forward;
  const family = familyOf(to);
  const [out] = waysTo(subject, to);
  const common = { family, l4proto: "udp", isLocal: false, isRedirected: true } as const;
  const tries: readonly { packet: Packet; towards: "iifname" | "oifname"; packets: Packets }[] = [
    {
      // As it is behind `dnat` and before `masquerade`.
      packet: {
        ...common,
        state: "new",
        destination: to,
        dport: toPort,
        ...(from && { source: from }),
        ...(out && { oifname: out }),
      },
      towards: "iifname",
      packets: { family, destination: to, protocol: "udp", dport: toPort },
    },
    {
      packet: {
        ...common,
        state: "established",
        source: to,
        sport: toPort,
        ...(from && { destination: from }),
        ...(out && { iifname: out }),
      },
      towards: "oifname",
      packets: { family, source: to, protocol: "udp", isAnswer: true },
    },
  ];
  for (const { packet, towards, packets } of tries) {
    const drop = dropOnAllWays(subject, base, packet, towards, waysTo(subject, from));
    if (drop === undefined) continue;
    notes.add({
      code: "forward-drop",
      severity: drop.isSure ? "error" : "warning",
      message: `a firewall ${drop.isSure ? "drops" : "may drop"} what this node forwards for tunnels of others: {flows}`,
      flow: `${forwarder} (udp ${forward.port})`,
      base,
      place: drop,
      packets,
    });
  }
}

/** By which interfaces packets to there leave, and from there come: any of the underlay where nobody knows. */
function waysTo(subject: Subject, address: Address | undefined): string[] {
  const route = address === undefined ? undefined : lookUp(subject.facts.routes, "main", address);
  return route?.interface === undefined ? underlayWays(subject) : [route.interface];
}
