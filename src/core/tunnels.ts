// Which tunnels the paths need: those that a line names, and those that a candidate of a measured line could use.
import { canDial, hopsTo, linesByPair, nodeIndices } from "./lines.ts";
import type { Hop, MeasuredPath, PathSpec, Spec } from "./spec.ts";

/** A tunnel before anything is allocated: two nodes in the file's order, and the forwarder that it runs over. */
export interface WantedTunnel {
  readonly a: string;
  readonly b: string;
  readonly forwarder?: string;
}

/** `a - c`, or `a - c [hkg]`; the names in order, so that nodes may change places in the file. */
export const tunnelId = ({ a, b, forwarder }: WantedTunnel): string =>
  `${[a, b].sort(compareText).join(" - ")}${forwarder === undefined ? "" : ` [${forwarder}]`}`;

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
  for (const claim of measuredForwarders(spec, wanted.takenForwarders))
    wanted.add(claim.a, claim.b, claim.forwarder);
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

  constructor(spec: Spec) {
    this.#spec = spec;
    this.#indices = nodeIndices(spec);
  }

  add(x: string, y: string, forwarder?: string): void {
    const [a, b] = this.#indices.get(x)! < this.#indices.get(y)! ? [x, y] : [y, x];
    const tunnel = forwarder === undefined ? { a, b } : { a, b, forwarder };
    this.#byId.set(tunnelId(tunnel), tunnel);
    if (forwarder !== undefined) this.takenForwarders.add(forwarder);
  }

  addHops(from: number, hops: readonly Hop[], to: number): void {
    let at = this.#spec.nodes[from]!.name;
    for (const hop of hopsTo(hops, this.#spec.nodes[to]!.name)) {
      this.add(at, hop.to, hop.forwarder);
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
    this.#mesh(froms, tos);
    if (limit >= 2) {
      this.#mesh(froms, between);
      this.#mesh(between, tos);
    }
    if (limit >= 3) this.#mesh(between, between);
  }

  #mesh(left: readonly string[], right: readonly string[]): void {
    const key = `${left.join(",")}|${right.join(",")}`;
    if (this.#meshes.has(key)) return;
    this.#meshes.add(key);
    for (const x of left) for (const y of right) if (x !== y && this.#dialable(x, y)) this.add(x, y);
  }

  #dialable(x: string, y: string): boolean {
    const [a, b] = [x, y].map((name) => this.#spec.nodes[this.#indices.get(name)!]!);
    return canDial(a!, b!);
  }

  sorted(): WantedTunnel[] {
    const order = (tunnel: WantedTunnel): number =>
      this.#indices.get(tunnel.a)! * this.#indices.size + this.#indices.get(tunnel.b)!;
    return [...this.#byId.values()].sort(
      (x, y) => order(x) - order(y) || compareText(x.forwarder ?? "", y.forwarder ?? ""),
    );
  }
}

/** Code-unit order: the same on every machine, whatever its locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
