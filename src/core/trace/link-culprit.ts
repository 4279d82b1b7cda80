// Packets that left by a tunnel and did not come out at its other end: allowed IPs, no session, or the underlay.
import type { Clues } from "./clues.ts";
import { grownDrops } from "./evidence.ts";
import { interfaceOf, said, type Culprit } from "./scene.ts";
import type { Loss } from "./seen.ts";

/** Older than REJECT_AFTER_TIME (WireGuard's paper, 6.1) a session carries nothing. */
const SESSION_S = 180;

export function onTheLink(clues: Clues, { node, interface: name = "", peer, packets }: Loss): Culprit {
  const lost = `${packets} left ${node} by ${name}, none came out`;
  if (peer === undefined)
    return {
      code: "route",
      node,
      message: "its route is not the plan's",
      evidence: [lost, ...clues.route(node)],
    };
  const evidence = [`${lost} at ${peer.node}'s ${peer.interface}`];
  const broken = clues.broken(peer.node, peer.interface) ?? clues.broken(node, name);
  if (broken !== undefined) return { ...broken, evidence: [...evidence, ...broken.evidence] };
  const { source, destination } = clues.flow;
  return (
    notAllowed(clues, node, name, destination, evidence) ??
    noSession(clues, node, name, peer, evidence) ??
    notAllowed(clues, peer.node, peer.interface, source, evidence) ??
    underlay(clues, node, name, peer, evidence)
  );
}

function notAllowed(
  clues: Clues,
  node: string,
  name: string,
  address: string,
  evidence: readonly string[],
): Culprit | undefined {
  const seen = clues.scene.evidence.get(node);
  const now = seen?.after.wireguard.get(name)?.allowedIps;
  const planned = interfaceOf(clues.scene.states.get(node), name)?.peer.allowedIps ?? [];
  const host = planned.find((prefix) => prefix.split("/")[0] === address);
  if (now === undefined || host === undefined || now.includes(host)) return undefined;
  const errors = seen!.after.links.get(name)!.rxErrors - (seen!.before.links.get(name)?.rxErrors ?? 0);
  const told = [`wg show ${name} allowed-ips at ${node}: ${now.join(" ") || "none"}; the plan has ${host}`];
  if (errors > 0) told.push(`ip -s link at ${node}: ${name} ${errors} more rx errors`);
  told.push(...clues.complaints("key not available"));
  return {
    code: "allowed-ips",
    node,
    message: `the allowed IPs of its ${name} lack ${host}`,
    evidence: [...evidence, ...told],
  };
}

function noSession(
  clues: Clues,
  node: string,
  name: string,
  peer: NonNullable<Loss["peer"]>,
  evidence: readonly string[],
): Culprit | undefined {
  const told: string[] = [];
  for (const end of [{ node, interface: name }, peer]) {
    const after = clues.scene.evidence.get(end.node)?.after;
    const handshake = after?.wireguard.get(end.interface)?.handshake;
    if (after === undefined) continue;
    if (handshake === undefined) told.push(`wg show ${end.interface} at ${end.node}: no peer`);
    else if (handshake === 0) told.push(`wg show ${end.interface} at ${end.node}: never a handshake`);
    else if (after.now - handshake > SESSION_S)
      told.push(`wg show ${end.interface} at ${end.node}: latest handshake ${after.now - handshake} s ago`);
  }
  if (told.length === 0) return undefined;
  const nodes = [node, peer.node];
  const blocked = nodes.flatMap((each) => said(clues.scene, each, ["input-drop"]));
  const others = nodes.flatMap((each) =>
    said(clues.scene, each, [
      "no-handshake",
      "port-taken",
      "endpoint-unresolved",
      "endpoint-unroutable",
      "interface-taken",
    ]),
  );
  const tunnel = interfaceOf(clues.scene.states.get(node), name)?.tunnel ?? name;
  if (blocked.length > 0)
    return {
      code: "firewall",
      node: blocked[0]!.startsWith(`doctor at ${node}:`) ? node : peer.node,
      message: `a firewall keeps WireGuard's packets of ${tunnel} out`,
      evidence: [...evidence, ...told, ...blocked],
    };
  return {
    code: "no-handshake",
    node,
    message: `${tunnel} has no session: its two ends do not hear each other`,
    evidence: [...evidence, ...told, ...others],
  };
}

function underlay(
  clues: Clues,
  node: string,
  name: string,
  peer: NonNullable<Loss["peer"]>,
  evidence: readonly string[],
): Culprit {
  const grown = (at: string, which: string, what: "sent" | "received"): number => {
    const seen = clues.scene.evidence.get(at);
    const [now, was] = [seen?.after, seen?.before].map((each) => each?.wireguard.get(which)?.[what] ?? 0);
    return now! - was!;
  };
  const sent = grown(node, name, "sent");
  const received = grown(peer.node, peer.interface, "received");
  const told = [
    `wg show transfer: ${node}'s ${name} sent ${sent} bytes, ${peer.node}'s ${peer.interface} received ${received}`,
    ...said(clues.scene, node, ["endpoint-unroutable", "forwarder-bypassed"]),
  ];
  const blocked = said(clues.scene, peer.node, ["input-drop"]);
  const all = [...evidence, ...told, ...blocked];
  const drops = clues.scene.evidence.get(peer.node);
  const grew = drops === undefined ? [] : grownDrops(drops.before, drops.after);
  if (blocked.length > 0 || grew.length > 0) {
    const rules = grew.map(({ rule, packets }) => `nft at ${peer.node}: ${rule} (${packets} packets)`);
    const message = `a firewall keeps WireGuard's packets out`;
    return { code: "firewall", node: peer.node, message, evidence: [...all, ...rules] };
  }
  if (received * 2 < sent)
    return {
      code: "underlay",
      node,
      message: `the underlay loses what it sends to ${peer.node}`,
      evidence: all,
    };
  return {
    code: "unknown",
    node: peer.node,
    message: `they are lost at its ${peer.interface}`,
    evidence: all,
  };
}
