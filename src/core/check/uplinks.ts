// Uplinks: a tunnel's own packets leave by the one that the file says, or not at all, and it is dialled where it has its address.
import { familyOf, parseAddress, type Family } from "../address.ts";
import type { NodeState, TunnelInterface } from "../node-state.ts";
import type { NodeSpec, Spec, UplinkSpec } from "../spec.ts";
import type { Findings } from "./findings.ts";
import { lookup } from "./lookup.ts";
import { buildMachines, type Machine } from "./machine.ts";
import { hostOf } from "./prefix-map.ts";

/** Reports each interface whose packets go elsewhere, at the uplink or the node. */
export function judgeUplinks(spec: Spec, states: readonly NodeState[], findings: Findings): void {
  const uplinks = spec.nodes.flatMap((node) => node.uplinks ?? []);
  if (uplinks.length === 0) return;
  const nodes = new Map(spec.nodes.map((node) => [node.name, node]));
  // With all of a machine's tables, and with those of its uplinks empty, as when they are down.
  const [up, down] = [true, false].map((isUp) => {
    const tables = isUp ? uplinks.flatMap(({ table }) => (table ? [table.value] : [])) : [];
    return buildMachines(states, { defaultRoute: true, uplinkTables: tables }, spec);
  });
  for (const [index, { node: name, interfaces }] of states.entries()) {
    const node = nodes.get(name);
    if (node === undefined) continue;
    for (const each of interfaces) {
      const own = named(node, each.peer.uplink);
      const fault =
        dialFault(each, nodes.get(each.peer.node)) ??
        wayFault(up![index]!, each, own, "up") ??
        (own?.table && wayFault(down![index]!, each, own, "down"));
      if (fault === undefined) continue;
      const message = `at ${name}, by ${each.name}: ${fault}`;
      findings.add({ code: "wrong-uplink", severity: "error", at: own?.at ?? node.at, node: name, message });
    }
  }
}

const named = ({ uplinks }: NodeSpec, name: string | undefined): UplinkSpec | undefined =>
  uplinks?.find((each) => each.name === name);

/** Whether it dials an address that the peer does not have over the uplink. */
function dialFault({ peer }: TunnelInterface, node: NodeSpec | undefined): string | undefined {
  if (peer.forwarder !== undefined || peer.endpoint === undefined || node === undefined) return undefined;
  const uplink = named(node, peer.uplink);
  const host = uplink === undefined ? node.endpoint?.host : uplink.endpoint?.value;
  if (peer.endpoint.host === host) return undefined;
  const over = peer.uplink === undefined ? "" : ` over ${peer.uplink}`;
  return `it dials ${peer.endpoint.host}, and ${peer.node} is ${host === undefined ? "not dialled" : `at ${host}`}${over}`;
}

/** Documentation space stands for the internet (RFC 5737, RFC 3849) where the address is not known. */
const ANYWHERE: Readonly<Record<Family, string>> = { 4: "192.0.2.1", 6: "2001:db8::1" };

/** Whether its own packets leave by another way than the uplink; while that is down, whether they leave at all. */
function wayFault(
  machine: Machine,
  { fwmark, peer }: TunnelInterface,
  own: UplinkSpec | undefined,
  is: "up" | "down",
): string | undefined {
  const table = own?.table?.value;
  const host = peer.endpoint?.host ?? own?.endpoint?.value;
  const address = parseAddress(host ?? "");
  const families = address !== undefined ? [familyOf(address)] : host === undefined ? [] : ([4, 6] as const);
  for (const family of families) {
    const to = hostOf((peer.endpoint && address) ?? parseAddress(ANYWHERE[family])!);
    const found = lookup(machine, "lo", undefined, to, fwmark);
    if (is === "down") {
      if (found !== undefined) return "its own packets leave another way while its uplink is down";
    } else if (found?.kind !== "uplink" || found.table !== table) {
      const where = found?.kind === "uplink" ? `leave by table ${found.table ?? "main"}` : "do not leave";
      return `its own packets ${where}, and should by table ${table ?? "main"}`;
    }
  }
  return undefined;
}
