// Why packets did something else than the plan says: the likeliest cause that the evidence allows, and the evidence.
import type { Finding, FindingCode } from "../doctor/finding.ts";
import type { NodeState, TunnelInterface } from "../node-state.ts";
import { deviationOf, type Deviation, type PlannedPath } from "./compare.ts";
import { grownBy, grownDrops, type Evidence } from "./evidence.ts";
import type { PingResult } from "./ping.ts";
import { HEADERS, type Flow } from "./probe.ts";
import type { Loss, Rewrite, Seen } from "./seen.ts";

/** Part of the `--json` shape. */
export type CulpritCode =
  | "address"
  | "allowed-ips"
  | "conntrack-invalid"
  | "firewall"
  | "forwarding-off"
  | "interface"
  | "mtu"
  | "no-handshake"
  | "route"
  | "rp-filter"
  | "source-address"
  | "underlay"
  | "unknown";

export interface Culprit {
  readonly code: CulpritCode;
  /** Where it is to be mended. */
  readonly node: string;
  readonly message: string;
  /** What was seen, a line each. */
  readonly evidence: readonly string[];
}

/** What is known of the machines beside where the packets went. */
export interface Scene {
  readonly states: ReadonlyMap<string, NodeState>;
  /** By node; of those that could be asked. */
  readonly evidence: ReadonlyMap<string, { readonly before: Evidence; readonly after: Evidence }>;
  /** The doctor's, by node. */
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
  /** What the kernel of a node says of a flow's packets: `ip route get`. */
  readonly routeAt: (node: string, flow: Flow) => string | undefined;
  readonly ping: (flow: Flow) => PingResult | undefined;
}

/** Older than REJECT_AFTER_TIME (WireGuard's paper, 6.1) a session carries nothing. */
const SESSION_S = 180;

export function culpritOf(seen: Seen, planned: PlannedPath, scene: Scene): Culprit | undefined {
  const deviation = deviationOf(planned, seen);
  const { flow, loss, rewrite } = seen;
  // A path that is right as far as it goes ends where the loss is.
  const strays = deviation !== undefined && !(loss?.stage === "origin" && deviation.node === loss.node);
  const it = new Case(flow, planned, scene);
  if (rewrite !== undefined) return it.rewritten(rewrite);
  if (strays) return it.strayed(deviation);
  if (loss === undefined) return undefined;
  if (loss.stage === "origin") return it.unsent(loss);
  if (loss.stage === "link") return it.onTheLink(loss);
  if (loss.stage === "route") return it.notRouted(loss);
  if (loss.stage === "firewall") return it.notPassed(loss);
  return it.taken(loss);
}

/** Full packets die where small ones pass. */
export function mtuCulprit(seen: Seen, planned: PlannedPath, scene: Scene): Culprit {
  const { flow, loss } = seen;
  const { probe, from } = flow;
  const bytes = probe.payloadBytes + HEADERS[probe.family];
  const evidence = [`packets of ${bytes} bytes, as the plan allows: ${whereLost(seen)}; small ones arrive`];
  const complaints = (scene.ping(flow)?.complaints ?? []).map((line) => `ping at ${from}: ${line}`);
  const narrow = narrowInterfaces(planned, scene);
  const remembered = / mtu (\d+)/.exec(scene.routeAt(from, flow) ?? "")?.[1];
  const told = [...evidence, ...narrow.map(({ line }) => line), ...complaints];
  const [first] = narrow;
  if (first !== undefined)
    return {
      code: "mtu",
      node: first.node,
      message: `the MTU of its ${first.name} is too small`,
      evidence: told,
    };
  if (loss?.stage === "origin" && remembered !== undefined && Number(remembered) < bytes) {
    const message = "it remembers a path MTU that was smaller; `ip route flush cache` makes it forget";
    const line = `ip route get at ${from}: ${scene.routeAt(from, flow)}`;
    return { code: "mtu", node: from, message, evidence: [...told, line] };
  }
  const node = loss?.node ?? from;
  const findings = [...new Set([node, loss?.peer?.node ?? node])].flatMap((each) =>
    said(scene, each, ["underlay-mtu"]),
  );
  const message =
    loss?.stage === "link" ? "the underlay behind it loses full packets" : "full packets do not get through";
  return { code: "mtu", node, message, evidence: [...told, ...findings] };
}

