// Uplinks: where a node is dialled over one, and which end of a tunnel dials.
import { familyOf, parseAddress, type Family } from "./address.ts";
import type { NodeSpec, UplinkSpec } from "./spec.ts";

type Multihomed = Pick<NodeSpec, "uplinks">;
type Dialled = Pick<NodeSpec, "name" | "endpoint" | "uplinks">;

export const uplinkOf = ({ uplinks }: Multihomed, name: string | undefined): UplinkSpec | undefined =>
  name === undefined ? undefined : uplinks?.find((each) => each.name === name);

/** The names of all uplinks of two nodes, sorted. Most have none, and a mesh has many pairs. */
export const uplinkNames = (a: Multihomed, b: Multihomed): readonly string[] =>
  a.uplinks === undefined && b.uplinks === undefined
    ? NONE
    : [...new Set([...(a.uplinks ?? []), ...(b.uplinks ?? [])].map(({ name }) => name))].sort();
const NONE: readonly string[] = [];

/** Where others dial a node over an uplink: there if it has one of that name, else at its `endpoint`. */
function placeOf(node: Dialled, uplink?: string): string | undefined {
  const own = uplinkOf(node, uplink);
  return own === undefined ? node.endpoint?.host : own.endpoint?.value;
}

/** Whether a tunnel between two nodes over an uplink, or over none, can come up: one of them must be dialled. */
export const canDial = (a: Dialled, b: Dialled, uplink?: string): boolean =>
  placeOf(a, uplink) !== undefined || placeOf(b, uplink) !== undefined;

/**
 * Where `own` dials `peer` over an uplink. An end whose packets could leave by another way must not speak first: WireGuard's
 * roaming would follow it there, and the tunnel would fall off its uplink. Such an end answers from where it was reached.
 */
export function dialledOver(own: Dialled, peer: Dialled, uplink: string): string | undefined {
  const [there, back] = [placeOf(peer, uplink), placeOf(own, uplink)];
  if (there === undefined || keepsTo(own, uplink, there)) return there;
  // Somebody has to.
  const others = back !== undefined && (keepsTo(peer, uplink, back) || peer.name < own.name);
  return others ? undefined : there;
}

/** Whether what a node sends to a host leaves by its uplink: by its table, or because no other of its addresses has the family. */
function keepsTo(node: Dialled, uplink: string, host: string): boolean {
  const own = uplinkOf(node, uplink);
  if (own === undefined || own.table !== undefined) return true;
  const family = familyOfHost(own.endpoint?.value);
  const others = (node.uplinks ?? []).filter((each) => each !== own && each.table === undefined);
  return (
    family !== undefined &&
    family === familyOfHost(host) &&
    [node.endpoint?.host, ...others.map(({ endpoint }) => endpoint?.value)].every(
      (other) => other === undefined || (familyOfHost(other) ?? family) !== family,
    )
  );
}

/** Undefined of a name, which may have either. */
export function familyOfHost(host: string | undefined): Family | undefined {
  const address = host === undefined ? undefined : parseAddress(host);
  return address === undefined ? undefined : familyOf(address);
}
