// Addresses, listen ports and interface names: as the file says, else as the lock says, else the first that is free.
import {
  compareAddresses,
  contains,
  familyOf,
  format,
  valueOf,
  type Address,
  type Family,
} from "./address.ts";
import { interfaceName } from "./interface-name.ts";
import { EMPTY_LOCK, type Lock, type LockedInterface, type LockedNode } from "./lock.ts";
import { usableRange } from "./overlay.ts";
import { DEFAULT_PORT, type NodeSpec, type OwnForwarderSpec, type Spec } from "./spec.ts";
import { endKey, nameOver, type Over, type WantedTunnel } from "./tunnels.ts";

/** A lock that holds every node and tunnel end of the file and nothing else. Adding a node renumbers no other. */
export function allocate(spec: Spec, tunnels: readonly WantedTunnel[], previous: Lock = EMPTY_LOCK): Lock {
  const addresses = allocateAddresses(spec, previous);
  const towards = endsByNode(spec, tunnels);
  const fixedForwards = new Map(
    spec.forwarders.flatMap((forwarder) =>
      forwarder.toPort === undefined
        ? []
        : [[`${forwarder.to.value}/${forwarder.name}`, forwarder.toPort.value]],
    ),
  );
  const nodes = spec.nodes.map((node): [string, LockedNode] => {
    const locked = previous.nodes.get(node.name);
    const basePort = node.endpoint?.port ?? DEFAULT_PORT;
    const ends = towards.get(node.name)!;
    const names = allocateNames(node, ends, locked);
    const own = spec.forwarders.filter((each): each is OwnForwarderSpec => each.on?.value === node.name);
    const ports = allocatePorts(node, ends, own, basePort, fixedForwards, locked);
    const publicKey = node.publicKey?.value ?? locked?.publicKey;
    const interfaces = new Map(
      ends.map((end): [string, LockedInterface] => [
        end.key,
        { name: names.get(end.key)!, port: ports.get(end.key)! },
      ]),
    );
    const renewsKey = node.makesItsKey === true && locked?.renewsKey === true;
    const forwards = new Map(own.map(({ name }) => [name, ports.get(name)!]));
    const rest = {
      ...(forwards.size === 0 ? {} : { forwards }),
      ...(publicKey === undefined ? {} : { publicKey }),
      ...(renewsKey ? { renewsKey } : {}),
    };
    return [node.name, { addresses: addresses.get(node.name)!, basePort, interfaces, ...rest }];
  });
  return { ...previous, nodes: new Map(nodes) };
}

/** One end of a wanted tunnel, seen from its node. */
interface End {
  /** Unique at the node: `endKey`. */
  readonly key: string;
  readonly peer: string;
  readonly over: Over;
}

function endsByNode(spec: Spec, tunnels: readonly WantedTunnel[]): Map<string, End[]> {
  const ends = new Map<string, End[]>(spec.nodes.map((node) => [node.name, []]));
  for (const { a, b, ...over } of tunnels) {
    for (const [node, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      ends.get(node)!.push({ key: endKey(peer, over), peer, over });
    }
  }
  return ends;
}

function allocateAddresses(spec: Spec, previous: Lock): Map<string, Address[]> {
  const families = ([4, 6] as const).filter((family) =>
    spec.overlays.some((overlay) => familyOf(overlay.value) === family),
  );
  const given = new Map<string, Address[]>();
  const taken = new Set(spec.nodes.flatMap((node) => node.addresses.map((address) => address.value)));
  for (const node of spec.nodes) {
    const fixed = node.addresses.map((address) => address.value);
    const kept = (previous.nodes.get(node.name)?.addresses ?? []).filter(
      (address) =>
        !fixed.some((other) => familyOf(other) === familyOf(address)) &&
        !taken.has(address) &&
        spec.overlays.some((overlay) => isUsable(overlay.value, address)),
    );
    for (const address of kept) taken.add(address);
    given.set(node.name, [...fixed, ...kept]);
  }
  const free = new Map(families.map((family) => [family, freeAddresses(spec, family, taken)]));
  for (const node of spec.nodes) {
    const own = given.get(node.name)!;
    for (const family of families) {
      if (own.some((address) => familyOf(address) === family)) continue;
      const next = free.get(family)!.next();
      if (next.done === true) throw new Error(`overlay too small for ${node.name}: validated before`);
      own.push(next.value);
    }
    own.sort(compareAddresses);
  }
  return given;
}

function isUsable(overlay: Parameters<typeof usableRange>[0], address: Address): boolean {
  if (!contains(overlay, address)) return false;
  const { first, last } = usableRange(overlay);
  const value = valueOf(address);
  return first <= value && value <= last;
}

function* freeAddresses(
  spec: Spec,
  family: Family,
  taken: ReadonlySet<Address>,
): Generator<Address, undefined> {
  for (const overlay of spec.overlays) {
    if (familyOf(overlay.value) !== family) continue;
    const { first, last } = usableRange(overlay.value);
    for (let value = first; value <= last; value++) {
      const address = format(family, value);
      if (!taken.has(address)) yield address;
    }
  }
  return undefined;
}

function allocateNames(
  node: NodeSpec,
  ends: readonly End[],
  locked: LockedNode | undefined,
): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  const take = (key: string, name: string | undefined): void => {
    if (name === undefined || names.has(key) || taken.has(name)) return;
    names.set(key, name);
    taken.add(name);
  };
  for (const end of ends) take(end.key, fixedInterface(node, end)?.name?.value);
  for (const end of ends) take(end.key, locked?.interfaces.get(end.key)?.name);
  for (const end of ends) take(end.key, interfaceName(end.peer, nameOver(end.over), taken));
  return names;
}

/** Of its tunnels, and of what it forwards itself: a forwarder that is on a node is no end of a tunnel of its. */
function allocatePorts(
  node: NodeSpec,
  ends: readonly End[],
  own: readonly OwnForwarderSpec[],
  basePort: number,
  fixedForwards: ReadonlyMap<string, number>,
  locked: LockedNode | undefined,
): Map<string, number> {
  const ports = new Map<string, number>();
  const taken = new Set<number>();
  const take = (key: string, port: number | undefined): void => {
    if (port === undefined || ports.has(key) || taken.has(port)) return;
    ports.set(key, port);
    taken.add(port);
  };
  for (const end of ends) {
    take(end.key, fixedForwards.get(`${node.name}/${end.key}`) ?? fixedInterface(node, end)?.port?.value);
  }
  for (const { name, port } of own) take(name, port?.value);
  const kept = locked?.basePort === basePort ? locked : undefined;
  for (const end of ends) take(end.key, kept?.interfaces.get(end.key)?.port);
  for (const { name } of own) take(name, kept?.forwards?.get(name));
  let next = basePort;
  for (const key of [...ends.map((end) => end.key), ...own.map(({ name }) => name)]) {
    while (taken.has(next)) next++;
    take(key, next);
  }
  return ports;
}

const fixedInterface = (node: NodeSpec, end: End): NodeSpec["interfaces"][number] | undefined =>
  node.interfaces.find((each) => each.towards === end.key);
