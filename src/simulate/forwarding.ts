// What every node does with a packet at this moment, from what its agent holds: the same routes that a real one installs.
import type { Holding } from "../core/agent/agent.ts";
import { choiceFor, wholeOf, type Installed } from "../core/agent/installed.ts";
import type { Choice } from "../core/choose/choice.ts";
import { forwardingOf, nextLink, repair, type Forwarding } from "../core/failover/repair.ts";
import { route, type LinkIndex } from "../core/route.ts";
import type { Spec } from "../core/spec.ts";
import type { Topology } from "../core/topology.ts";

/** IPv4's and IPv6's as Linux sends them. */
const TTL = 64;

export type Journey = {
  readonly kind: "arrived" | "looped" | "nowhere";
  readonly links: readonly LinkIndex[];
};

export class Forwardings {
  readonly #spec: Spec;
  readonly #topology: Topology;
  readonly #byChoice = new WeakMap<Choice, Forwarding>();
  readonly #repairs = new WeakMap<Holding, ReadonlyMap<number, LinkIndex>>();

  constructor(spec: Spec, topology: Topology) {
    this.#spec = spec;
    this.#topology = topology;
  }

  /** Distances from the destination at which a node differs from a choice, ascending. */
  distances(node: number, from: Installed, to: Choice): number[] {
    const after = this.#of(to);
    const { nodes } = after.routing;
    const found = new Set<number>();
    for (let target = 0; target < nodes; target++) {
      const at = node * nodes + target;
      if (this.#own(from, node, target) !== after.traffic.own[at])
        found.add(after.routing.path(node, target).length);
    }
    return [...found].sort((x, y) => x - y);
  }

  /** The link by which a node sends on what entered by `enter` (-1: its own), -1 for none. */
  next(holding: Holding, node: number, enter: LinkIndex, source: number, to: number): LinkIndex {
    const base = wholeOf(holding);
    const present = this.#of(base);
    const own = present.traffic.own[node * present.routing.nodes + to]!;
    const forwarded = nextLink(present, node, enter, source, to);
    // By a rule, which comes before the routes.
    if (forwarded !== own) return forwarded;
    // Repairs are of the last whole choice.
    const repaired = this.#repairsOf(holding, node, base).get(to);
    if (repaired !== undefined && this.#choiceFor(holding, node, to) === base) return repaired;
    return this.#own(holding, node, to);
  }

  /** By the node's table main, without repairs. */
  #own(installed: Installed, node: number, to: number): LinkIndex {
    const { routing, traffic } = this.#of(this.#choiceFor(installed, node, to));
    return traffic.own[node * routing.nodes + to]!;
  }

  #choiceFor(installed: Installed, node: number, to: number): Choice {
    return choiceFor(installed, (choice) => this.#of(choice).routing.path(node, to).length);
  }

  /** Where a packet would go if nothing changed on its way. */
  journey(holdings: readonly Holding[], from: number, to: number): Journey {
    const links: LinkIndex[] = [];
    const { routing } = this.#of(holdings[from]!.choice);
    let [at, enter] = [from, -1];
    while (at !== to) {
      const link = this.next(holdings[at]!, at, enter, from, to);
      if (link === -1) return { kind: "nowhere", links };
      links.push(link);
      if (links.length > TTL) return { kind: "looped", links };
      enter = link ^ 1;
      at = routing.sender(enter);
    }
    return { kind: "arrived", links };
  }

  #of(choice: Choice): Forwarding {
    const known = this.#byChoice.get(choice);
    if (known !== undefined) return known;
    const forwarding = forwardingOf(route(this.#spec, this.#topology, choice));
    this.#byChoice.set(choice, forwarding);
    return forwarding;
  }

  #repairsOf(holding: Holding, node: number, base: Choice): ReadonlyMap<number, LinkIndex> {
    const known = this.#repairs.get(holding);
    if (known !== undefined) return known;
    const repairs = new Map(
      repair(this.#of(base), node, holding.down).map(({ to, link }) => [to, link] as const),
    );
    this.#repairs.set(holding, repairs);
    return repairs;
  }
}
