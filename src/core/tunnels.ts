// Which tunnels the paths need: those that a line names, and those that a candidate of a measured line could use.
import { hopsTo, linesByPair, nodeIndices } from "./lines.ts";
import type { Hop, MeasuredPath, NodeSpec, PathSpec, Spec } from "./spec.ts";
import { canDial, uplinkNames } from "./uplinks.ts";

/** What a tunnel runs over: a forwarder, an uplink of either end or of both, or neither. */
export interface Over {
  readonly forwarder?: string;
  readonly uplink?: string;
}

/** A tunnel before anything is allocated: two nodes in the file's order, and what it runs over. */
export interface WantedTunnel extends Over {
  readonly a: string;
  readonly b: string;
}

/** The name of what a tunnel runs over: forwarders and uplinks share one name space. */
export const nameOver = ({ forwarder, uplink }: Over): string | undefined => forwarder ?? uplink;

/** `a - c`, or `a - c [hkg]`; the names in order, so that nodes may change places in the file. */
export function tunnelId({ a, b, ...over }: WantedTunnel): string {
  const name = nameOver(over);
  return `${[a, b].sort(compareText).join(" - ")}${name === undefined ? "" : ` [${name}]`}`;
}

/** The same name, of an id. */
export const nameInId = (id: string): string | undefined => / \[(.+)\]$/.exec(id)?.[1];

/** What the lock and `interfaces` of a node call its end: an uplink may have a tunnel to each peer, a forwarder has one. */
export const endKey = (peer: string, { forwarder, uplink }: Over): string =>
  forwarder ?? (uplink === undefined ? peer : `${peer}/${uplink}`);

/** All tunnels that the file's paths need, in the file's order of nodes, direct ones first. */
export function wantedTunnels(spec: Spec): WantedTunnel[] {
  const wanted = new Wanted(spec);
  const lines = linesByPair(spec);
  for (const [key, path] of lines) {
    const [from, to] = [Math.floor(key / spec.nodes.length), key % spec.nodes.length];
    if (path.kind === "pinned") wanted.addHops(from, path.hops, to);
    if (path.backup.kind === "path") wanted.addHops(from, path.backup.hops, to);
  }
  for (const path of new Set(lines.values())) if (path.kind === "measured") wanted.addMeasured(path);
  for (const claim of measuredForwarders(spec, wanted.takenForwarders)) wanted.add(claim.a, claim.b, claim);
  return wanted.sorted();
}

/**
 * A forwarder's port carries one tunnel. Which one, where no line names it: the line that lists it in `via` dials it;
 * else the only node that could.
 */
function measuredForwarders(spec: Spec, taken: ReadonlySet<string>): WantedTunnel[] {
  const measured = spec.paths.filter((path): path is MeasuredPath => path.kind === "measured");
  return spec.forwarders.flatMap((forwarder) => {
    if (taken.has(forwarder.name)) return [];
    const to = forwarder.to.value;
    const usable = measured.filter(
      (path) =>
        !path.avoid.includes(forwarder.name) &&
        (path.via === undefined || path.via.includes(forwarder.name)) &&
        [path.from, path.to].some((end) => end === to || end === "all"),
    );
    const listed = usable.filter((path) => path.via !== undefined);
    const diallers = new Set(
      (listed.length > 0 ? listed : usable).flatMap((path) => diallersOf(spec, path, to)),
    );
    if (forwarder.on) diallers.delete(forwarder.on.value);
    const [dialler] = diallers;
    return diallers.size === 1 ? [{ a: dialler!, b: to, forwarder: forwarder.name }] : [];
  });
}

function diallersOf(spec: Spec, path: PathSpec, to: string): string[] {
  const others = [path.from, path.to].filter((end) => end !== to);
  return others.includes("all") ? spec.nodes.map((node) => node.name).filter((name) => name !== to) : others;
}

/** Collects tunnels once each. */
class Wanted {
  readonly takenForwarders = new Set<string>();
  readonly #spec: Spec;
  readonly #indices: Map<string, number>;
  readonly #byId = new Map<string, WantedTunnel>();
  readonly #meshes = new Set<string>();
  readonly #uplinks: ReadonlySet<string>;

  constructor(spec: Spec) {
    this.#spec = spec;
    this.#indices = nodeIndices(spec);
    this.#uplinks = new Set(spec.nodes.flatMap(({ uplinks = [] }) => uplinks.map(({ name }) => name)));
  }

  add(x: string, y: string, { forwarder, uplink }: Over): void {
    const [a, b] = this.#indices.get(x)! < this.#indices.get(y)! ? [x, y] : [y, x];
    const tunnel = {
      a,
      b,
      ...(forwarder !== undefined && { forwarder }),
      ...(uplink !== undefined && { uplink }),
    };
    this.#byId.set(tunnelId(tunnel), tunnel);
    if (forwarder !== undefined) this.takenForwarders.add(forwarder);
  }

  addHops(from: number, hops: readonly Hop[], to: number): void {
    let at = this.#spec.nodes[from]!.name;
    for (const hop of hopsTo(hops, this.#spec.nodes[to]!.name)) {
      this.add(at, hop.to, hop);
      at = hop.to;
    }
  }

  /** Every direct tunnel that a path within the line's limits could use. */
  addMeasured(path: MeasuredPath): void {
    const between = this.#spec.nodes
      .map((node) => node.name)
      .filter((name) => !path.avoid.includes(name) && (path.via === undefined || path.via.includes(name)));
    const froms = path.from === "all" ? this.#spec.nodes.map((node) => node.name) : [path.from];
    const tos = path.to === "all" ? this.#spec.nodes.map((node) => node.name) : [path.to];
    const limit = path.maxHops ?? Number.POSITIVE_INFINITY;
    const mesh = (left: readonly string[], right: readonly string[]): void =>
      this.#mesh(left, right, path.avoid);
    mesh(froms, tos);
    if (limit >= 2) {
      mesh(froms, between);
      mesh(between, tos);
    }
    if (limit >= 3) mesh(between, between);
  }

  /** All tunnels between two sets of nodes, those over uplinks that are not avoided beside the direct ones. */
  #mesh(left: readonly string[], right: readonly string[], avoid: readonly string[]): void {
    const avoided = avoid.filter((name) => this.#uplinks.has(name));
    const key = [left, right, avoided].map((names) => names.join(",")).join("|");
    if (this.#meshes.has(key)) return;
    this.#meshes.add(key);
    for (const x of left) {
      const a = this.#node(x);
      for (const y of right) {
        if (x === y) continue;
        const b = this.#node(y);
        if (canDial(a, b)) this.add(x, y, {});
        for (const uplink of uplinkNames(a, b))
          if (!avoided.includes(uplink) && canDial(a, b, uplink)) this.add(x, y, { uplink });
      }
    }
  }

  readonly #node = (name: string): NodeSpec => this.#spec.nodes[this.#indices.get(name)!]!;

  sorted(): WantedTunnel[] {
    const order = (tunnel: WantedTunnel): number =>
      this.#indices.get(tunnel.a)! * this.#indices.size + this.#indices.get(tunnel.b)!;
    return [...this.#byId.values()].sort(
      (x, y) => order(x) - order(y) || compareText(nameOver(x) ?? "", nameOver(y) ?? ""),
    );
  }
}

/** Code-unit order: the same on every machine, whatever its locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
