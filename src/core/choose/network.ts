// What the file asks of each pair of nodes, as the choosing needs it.
import { hopsTo, linesByPair, type PairKey } from "../lines.ts";
import { isLimited, type LinkIndex } from "../route.ts";
import type { Hop, PinnedPath, Spec } from "../spec.ts";
import type { Topology } from "../topology.ts";
import { nameOver } from "../tunnels.ts";
import { graphOf, type Graph } from "./graph.ts";
import { limitsOfLine, type Limits } from "./limited.ts";
import { reservedOf, type Reserved } from "./reserved.ts";

export interface Network {
  readonly graph: Graph;
  /** Pairs that do not follow the tree of their destination. */
  readonly rules: ReadonlyMap<PairKey, PairRule>;
  /** Whether a line gives the pair to the tree: then its moves are told. */
  readonly isFree: (pair: PairKey) => boolean;
  /** Relays that carry certain pairs only, by node. */
  readonly reserved: Reserved;
}

export type PairRule =
  | { readonly kind: "limited"; readonly limits: Limits }
  | { readonly kind: "pinned"; readonly links: readonly LinkIndex[]; readonly backup: Backup };

type Backup =
  | { readonly kind: "any" }
  | { readonly kind: "none" }
  | { readonly kind: "path"; readonly links: readonly LinkIndex[] };

export function networkOf(spec: Spec, topology: Topology, reserved: Reserved = reservedOf(spec)): Network {
  const graph = graphOf(topology);
  const size = graph.nodes;
  const rules = new Map<PairKey, PairRule>();
  const free = new Set<PairKey>();
  const carried = new Set([...reserved.values()].flatMap((pairs) => [...pairs]));
  const reader = new Reader(topology, graph);
  const limitsOf = Map.groupBy(linesByPair(spec), ([, line]) => line);
  for (const [line, entries] of limitsOf) {
    const limits = line.kind === "measured" ? limitsOfLine(topology, line) : undefined;
    for (const [pair] of entries) {
      if (line.kind === "pinned") rules.set(pair, reader.pinned(line, Math.floor(pair / size), pair % size));
      else if (limits !== undefined && (carried.has(pair) || isLimited(line)))
        rules.set(pair, { kind: "limited", limits });
      else free.add(pair);
    }
  }
  return { graph, rules, isFree: (pair) => free.has(pair), reserved };
}

/** Names to indices. */
class Reader {
  readonly #topology: Topology;
  readonly #graph: Graph;
  readonly #indices: ReadonlyMap<string, number>;

  constructor(topology: Topology, graph: Graph) {
    this.#topology = topology;
    this.#graph = graph;
    this.#indices = new Map(topology.nodes.map((node, index) => [node.name, index]));
  }

  pinned(line: PinnedPath, from: number, to: number): PairRule {
    const { backup } = line;
    const name = this.#topology.nodes[to]!.name;
    return {
      kind: "pinned",
      links: this.#follow(from, hopsTo(line.hops, name)),
      backup:
        backup.kind === "path"
          ? { kind: "path", links: this.#follow(from, hopsTo(backup.hops, name)) }
          : backup,
    };
  }

  /** The links of exactly these hops; empty when one of them has no tunnel. */
  #follow(from: number, hops: readonly Hop[]): LinkIndex[] {
    const { receivers, leaving, leavingAt } = this.#graph;
    const links: LinkIndex[] = [];
    let at = from;
    for (const hop of hops) {
      const next = this.#indices.get(hop.to)!;
      const link = leaving
        .subarray(leavingAt[at], leavingAt[at + 1])
        .find(
          (each) =>
            receivers[each] === next && nameOver(this.#topology.tunnels[each >> 1]!) === nameOver(hop),
        );
      if (link === undefined) return [];
      links.push(link);
      at = next;
    }
    return links;
  }
}