/** Interfaces along a path whose MTU is smaller than the plan's. */
function narrowInterfaces(
  { path, tunnels }: PlannedPath,
  scene: Scene,
): { readonly node: string; readonly name: string; readonly line: string }[] {
  return tunnels.flatMap((tunnel, hop) =>
    [path[hop]!, path[hop + 1]!].flatMap((node) => {
      const wanted = scene.states.get(node)?.interfaces.find((each) => each.tunnel === tunnel);
      const now = scene.evidence.get(node)?.after.links.get(wanted?.name ?? "")?.mtu;
      if (wanted === undefined || now === undefined || now >= wanted.mtu) return [];
      const line = `ip link at ${node}: ${wanted.name} mtu ${now}, the plan has ${wanted.mtu}`;
      return [{ node, name: wanted.name, line }];
    }),
  );
}

class Case {
  readonly #flow: Flow;
  readonly #planned: PlannedPath;
  readonly #scene: Scene;

  constructor(flow: Flow, planned: PlannedPath, scene: Scene) {
    this.#flow = flow;
    this.#planned = planned;
    this.#scene = scene;
  }

  rewritten({ node, interface: name, source }: Rewrite): Culprit {
    const { source: wanted, from } = this.#flow;
    const evidence = [`packets leave ${node} by ${name} with source ${source}, not ${wanted}`];
    if (node === from) evidence.push(...this.#route(node));
    evidence.push(...said(this.#scene, node, ["rewrites-source"]));
    const why =
      node === from ? "its packets carry a source that the plan does not know" : "it rewrites the source";
    return { code: "source-address", node, message: why, evidence };
  }

  strayed({ node, interface: name, hop }: Deviation): Culprit {
    const wanted = this.#planned.tunnels[hop];
    const state = this.#scene.states.get(node);
    const planned = state?.interfaces.find(({ tunnel }) => tunnel === wanted)?.name;
    const broken = planned === undefined ? undefined : this.#broken(node, planned);
    if (broken !== undefined) return broken;
    const by = name === undefined ? "another way" : `by ${name}`;
    const evidence = [
      `packets leave ${node} ${by}; the plan has ${planned ?? "another node"}`,
      ...this.#route(node),
      ...said(this.#scene, node, ["route-taken", "rule-taken", "table-taken"]),
    ];
    return { code: "route", node, message: "its route is not the plan's", evidence };
  }

  unsent({ node }: Loss): Culprit {
    const { kind, probe } = this.#flow;
    const planned = nextInterface(this.#scene.states.get(node), this.#flow);
    const broken = planned === undefined ? undefined : this.#broken(node, planned);
    if (broken !== undefined) return broken;
    const route = this.#route(node);
    const complaints = (kind === "request" ? (this.#scene.ping(this.#flow)?.complaints ?? []) : []).map(
      (line) => `ping at ${node}: ${line}`,
    );
    const evidence = [`nothing leaves ${node}`, ...complaints];
    const firewall = this.#firewall(node, ["icmp-drop", "rewrites-source"], 1);
    if (firewall !== undefined) return { ...firewall, evidence: [...evidence, ...firewall.evidence] };
    const settings = this.#scene.evidence.get(node)?.after.sysctls;
    if (kind === "reply" && probe.family === 4 && settings?.get("ipv4/icmp_echo_ignore_all") === "1")
      return {
        code: "firewall",
        node,
        message: "it answers no pings",
        evidence: [...evidence, "net.ipv4.icmp_echo_ignore_all = 1"],
      };
    if (complaints.some((line) => line.includes("not permitted")))
      return { code: "firewall", node, message: "its own firewall lets them not out", evidence };
    const noRoute = route.some((line) => /unreachable|No route|prohibit|blackhole|Invalid/i.test(line));
    if (noRoute)
      return { code: "route", node, message: "it has no route", evidence: [...evidence, ...route] };
    return {
      code: "unknown",
      node,
      message: "its packets do not leave it",
      evidence: [...evidence, ...route],
    };
  }

  onTheLink({ node, interface: name = "", peer, packets }: Loss): Culprit {
    const lost = `${packets} left ${node} by ${name}, none came out`;
    if (peer === undefined)
      return {
        code: "route",
        node,
        message: "its route is not the plan's",
        evidence: [lost, ...this.#route(node)],
      };
    const evidence = [`${lost} at ${peer.node}'s ${peer.interface}`];
    const broken = this.#broken(peer.node, peer.interface) ?? this.#broken(node, name);
    if (broken !== undefined) return { ...broken, evidence: [...evidence, ...broken.evidence] };
    const { source, destination } = this.#flow;
    return (
      this.#notAllowed(node, name, destination, evidence) ??
      this.#noSession(node, name, peer, evidence) ??
      this.#notAllowed(peer.node, peer.interface, source, evidence) ??
      this.#underlay(node, name, peer, evidence)
    );
  }

  notRouted({ node, interface: name = "", packets }: Loss): Culprit {
    const { to, destination, probe } = this.#flow;
    const isEnd = node === to;
    const evidence = [
      `${packets} came in at ${node} by ${name}; the kernel ${isEnd ? "does not take" : "neither takes nor forwards"} them`,
    ];
    const seen = this.#scene.evidence.get(node);
    const sysctl = (key: string): string | undefined => seen?.after.sysctls.get(key);
    const key = probe.family === 4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
    if (!isEnd && sysctl(key) === "0") {
      const line = `net.${key.replaceAll("/", ".")} = 0`;
      return {
        code: "forwarding-off",
        node,
        message: "forwarding is switched off",
        evidence: [...evidence, line],
      };
    }
    const filtered = seen === undefined ? 0 : grownBy(seen.before, seen.after, "TcpExtIPReversePathFilter");
    const filters = ["all", name].map(
      (each) => `net.ipv4.conf.${each}.rp_filter = ${sysctl(`ipv4/conf/${each}/rp_filter`)}`,
    );
    if (probe.family === 4 && filtered * 2 >= packets) {
      const counter = `TcpExtIPReversePathFilter grew by ${filtered}`;
      return {
        code: "rp-filter",
        node,
        message: `rp_filter drops what comes in by ${name}`,
        evidence: [...evidence, counter, ...filters],
      };
    }
    const firewall = this.#firewall(node, ["reverse-path-drop", "invalid-drop", "icmp-drop"], packets);
    if (firewall !== undefined) return { ...firewall, evidence: [...evidence, ...firewall.evidence] };
    const route = this.#route(node);
    const rest = [...evidence, ...route, ...said(this.#scene, node, ["address-taken", "route-taken"])];
    if (isEnd) return { code: "address", node, message: `it does not hold ${destination}`, evidence: rest };
    return { code: "route", node, message: "it has no route for them", evidence: rest };
  }

  notPassed({ node, packets }: Loss): Culprit {
    const evidence = [`the kernel of ${node} forwards ${packets}, none of them leaves`];
    const firewall = this.#firewall(node, ["invalid-drop", "forward-drop"], packets);
    if (firewall !== undefined) return { ...firewall, evidence: [...evidence, ...firewall.evidence] };
    return {
      code: "firewall",
      node,
      message: "something in its forward or postrouting chains drops them",
      evidence,
    };
  }

  taken({ node, packets }: Loss): Culprit {
    const evidence = [
      `${packets} came to ${node}, which takes them for its own`,
      ...said(this.#scene, node, ["address-taken"]),
    ];
    return { code: "address", node, message: `it holds ${this.#flow.destination}`, evidence };
  }

  /** A tunnel interface that is not there, or down. */
  #broken(node: string, name: string): Culprit | undefined {
    const links = this.#scene.evidence.get(node)?.after.links;
    const link = links?.get(name);
    if (links === undefined || link?.up === true) return undefined;
    const state = link === undefined ? "is not there" : "is down";
    return {
      code: "interface",
      node,
      message: `its ${name} ${state}`,
      evidence: [`ip link at ${node}: ${name} ${state}`],
    };
  }

  #notAllowed(node: string, name: string, address: string, evidence: readonly string[]): Culprit | undefined {
    const seen = this.#scene.evidence.get(node);
    const now = seen?.after.wireguard.get(name)?.allowedIps;
    const planned = interfaceOf(this.#scene.states.get(node), name)?.peer.allowedIps ?? [];
    const host = planned.find((prefix) => prefix.split("/")[0] === address);
    if (now === undefined || host === undefined || now.includes(host)) return undefined;
    const errors = seen!.after.links.get(name)!.rxErrors - (seen!.before.links.get(name)?.rxErrors ?? 0);
    const told = [`wg show ${name} allowed-ips at ${node}: ${now.join(" ") || "none"}; the plan has ${host}`];
    if (errors > 0) told.push(`ip -s link at ${node}: ${name} ${errors} more rx errors`);
    told.push(...this.#complaints("key not available"));
    return {
      code: "allowed-ips",
      node,
      message: `the allowed IPs of its ${name} lack ${host}`,
      evidence: [...evidence, ...told],
    };
  }

  #noSession(
    node: string,
    name: string,
    peer: NonNullable<Loss["peer"]>,
    evidence: readonly string[],
  ): Culprit | undefined {
    const told: string[] = [];
    for (const end of [{ node, interface: name }, peer]) {
      const after = this.#scene.evidence.get(end.node)?.after;
      const handshake = after?.wireguard.get(end.interface)?.handshake;
      if (after === undefined) continue;
      if (handshake === undefined) told.push(`wg show ${end.interface} at ${end.node}: no peer`);
      else if (handshake === 0) told.push(`wg show ${end.interface} at ${end.node}: never a handshake`);
      else if (after.now - handshake > SESSION_S)
        told.push(`wg show ${end.interface} at ${end.node}: latest handshake ${after.now - handshake} s ago`);
    }
    if (told.length === 0) return undefined;
    const nodes = [node, peer.node];
    const blocked = nodes.flatMap((each) => said(this.#scene, each, ["input-drop"]));
    const others = nodes.flatMap((each) =>
      said(this.#scene, each, [
        "no-handshake",
        "port-taken",
        "endpoint-unresolved",
        "endpoint-unroutable",
        "interface-taken",
      ]),
    );
    const tunnel = interfaceOf(this.#scene.states.get(node), name)?.tunnel ?? name;
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

  #underlay(
    node: string,
    name: string,
    peer: NonNullable<Loss["peer"]>,
    evidence: readonly string[],
  ): Culprit {
    const grown = (at: string, which: string, what: "sent" | "received"): number => {
      const seen = this.#scene.evidence.get(at);
      const [now, was] = [seen?.after, seen?.before].map((each) => each?.wireguard.get(which)?.[what] ?? 0);
      return now! - was!;
    };
    const sent = grown(node, name, "sent");
    const received = grown(peer.node, peer.interface, "received");
    const told = [
      `wg show transfer: ${node}'s ${name} sent ${sent} bytes, ${peer.node}'s ${peer.interface} received ${received}`,
      ...said(this.#scene, node, ["endpoint-unroutable", "forwarder-bypassed"]),
    ];
    const blocked = said(this.#scene, peer.node, ["input-drop"]);
    const all = [...evidence, ...told, ...blocked];
    const drops = this.#scene.evidence.get(peer.node);
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

  /** A rule that counted at least so many, or the doctor's word on one. */
  #firewall(node: string, codes: readonly FindingCode[], packets: number): Culprit | undefined {
    const seen = this.#scene.evidence.get(node);
    const counted =
      seen === undefined ? [] : grownDrops(seen.before, seen.after).filter((each) => each.packets >= packets);
    const findings = (this.#scene.findings.get(node) ?? []).filter(({ code }) => codes.includes(code));
    if (counted.length === 0 && findings.length === 0) return undefined;
    const evidence = [
      ...counted.map((each) => `nft at ${node}: ${each.rule} (${each.packets} packets)`),
      ...findings.map(toldBy),
    ];
    const invalid = (seen?.after.invalid ?? 0) - (seen?.before.invalid ?? 0);
    const isInvalid =
      counted[0] === undefined ? findings[0]?.code === "invalid-drop" : /\binvalid\b/i.test(counted[0].rule);
    if (!isInvalid) {
      const reverse = findings[0]?.code === "reverse-path-drop" && counted.length === 0;
      const message = reverse ? "a firewall filters the reverse path" : "a firewall drops them";
      return { code: "firewall", node, message, evidence };
    }
    if (invalid > 0) evidence.push(`conntrack -S at ${node}: ${invalid} more invalid`);
    const message =
      "conntrack sees one direction only and finds its packets INVALID, and a firewall drops those";
    return { code: "conntrack-invalid", node, message, evidence };
  }

  #route(node: string): string[] {
    const line = this.#scene.routeAt(node, this.#flow);
    return line === undefined ? [] : [`ip route get at ${node}: ${line}`];
  }

  #complaints(text: string): string[] {
    const { complaints = [] } = this.#scene.ping(this.#flow) ?? {};
    return complaints
      .filter((line) => line.includes(text))
      .map((line) => `ping at ${this.#flow.probe.from}: ${line}`);
  }
}

function whereLost({ loss, flow }: Seen): string {
  if (loss === undefined) return `none came to ${flow.to}`;
  if (loss.stage === "origin") return `none leaves ${loss.node}`;
  if (loss.stage !== "link") return `${loss.packets} came in at ${loss.node}, none left`;
  const to = loss.peer === undefined ? "" : ` at ${loss.peer.node}`;
  return `${loss.packets} left ${loss.node} by ${loss.interface}, none came out${to}`;
}

const interfaceOf = (state: NodeState | undefined, name: string | undefined): TunnelInterface | undefined =>
  state?.interfaces.find((each) => each.name === name);

const nextInterface = (state: NodeState | undefined, { destination }: Flow): string | undefined =>
  state?.routes.find(({ prefix, table }) => table === "main" && prefix.split("/")[0] === destination)
    ?.interface;

const said = (scene: Scene, node: string, codes: readonly FindingCode[]): string[] =>
  (scene.findings.get(node) ?? []).filter(({ code }) => codes.includes(code)).map(toldBy);

const toldBy = ({ node, code, evidence }: Finding): string => `doctor at ${node}: ${evidence} [${code}]`;
