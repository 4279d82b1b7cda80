// Puts decisions into figures.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { quantised } from "./cells.ts";
import { candidate, type Candidate, type Decision, type Figures } from "./decision.ts";
import { bestFirst, candidatesOf } from "./explain.ts";
import { Mender, type Tree } from "./mend.ts";
import { climb, type Move } from "./moves.ts";
import type { Network } from "./network.ts";
import { isCarried, limitsFor, reducedCosts } from "./pairs.ts";
import type { Optimum } from "./trees.ts";

export class Teller {
  readonly #network: Network;
  readonly #optimum: Optimum;
  readonly #figures: Figures;
  readonly #closed: ReadonlySet<number>;
  #reduced?: Float64Array;

  /** `closed` are the nodes that no pair may pass. */
  constructor(network: Network, optimum: Optimum, figures: Figures, closed: ReadonlySet<number>) {
    this.#network = network;
    this.#optimum = optimum;
    this.#figures = figures;
    this.#closed = closed;
  }

  tell({ pair, reason, was, is }: Move, atMs: number): Decision {
    const { nodes } = this.#network.graph;
    // What such a pair may use is what its destination's tree may.
    const isFree = !this.#network.rules.has(pair) && !isCarried(this.#network, pair);
    return {
      atMs,
      from: Math.floor(pair / nodes),
      to: pair % nodes,
      reason,
      was: candidate(this.#figures, was, is),
      is: candidate(this.#figures, is, is),
      candidates: isFree ? this.#onTree(pair, is) : this.#limited(pair, is),
    };
  }

  /** As a search would find them; but nearly all of it is known, so that thousands of moves can be told. */
  #onTree(pair: PairKey, taken: readonly LinkIndex[]): Candidate[] {
    const { graph } = this.#network;
    const { cells, potentials, closed, distances, next } = this.#optimum;
    const [from, to] = [Math.floor(pair / graph.nodes), pair % graph.nodes];
    const tree = { distance: distances[to]!, next: next[to]! };
    const known = this.#firstLinks(from, to, tree).map((first) => this.#way(first, to, tree));
    // A way that comes back is no way; without such ones all is different, but only for who is above.
    const isCircle = known.some(([, ...rest]) => rest.some((link) => graph.senders[link] === from));
    if (!isCircle) return known.map((links) => candidate(this.#figures, links, taken));
    const mender = new Mender(graph, cells, potentials, closed.with(from, 1));
    const around = mender.around(from, to, tree);
    return this.#firstLinks(from, to, around).map((first) =>
      candidate(this.#figures, this.#way(first, to, around), taken),
    );
  }

  /** The few links of a node that the best ways by this tree begin with. */
  #firstLinks(from: number, to: number, { distance }: Tree): LinkIndex[] {
    const { graph } = this.#network;
    const { cells, closed } = this.#optimum;
    const row = cells.bySender[from]!;
    const passes = (node: number): boolean => node === to || closed[node] === 0;
    const nearest = bestFirst(graph.nodes, (node) =>
      passes(node) ? row[node]! + distance[node]! : Infinity,
    );
    if (graph.isSimple) return nearest.map((node) => cells.links[node]![from]!);
    // Of two tunnels to the same node both may be among them.
    const links = graph.leaving
      .subarray(graph.leavingAt[from], graph.leavingAt[from + 1])
      .filter((link) => nearest.includes(graph.receivers[link]!));
    const costMs = (link: LinkIndex): number =>
      quantised(this.#figures.costs[link]!) + distance[graph.receivers[link]!]!;
    return bestFirst(links.length, (place) => costMs(links[place]!)).map((place) => links[place]!);
  }

  #way(first: LinkIndex, to: number, { next }: Tree): LinkIndex[] {
    const { receivers } = this.#network.graph;
    return [first, ...climb(receivers, next, receivers[first]!, to)];
  }

  #limited(pair: PairKey, taken: readonly LinkIndex[]): Candidate[] {
    const { costs } = this.#figures;
    this.#reduced ??= reducedCosts(this.#network.graph, costs, this.#optimum.potentials);
    const limits = limitsFor(this.#network, this.#closed, pair);
    return candidatesOf(this.#network, this.#figures, this.#reduced, pair, limits, taken);
  }
}
