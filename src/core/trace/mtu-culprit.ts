// Full packets that die where small ones pass: whose MTU is too small.
import type { PlannedPath } from "./compare.ts";
import { HEADERS } from "./probe.ts";
import { said, type Culprit, type Scene } from "./scene.ts";
import type { Seen } from "./seen.ts";

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

function whereLost({ loss, flow }: Seen): string {
  if (loss === undefined) return `none came to ${flow.to}`;
  if (loss.stage === "origin") return `none leaves ${loss.node}`;
  if (loss.stage !== "link") return `${loss.packets} came in at ${loss.node}, none left`;
  const to = loss.peer === undefined ? "" : ` at ${loss.peer.node}`;
  return `${loss.packets} left ${loss.node} by ${loss.interface}, none came out${to}`;
}
