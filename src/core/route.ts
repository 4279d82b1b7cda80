// The path of every ordered pair of nodes: as a line says, else the direct tunnel, else the fewest hops.
//
// Nodes and tunnels are indices here. Link `2 * tunnel + end` is the direction that `end` sends; it leaves by that end's
// interface and arrives at the interface of link ^ 1.
import { hopsTo, linesByPair, type PairKey } from "./lines.ts";
import type { Hop, MeasuredPath, PathSpec, Spec } from "./spec.ts";
import type { Topology } from "./topology.ts";
import { tunnelId } from "./tunnels.ts";

/** A link's index, `2 * tunnel + end`. */
export type LinkIndex = number;

export interface Routing {
  /** How many nodes and how many links there are. */
  readonly nodes: number;
  readonly links: number;
  /** The line that names a pair. */
  readonly lines: ReadonlyMap<PairKey, PathSpec>;
  /** The links of the path from one node to another; empty when there is none, or none is wanted (`isolate`). */
  readonly path: (from: number, to: number) => readonly LinkIndex[];
  /** Visits the same links without making a list of them. */
  readonly walk: (from: number, to: number, visit: (link: LinkIndex) => void) => void;
  /** The first link of that path, -1 for none. */
  readonly firstLink: (from: number, to: number) => LinkIndex;
  readonly sender: (link: LinkIndex) => number;
}

/** Paths for all pairs of a topology. */
export function route(spec: Spec, topology: Topology): Routing {
  const graph = new Graph(topology);
  const lines = linesByPair(spec);
  const named = new Map<PairKey, readonly LinkIndex[]>();
  for (const [key, line] of lines) {
    const [from, to] = [Math.floor(key / graph.size), key % graph.size];
    if (line.kind === "pinned")
      named.set(key, graph.follow(from, hopsTo(line.hops, topology.nodes[to]!.name)));
    else if (isLimited(line)) {
      const links = graph.shortestWithin(from, to, line);
      // An `all` line asks for what is possible; its other pairs go as if no line named them.
      if (links.length > 0 || (line.from !== "all" && line.to !== "all")) named.set(key, links);
    }
  }
  const trees = Array.from({ length: graph.size }, (_, to) => graph.treeTo(to, named));
  const path = (from: number, to: number): readonly LinkIndex[] => {
    const links: LinkIndex[] = [];
    walk(from, to, (link) => links.push(link));
    return links;
  };
  const walk: Routing["walk"] = (from, to, visit) => {
    const key = from * graph.size + to;
    const links = named.get(key);
    if (links !== undefined) for (const link of links) visit(link);
    else if (wanted(key)) graph.climb(trees[to]!, from, to, visit);
  };
  const wanted = spec.isolate ? isolatedPairs(lines, named, graph, trees) : () => true;
  return {
    nodes: graph.size,
    links: 2 * topology.tunnels.length,
    lines,
    path,
    walk,
    firstLink: (from, to) => {
      const key = from * graph.size + to;
      const links = named.get(key);
      return links === undefined ? (wanted(key) ? trees[to]![from]! : -1) : (links[0] ?? -1);
    },
    sender: (link) => graph.sender(link),
  };
}

const isLimited = (line: MeasuredPath): boolean =>
  line.avoid.length > 0 || line.via !== undefined || line.maxHops !== undefined;

/**
 * With `isolate` a pair has a path when a line names one of its directions, or when one end is a transit of the
 * other's named path: without an answer from the transit, path-MTU discovery and rp_filter break.
 */
function isolatedPairs(
  lines: ReadonlyMap<PairKey, PathSpec>,
  named: ReadonlyMap<PairKey, readonly LinkIndex[]>,
  graph: Graph,
  trees: readonly Int32Array[],
): (key: PairKey) => boolean {
  const { size } = graph;
  const wanted = new Set<PairKey>();
  const add = (x: number, y: number): void => {
    wanted.add(x * size + y).add(y * size + x);
  };
  for (const key of lines.keys()) add(Math.floor(key / size), key % size);
  // The set grows while it is walked: a transit's answer may itself need a transit.
  for (const key of wanted) {
    const [from, to] = [Math.floor(key / size), key % size];
    const links = [...(named.get(key) ?? [])];
    if (links.length === 0) graph.climb(trees[to]!, from, to, (link) => links.push(link));
    for (const link of links.slice(1)) add(from, graph.sender(link));
  }
  return (key) => wanted.has(key);
}

/** Nodes and tunnels as indices and typed arrays. */
class Graph {
  readonly size: number;
  readonly #topology: Topology;
  readonly #indices: Map<string, number>;
  readonly #linksById: Map<string, LinkIndex>;
  /** The links that a node sends, those to dialable nodes first, then in the file's order, direct before forwarded. */
  readonly #links: readonly (readonly LinkIndex[])[];
  readonly #senders: Int32Array;

