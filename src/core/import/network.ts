// The tofro.yaml that machines' files amount to: nodes, tunnels with their names and ports, and a line for each way.
import { stringify } from "yaml";
import { familyOf, format, valueOf, type Address, type Family } from "../address.ts";
import type { Secrets } from "../secrets.ts";
import { DEFAULT_MTU, type Located } from "../spec.ts";
import type { Tunnel } from "../topology.ts";
import { identityOf, type Machine } from "./machine.ts";
import type { End, Match, Matched } from "./match.ts";
import type { Direction } from "./walk.ts";

export interface Imported {
  readonly text: string;
  /** What the files say and the network does not. */
  readonly left: readonly string[];
  /** By match: the two nodes, and the forwarder that is between them. */
  readonly tunnels: ReadonlyMap<Match, readonly [string, string, string | undefined]>;
}

export function networkFrom(
  machines: readonly Machine[],
  { matches, learnt }: Matched,
  directions: readonly Direction[],
): Imported {
  const left: string[] = [];
  const tunnels = new Map<Match, readonly [string, string, string | undefined]>();
  const forwarders = new Map<string, { listen: string; to: string }>();
  const known = new Set<string>();
  for (const match of matches) {
    const [x, y] = match.ends;
    if (x.peer.isPresharedKeyHidden && y.peer.isPresharedKeyHidden)
      left.push(`the preshared key of ${x.machine.name} and ${y.machine.name}, which no file shows`);
    const forwarder = forwarderOf(match);
    const name = forwarder && `forwarder${forwarders.size + 1}`;
    const key = [x.machine.name, y.machine.name].sort().join(" ");
    if (known.has(key) && name === undefined) {
      left.push(`a second tunnel between ${x.machine.name} and ${y.machine.name} (${x.file.path})`);
      continue;
    }
    if (name === undefined) known.add(key);
    else
      forwarders.set(name, {
        listen: hostPort(forwarder!.dialler.peer.endpoint!.value),
        to: listenerText(forwarder!.listener),
      });
    tunnels.set(match, [x.machine.name, y.machine.name, name]);
  }
  const lines = linesOf(tunnels, directions, left);
  const nodes = Object.fromEntries(
    machines.map((machine) => [machine.name, nodeOf(machine, tunnels, lines.used)]),
  );
  for (const { machine, peer, file } of learnt) {
    const { value, at } = peer.endpoint!;
    left.push(
      `${machine.name}: the endpoint ${hostPort(value)} of ${file.name}, learnt from packets (${at.file}:${at.line})`,
    );
  }
  for (const { name, files, others, differences } of machines) {
    const own = new Set(files.flatMap(({ publicKey }) => publicKey?.value ?? []));
    const kept = keptKeyOf(files);
    if (kept !== undefined)
      left.push(
        `${name}: its private key, which no file shows (${kept.at.file}:${kept.at.line}): put it into /etc/tofro/private.key there, or save \`wg show all dump\``,
      );
    if (own.size > 1) left.push(`${name}: ${own.size - 1} of its ${own.size} private keys: a node has one`);
    for (const { value, at } of others) left.push(`${name}: \`${value}\` (${at.file}:${at.line})`);
    for (const { at, message, liveAt } of differences)
      left.push(`${name}: what ${at.file}:${at.line} says: ${message} (${liveAt.file}:${liveAt.line})`);
  }
  const document = {
    overlay: overlaysOf(machines),
    nodes,
    ...(forwarders.size > 0 && { forwarders: Object.fromEntries(forwarders) }),
    paths: lines.lines,
  };
  return { text: stringify(document, { lineWidth: 0, flowCollectionPadding: true }), left, tunnels };
}

const hostPort = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

const listenerText = ({ machine, file }: End): string =>
  file.listenPort === undefined ? machine.name : `${machine.name}:${file.listenPort.value}`;

/** A tunnel that is dialled at another port than the one where its peer listens: something forwards it. */
function forwarderOf({ ends }: Match): { readonly dialler: End; readonly listener: End } | undefined {
  for (const [dialler, listener] of [ends, [ends[1], ends[0]]] as const) {
    const port = dialler.peer.endpoint?.value.port;
    const listens = listener.file.listenPort?.value;
    if (port !== undefined && listens !== undefined && port !== listens) return { dialler, listener };
  }
  return undefined;
}

function nodeOf(machine: Machine, tunnels: Imported["tunnels"], used: ReadonlySet<Match>): unknown {
  const dialled = new Map<string, number>();
  const interfaces: Record<string, { name: string; port?: number }> = {};
  let mtu: number | undefined;
  for (const [match, [, , forwarder]] of tunnels) {
    for (const [own, other] of [match.ends, [match.ends[1], match.ends[0]]] as const) {
      if (own.machine !== machine || !used.has(match)) continue;
      const port = own.file.listenPort?.value;
      interfaces[forwarder ?? other.machine.name] = {
        name: own.file.name,
        ...(port !== undefined && port > 0 && { port }),
      };
      const endpoint = other.peer.endpoint?.value;
      if (endpoint !== undefined && forwarder === undefined)
        dialled.set(endpoint.host, Math.min(dialled.get(endpoint.host) ?? Infinity, endpoint.port));
      if (own.file.mtu !== undefined) mtu = Math.min(mtu ?? Infinity, own.file.mtu.value);
    }
  }
  const addresses = identityOf(machine).map(({ address }) => address);
  const [endpoint] = [...dialled].sort(([, x], [, y]) => x - y);
  const publicKey = keptKeyOf(machine.files)?.value;
  return {
    ...(publicKey !== undefined && { public_key: publicKey }),
    ...(addresses.length > 0 && { address: addresses.length === 1 ? addresses[0] : addresses }),
    ...(endpoint && { endpoint: hostPort({ host: endpoint[0], port: endpoint[1] }) }),
    ...(mtu !== undefined && mtu !== DEFAULT_MTU && { mtu }),
    ...(Object.keys(interfaces).length > 0 && { interfaces }),
  };
}

