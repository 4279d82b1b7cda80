// Spec and lock to Topology: who dials whom, where, and with what MTU.
import type { Lock, LockedInterface } from "./lock.ts";
import { DEFAULT_MTU, type ForwarderSpec, type LeavesSpec, type NodeSpec, type Spec } from "./spec.ts";
import type { Endpoint, Forwarder, Leaves, Node, Topology, Tunnel, TunnelEnd } from "./topology.ts";
import { endKey, tunnelId, type Over, type WantedTunnel } from "./tunnels.ts";
import { dialledOver, uplinkOf } from "./uplinks.ts";

/** PersistentKeepalive of a dialler behind NAT or through a forwarder: below the 30 s after which UDP state may go. */
const KEEPALIVE_S = 25;

/** What stands for the public key of a node whose key was not made yet, so that plans can be looked at before. */
const unmadeKey = (node: string): string => `(${node}'s key is not made yet)`;

/** The topology of a valid spec; `lock` must come from `allocate` with the same spec and tunnels. */
export function resolve(spec: Spec, wanted: readonly WantedTunnel[], lock: Lock): Topology {
  const specs = new Map(spec.nodes.map((node) => [node.name, node]));
  const nodes = spec.nodes.map((node): Node => {
    const { addresses, publicKey } = lock.nodes.get(node.name)!;
    return {
      name: node.name,
      addresses,
      prefixes: node.prefixes.map((prefix) => prefix.value),
      publicKey: publicKey ?? unmadeKey(node.name),
      ...(node.endpoint === undefined ? {} : { endpoint: node.endpoint.host }),
      ...(node.leaves && { leaves: leavesOf(node.leaves) }),
    };
  });
  const forwarders = spec.forwarders.map((forwarder): Forwarder => {
    const port =
      lock.nodes.get(forwarder.to.value)!.interfaces.get(forwarder.name)?.port ?? forwarder.toPort?.value;
    const { name, to, on } = forwarder;
    const base = {
      name,
      listen: listenOf(forwarder, specs, lock),
      ...(on && { on: on.value }),
      to: to.value,
    };
    return port === undefined ? base : { ...base, toPort: port };
  });
  const tunnels = wanted.map((tunnel): Tunnel => {
    const [a, b] = [specs.get(tunnel.a)!, specs.get(tunnel.b)!];
    const forwarder = forwarders.find((each) => each.name === tunnel.forwarder);
    const mtuOf = (node: NodeSpec): number =>
      uplinkOf(node, tunnel.uplink)?.mtu?.value ?? node.mtu ?? spec.mtu ?? DEFAULT_MTU;
    return {
      id: tunnelId(tunnel),
      ends: [end(lock, a, b, tunnel, forwarder), end(lock, b, a, tunnel, forwarder)],
      ...(forwarder && { forwarder: forwarder.name }),
      ...(tunnel.uplink !== undefined && { uplink: tunnel.uplink }),
      mtu: Math.min(mtuOf(a), mtuOf(b)),
    };
  });
  return { overlays: spec.overlays.map(({ value }) => value), nodes, tunnels, forwarders };
}

/** Of our own: a port of the node that it is on, where others dial that node. */
function listenOf(forwarder: ForwarderSpec, specs: ReadonlyMap<string, NodeSpec>, lock: Lock): Endpoint {
  if (forwarder.on === undefined) return { host: forwarder.listen.host, port: forwarder.listen.port };
  const on = forwarder.on.value;
  return { host: specs.get(on)!.endpoint!.host, port: lock.nodes.get(on)!.forwards!.get(forwarder.name)! };
}

const leavesOf = ({ via, except, killSwitch, dns }: LeavesSpec): Leaves => ({
  via: via.value,
  except: except.map(({ value }) => value),
  killSwitch,
  dns: dns.map(({ value }) => value),
});

function end(
  lock: Lock,
  own: NodeSpec,
  peer: NodeSpec,
  over: Over,
  forwarder: Forwarder | undefined,
): TunnelEnd {
  const { name, port } = lockedInterface(lock, own.name, endKey(peer.name, over));
  const table = uplinkOf(own, over.uplink)?.table?.value;
  const base = { node: own.name, interface: name, port, ...(table !== undefined && { table }) };
  const endpoint = dialled(lock, own, peer, over, forwarder);
  if (endpoint === undefined) return base;
  // Where the other end does not know where this one is, only this one can keep the tunnel alive.
  const needsKeepalive = dialled(lock, peer, own, over, forwarder) === undefined;
  return { ...base, endpoint, ...(needsKeepalive ? { keepaliveS: KEEPALIVE_S } : {}) };
}

/** Over a forwarder only its dialler knows an endpoint: the other end must learn it, or it would bypass the forwarder. */
function dialled(
  lock: Lock,
  own: NodeSpec,
  peer: NodeSpec,
  over: Over,
  forwarder: Forwarder | undefined,
): Endpoint | undefined {
  if (forwarder !== undefined) return forwarder.to === peer.name ? forwarder.listen : undefined;
  const host = over.uplink === undefined ? peer.endpoint?.host : dialledOver(own, peer, over.uplink);
  if (host === undefined) return undefined;
  return { host, port: lockedInterface(lock, peer.name, endKey(own.name, over)).port };
}

const lockedInterface = (lock: Lock, node: string, towards: string): LockedInterface =>
  lock.nodes.get(node)!.interfaces.get(towards)!;