  constructor(topology: Topology) {
    this.#topology = topology;
    this.size = topology.nodes.length;
    this.#indices = new Map(topology.nodes.map((node, index) => [node.name, index]));
    this.#linksById = new Map(topology.tunnels.map((tunnel, index) => [tunnel.id, 2 * index]));
    this.#senders = new Int32Array(2 * topology.tunnels.length);
    const links: LinkIndex[][] = topology.nodes.map(() => []);
    topology.tunnels.forEach((tunnel, index) => {
      tunnel.ends.forEach((each, side) => {
        const node = this.#indices.get(each.node)!;
        this.#senders[2 * index + side] = node;
        links[node]!.push(2 * index + side);
      });
    });
    const rank = (link: LinkIndex): number => {
      const receiver = this.receiver(link);
      const hidden = topology.nodes[receiver]!.endpoint === undefined;
      const forwarded = topology.tunnels[link >> 1]!.forwarder !== undefined;
      return (Number(hidden) * this.size + receiver) * 2 + Number(forwarded);
    };
    this.#links = links.map((own) => own.sort((x, y) => rank(x) - rank(y)));
  }

  sender(link: LinkIndex): number {
    return this.#senders[link]!;
  }

  receiver(link: LinkIndex): number {
    return this.#senders[link ^ 1]!;
  }

  /** The links of exactly these hops. */
  follow(from: number, hops: readonly Hop[]): LinkIndex[] {
    let at = from;
    return hops.map((hop) => {
      const next = this.#indices.get(hop.to)!;
      const [a, b] = at < next ? [at, next] : [next, at];
      const name = (index: number): string => this.#topology.nodes[index]!.name;
      const wanted = {
        a: name(a),
        b: name(b),
        ...(hop.forwarder === undefined ? {} : { forwarder: hop.forwarder }),
      };
      const tunnel = this.#linksById.get(tunnelId(wanted));
      if (tunnel === undefined) throw new Error(`no tunnel ${tunnelId(wanted)}: the path needs it`);
      const link = tunnel + Number(this.sender(tunnel) !== at);
      at = next;
      return link;
    });
  }

  /**
   * Breadth-first from `to` backwards: for each node the link of a shortest path to `to`, -1 where there is none.
   * Among equals a node's own named way is taken, so that its routing table needs no exceptions.
   */
  treeTo(to: number, named: ReadonlyMap<PairKey, readonly LinkIndex[]>): Int32Array {
    const next = new Int32Array(this.size).fill(-1);
    const distance = new Int32Array(this.size).fill(-1);
    distance[to] = 0;
    const queue = [to];
    for (let head = 0; head < queue.length; head++) {
      const at = queue[head]!;
      for (const link of this.#links[at]!) {
        const node = this.receiver(link);
        if (distance[node] !== -1) continue;
        distance[node] = distance[at]! + 1;
        queue.push(node);
      }
    }
    for (let node = 0; node < this.size; node++) {
      if (distance[node]! < 1) continue;
      const own = named.get(node * this.size + to)?.[0] ?? -1;
      next[node] =
        own !== -1 && distance[this.receiver(own)] === distance[node]! - 1
          ? own
          : this.#nearer(node, distance);
    }
    return next;
  }

  /** The first of a node's links that leads one hop nearer. */
  #nearer(node: number, distance: Int32Array): LinkIndex {
    for (const link of this.#links[node]!)
      if (distance[this.receiver(link)] === distance[node]! - 1) return link;
    throw new Error("a node at distance n has a neighbour at distance n - 1");
  }

  /** A tree leads to its root from everywhere, or from nowhere. */
  climb(tree: Int32Array, from: number, to: number, visit: (link: LinkIndex) => void): void {
    for (let at = from; at !== to && tree[at] !== -1; at = this.receiver(tree[at]!)) visit(tree[at]!);
  }

  /** Fewest hops among the paths that the line's `avoid`, `via` and `max_hops` allow. */
  shortestWithin(from: number, to: number, line: MeasuredPath): LinkIndex[] {
    const allowed = (name: string): boolean =>
      !line.avoid.includes(name) && (line.via === undefined || line.via.includes(name));
    const arrivedBy = new Int32Array(this.size).fill(-1);
    const queue = [from];
    for (let head = 0; head < queue.length && arrivedBy[to] === -1; head++) {
      for (const link of this.#links[queue[head]!]!) {
        const node = this.receiver(link);
        const forwarder = this.#topology.tunnels[link >> 1]!.forwarder;
        if (node === from || arrivedBy[node] !== -1) continue;
        if (forwarder !== undefined && !allowed(forwarder)) continue;
        if (node !== to && !allowed(this.#topology.nodes[node]!.name)) continue;
        arrivedBy[node] = link;
        queue.push(node);
      }
    }
    const links: LinkIndex[] = [];
    for (let at = to; at !== from; at = this.sender(arrivedBy[at]!)) {
      if (arrivedBy[at] === -1) return [];
      links.unshift(arrivedBy[at]!);
    }
    return links.length <= (line.maxHops ?? links.length) ? links : [];
  }
}