/** The public key of a machine whose private key no file shows. */
const keptKeyOf = (files: Machine["files"]): Located<string> | undefined =>
  files.some(({ privateKey }) => privateKey !== undefined)
    ? undefined
    : files.find(({ publicKey }) => publicKey !== undefined)?.publicKey;

/** Ways of more than one hop as they are; and between neighbours the tunnel that the routes take, or the one that there is. */
function linesOf(
  tunnels: Imported["tunnels"],
  directions: readonly Direction[],
  left: string[],
): { readonly lines: string[]; readonly used: ReadonlySet<Match> } {
  const lines: string[] = [];
  const named = new Set<string>();
  const direct = new Map<string, Match>();
  const used = new Set<Match>();
  const matchOf = (end: End): Match | undefined => [...tunnels.keys()].find(({ ends }) => ends.includes(end));
  const arrow = (match: Match): string => {
    const forwarder = tunnels.get(match)![2];
    return forwarder === undefined ? "->" : `-[${forwarder}]->`;
  };
  for (const { from, to, walk } of directions) {
    const matches = walk.hops.flatMap((hop) => matchOf(hop.from) ?? []);
    if (walk.stopped !== undefined || matches.length < walk.hops.length) continue;
    if (walk.hops.length === 1) direct.set(`${from.name} ${to.name}`, matches[0]!);
    if (walk.hops.length < 2) continue;
    const steps = walk.hops.flatMap((hop, index) => [arrow(matches[index]!), hop.to.machine.name]);
    lines.push([from.name, ...steps].join(" "));
    named.add(`${from.name} ${to.name}`);
    for (const each of matches) used.add(each);
  }
  for (const [match, [x, y]] of tunnels) {
    for (const [from, to] of [[x, y] as const, [y, x] as const])
      if (!named.has(`${from} ${to}`) && !direct.has(`${from} ${to}`)) direct.set(`${from} ${to}`, match);
  }
  for (const [pair, match] of direct) {
    const [from, to] = pair.split(" ") as [string, string];
    if (named.has(pair)) continue;
    used.add(match);
    const isBoth = direct.get(`${to} ${from}`) === match && !named.has(`${to} ${from}`);
    if (isBoth) named.add(`${to} ${from}`);
    const isPlain = tunnels.get(match)![2] === undefined;
    if (isBoth && isPlain) lines.push(`${from} <-> ${to}`);
    else lines.push(`${from} ${arrow(match)} ${to}`, ...(isBoth ? [`${to} ${arrow(match)} ${from}`] : []));
  }
  for (const [match, [x, y]] of tunnels)
    if (!used.has(match))
      left.push(`the tunnel between ${x} and ${y}, which no route uses (${match.ends[0].file.path})`);
  return { lines, used };
}

/** The smallest prefix of each family that has room for all: no longer than /24 and /64. */
function overlaysOf(machines: readonly Machine[]): string | string[] {
  const all = machines.flatMap((machine) => identityOf(machine).map(({ address }) => address));
  const found = ([4, 6] as const).flatMap((family) => {
    const addresses = all.filter((address) => familyOf(address) === family);
    return addresses.length === 0 ? [] : [covering(addresses, family)];
  });
  return found.length === 1 ? found[0]! : found;
}

function covering(addresses: readonly Address[], family: Family): string {
  const width = family === 4 ? 32 : 128;
  const values = addresses.map(valueOf);
  let length = family === 4 ? 24 : 64;
  const cut = (value: bigint): bigint => value >> BigInt(width - length);
  while (length > 0 && new Set(values.map(cut)).size > 1) length--;
  return `${format(family, cut(values[0]!) << BigInt(width - length))}/${length}`;
}

/** The first key of each machine, and the preshared key of each tunnel that was taken over. */
export function secretsFrom(
  machines: readonly Machine[],
  imported: Imported,
  tunnels: readonly Tunnel[],
): Secrets {
  const privateKeys = machines.flatMap(({ name, files }) => {
    const [first] = files.flatMap(({ privateKey }) => privateKey?.value ?? []);
    return first === undefined ? [] : [[name, first] as const];
  });
  const nodesOf = (names: readonly string[]): string => names.toSorted().join(" ");
  const presharedKeys = tunnels.flatMap(({ id, ends, forwarder }) => {
    const found = [...imported.tunnels].find(
      ([, [x, y, over]]) => over === forwarder && nodesOf([x, y]) === nodesOf(ends.map(({ node }) => node)),
    );
    const [one, other] = found?.[0].ends ?? [];
    const key = one?.peer.presharedKey ?? other?.peer.presharedKey;
    return key === undefined ? [] : [[id, key] as const];
  });
  return { privateKeys: new Map(privateKeys), presharedKeys: new Map(presharedKeys) };
}
