// Why packets did something else than the plan says: the likeliest cause that the evidence allows, and the evidence.
import { Clues } from "./clues.ts";
import { deviationOf, type Deviation, type PlannedPath } from "./compare.ts";
import { grownBy } from "./evidence.ts";
import { onTheLink } from "./link-culprit.ts";
import { nextInterface, said, type Culprit, type Scene } from "./scene.ts";
import type { Loss, Rewrite, Seen } from "./seen.ts";

/** Undefined: nothing is wrong. */
export function culpritOf(seen: Seen, planned: PlannedPath, scene: Scene): Culprit | undefined {
  const deviation = deviationOf(planned, seen);
  const { flow, loss, rewrite } = seen;
  // A path that is right as far as it goes ends where the loss is.
  const strays = deviation !== undefined && !(loss?.stage === "origin" && deviation.node === loss.node);
  const clues = new Clues(flow, planned, scene);
  if (rewrite !== undefined) return rewritten(clues, rewrite);
  if (strays) return strayed(clues, deviation);
  if (loss === undefined) return undefined;
  if (loss.stage === "origin") return unsent(clues, loss);
  if (loss.stage === "link") return onTheLink(clues, loss);
  if (loss.stage === "route") return notRouted(clues, loss);
  if (loss.stage === "firewall") return notPassed(clues, loss);
  return taken(clues, loss);
}

function rewritten(clues: Clues, { node, interface: name, source }: Rewrite): Culprit {
  const { source: wanted, from } = clues.flow;
  const evidence = [`packets leave ${node} by ${name} with source ${source}, not ${wanted}`];
  if (node === from) evidence.push(...clues.route(node));
  evidence.push(...said(clues.scene, node, ["rewrites-source"]));
  const why =
    node === from ? "its packets carry a source that the plan does not know" : "it rewrites the source";
  return { code: "source-address", node, message: why, evidence };
}

function strayed(clues: Clues, { node, interface: name, hop }: Deviation): Culprit {
  const wanted = clues.planned.tunnels[hop];
  const state = clues.scene.states.get(node);
  const planned = state?.interfaces.find(({ tunnel }) => tunnel === wanted)?.name;
  const broken = planned === undefined ? undefined : clues.broken(node, planned);
  if (broken !== undefined) return broken;
  const by = name === undefined ? "another way" : `by ${name}`;
  const evidence = [
    `packets leave ${node} ${by}; the plan has ${planned ?? "another node"}`,
    ...clues.route(node),
    ...said(clues.scene, node, ["route-taken", "rule-taken", "table-taken"]),
  ];
  return { code: "route", node, message: "its route is not the plan's", evidence };
}

function unsent(clues: Clues, { node }: Loss): Culprit {
  const { kind, probe } = clues.flow;
  const planned = nextInterface(clues.scene.states.get(node), clues.flow);
  const broken = planned === undefined ? undefined : clues.broken(node, planned);
  if (broken !== undefined) return broken;
  const route = clues.route(node);
  const complaints = (kind === "request" ? (clues.scene.ping(clues.flow)?.complaints ?? []) : []).map(
    (line) => `ping at ${node}: ${line}`,
  );
  const evidence = [`nothing leaves ${node}`, ...complaints];
  const firewall = clues.firewall(node, ["icmp-drop", "rewrites-source"], 1);
  if (firewall !== undefined) return { ...firewall, evidence: [...evidence, ...firewall.evidence] };
  const settings = clues.scene.evidence.get(node)?.after.sysctls;
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
  if (noRoute) return { code: "route", node, message: "it has no route", evidence: [...evidence, ...route] };
  return {
    code: "unknown",
    node,
    message: "its packets do not leave it",
    evidence: [...evidence, ...route],
  };
}

function notRouted(clues: Clues, { node, interface: name = "", packets }: Loss): Culprit {
  const { to, destination, probe } = clues.flow;
  const isEnd = node === to;
  const evidence = [
    `${packets} came in at ${node} by ${name}; the kernel ${isEnd ? "does not take" : "neither takes nor forwards"} them`,
  ];
  const seen = clues.scene.evidence.get(node);
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
  const firewall = clues.firewall(node, ["reverse-path-drop", "invalid-drop", "icmp-drop"], packets);
  if (firewall !== undefined) return { ...firewall, evidence: [...evidence, ...firewall.evidence] };
  const route = clues.route(node);
  const rest = [...evidence, ...route, ...said(clues.scene, node, ["address-taken", "route-taken"])];
  if (isEnd) return { code: "address", node, message: `it does not hold ${destination}`, evidence: rest };
  return { code: "route", node, message: "it has no route for them", evidence: rest };
}

function notPassed(clues: Clues, { node, packets }: Loss): Culprit {
  const evidence = [`the kernel of ${node} forwards ${packets}, none of them leaves`];
  const firewall = clues.firewall(node, ["invalid-drop", "forward-drop"], packets);
  if (firewall !== undefined) return { ...firewall, evidence: [...evidence, ...firewall.evidence] };
  return {
    code: "firewall",
    node,
    message: "something in its forward or postrouting chains drops them",
    evidence,
  };
}

function taken(clues: Clues, { node, packets }: Loss): Culprit {
  const evidence = [
    `${packets} came to ${node}, which takes them for its own`,
    ...said(clues.scene, node, ["address-taken"]),
  ];
  return { code: "address", node, message: `it holds ${clues.flow.destination}`, evidence };
}
