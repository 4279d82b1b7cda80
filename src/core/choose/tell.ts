// Puts decisions into figures.
import type { PairKey } from "../lines.ts";
import type { LinkIndex } from "../route.ts";
import { quantised } from "./cells.ts";
import { candidate, type Candidate, type Decision, type Figures } from "./decision.ts";
import { bestFirst, candidatesOf } from "./explain.ts";
import { Mender } from "./mend.ts";
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
    const { cells, potentials, distances, next } = this.#optimum;
    const [from, to] = [Math.floor(pair / graph.nodes), pair % graph.nodes];
    const closed = this.#optimum.closed.with(from, 1);
    const mender = new Mender(graph, cells, potentials, closed);
    const onward = mender.around(from, to, { distance: distances[to]!, next: next[to]! });
    return bestFirst(graph.leaving.subarray(graph.leavingAt[from], graph.leavingAt[from + 1]), (first) => {
      const after = graph.receivers[first]!;
      const isThrough = after === to || closed[after] === 0;
      return isThrough ? quantised(this.#figures.costs[first]!) + onward.distance[after]! : Infinity;
    }).map((first) =>
      candidate(
        this.#figures,
        [first, ...climb(graph.receivers, onward.next, graph.receivers[first]!, to)],
        taken,
      ),
    );
  }

  #limited(pair: PairKey, taken: readonly LinkIndex[]): Candidate[] {
    const { costs } = this.#figures;
    this.#reduced ??= reducedCosts(this.#network.graph, costs, this.#optimum.potentials);
    const limits = limitsFor(this.#network, this.#closed, pair);
    return candidatesOf(this.#network, this.#figures, this.#reduced, pair, limits, taken);
  }
}
