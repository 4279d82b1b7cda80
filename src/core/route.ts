// The path of every ordered pair of nodes: as a line or a choice says, else the direct tunnel, else the fewest hops.
//
// Nodes and tunnels are indices here. Link `2 * tunnel + end` is the direction that `end` sends; it leaves by that end's
// interface and arrives at the interface of link ^ 1.
import type { Choice } from "./choose/choice.ts";
import { Graph } from "./graph.ts";
import { hopsTo, linesByPair, type PairKey } from "./lines.ts";
import type { MeasuredPath, PathSpec, Spec } from "./spec.ts";
import type { Topology } from "./topology.ts";

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
  /** By node, whether it may hold another choice than this: nothing was heard of it then, and no way leads through it. */
  readonly isDeaf: readonly boolean[];
}

/** What a pair follows: the choice's tree, a path of its own; 0, the tree of fewest hops. */
const FREE = 1;
const NAMED = 2;

/**
 * Paths for all pairs of a topology. With a choice, free pairs (a measured line without limits) follow its trees and
 * the pairs that it names its paths; only those that have a path of their own are ever listed.
 */
export function route(spec: Spec, topology: Topology, choice?: Choice): Routing {
  const graph = new Graph(topology);
  const { size } = graph;
  const lines = linesByPair(spec);
  const named = new Map<PairKey, readonly LinkIndex[]>();
  const kinds = new Uint8Array(size * size);
  for (const [key, line] of lines) {
    const own = chosen(choice, key);
    if (line.kind === "measured" && !isLimited(line) && own === undefined) {
      if (choice !== undefined) kinds[key] = FREE;
      continue;
    }
    const links = own ?? pathOf(graph, topology, key, line, choice?.dead);
    // An `all` line asks for what is possible; its other pairs go as if no line named them.
    if (links.length === 0 && isForAll(line) && !isPossible(graph, key, line)) continue;
    kinds[key] = NAMED;
    named.set(key, links);
  }
  // A pair that no line names may have been given a path, too.
  for (const [key, links] of choice?.paths ?? []) {
    if (lines.has(key) || spec.isolate || links.length === 0) continue;
    kinds[key] = NAMED;
    named.set(key, links);
  }
  // Packets of the overlay must not leave by the machine's default route because a tunnel is thought to be dead.
  const free = choice?.trees.map((tree, to) => graph.complete(tree, to, choice.dead)) ?? [];
  const ownOf = (from: number, to: number): LinkIndex => {
    const key = from * size + to;
    return kinds[key] === FREE ? free[to]![from]! : (named.get(key)?.[0] ?? -1);
  };
  const trees: Int32Array[] = [];
  const treeOf = (key: PairKey, to: number): Int32Array => {
    if (kinds[key] === FREE) return free[to]!;
    trees[to] ??= graph.treeTo(to, (from) => ownOf(from, to), choice?.dead);
    return trees[to];
  };
  const follow: Routing["walk"] = (from, to, visit) => {
    const key = from * size + to;
    if (kinds[key] !== NAMED) graph.climb(treeOf(key, to), from, to, visit);
    else for (const link of named.get(key)!) visit(link);
  };
  const isWanted = spec.isolate
    ? isolatedPairs(lines, follow, size, (link) => graph.sender(link))
    : () => true;
  const walk: Routing["walk"] = (from, to, visit) => {
    if (isWanted(from * size + to)) follow(from, to, visit);
  };
  return {
    nodes: size,
    links: 2 * topology.tunnels.length,
    lines,
    walk,
    path: (from, to) => {
      const links: LinkIndex[] = [];
      walk(from, to, (link) => links.push(link));
      return links;
    },
    firstLink: (from, to) => {
      const key = from * size + to;
      if (!isWanted(key)) return -1;
      return kinds[key] === NAMED ? (named.get(key)![0] ?? -1) : treeOf(key, to)[from]!;
    },
    sender: (link) => graph.sender(link),
    isDeaf: graph.deaf(choice?.dead ?? new Set()),
  };
}

/** The path that a choice gives a pair of its own; undefined when there is none, or none that lives. */
function chosen(choice: Choice | undefined, key: PairKey): readonly LinkIndex[] | undefined {
  const links = choice?.paths.get(key);
  return links === undefined || links.length === 0 ? undefined : links;
}

/** The path of a line itself; empty for pairs that follow a tree. */
function pathOf(
  graph: Graph,
  topology: Topology,
  key: PairKey,
  line: PathSpec,
  dead?: ReadonlySet<LinkIndex>,
): readonly LinkIndex[] {
  const [from, to] = [Math.floor(key / graph.size), key % graph.size];
  if (line.kind === "pinned") return graph.follow(from, hopsTo(line.hops, topology.nodes[to]!.name));
  if (!isLimited(line)) return [];
  const living = graph.shortestWithin(from, to, line, dead);
  return living.length > 0 || dead === undefined ? living : graph.shortestWithin(from, to, line);
}

const isPossible = (graph: Graph, key: PairKey, line: PathSpec): boolean =>
  line.kind === "pinned" ||
  graph.shortestWithin(Math.floor(key / graph.size), key % graph.size, line).length > 0;

const isForAll = (line: PathSpec): boolean => line.from === "all" || line.to === "all";

/** Whether candidates of a measured line are limited by it. */
export const isLimited = (line: MeasuredPath): boolean =>
  line.avoid.length > 0 || line.via !== undefined || line.maxHops !== undefined;

/**
 * With `isolate` a pair has a path when a line names one of its directions, or when one end is a transit of the
 * other's named path: without an answer from the transit, path-MTU discovery and rp_filter break.
 */
function isolatedPairs(
  lines: ReadonlyMap<PairKey, PathSpec>,
  walk: Routing["walk"],
  size: number,
  sender: Routing["sender"],
): (key: PairKey) => boolean {
  const wanted = new Set<PairKey>();
  const add = (x: number, y: number): void => {
    wanted.add(x * size + y).add(y * size + x);
  };
  for (const key of lines.keys()) add(Math.floor(key / size), key % size);
  // The set grows while it is walked: a transit's answer may itself need a transit.
  for (const key of wanted) {
    const [from, to] = [Math.floor(key / size), key % size];
    walk(from, to, (link) => {
      if (sender(link) !== from) add(from, sender(link));
    });
  }
  return (key) => wanted.has(key);
}
