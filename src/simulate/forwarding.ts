// What every node does with a packet at this moment, from what its agent holds: the same routes that a real one installs.
import { isDeepStrictEqual } from "node:util";
import type { Holding } from "../core/agent/agent.ts";
import { Forwardings } from "../core/agent/forwardings.ts";
import { wholeOf, type Installed } from "../core/agent/installed.ts";
import type { Choice } from "../core/choose/choice.ts";
import { forwardingOf, repairRule, repairTo, type Forwarding } from "../core/failover/repair.ts";
import { route, type LinkIndex } from "../core/route.ts";
import type { Spec } from "../core/spec.ts";
import type { Topology } from "../core/topology.ts";

/** IPv4's and IPv6's as Linux sends them. */
const TTL = 64;
/** How many choices are about at one time, with some to spare. */
const KEPT = 16;

const isSame = (x: Choice, y: Choice): boolean => x.epoch === y.epoch && isDeepStrictEqual(x, y);

export type Journey = {
  readonly kind: "arrived" | "looped" | "nowhere";
  readonly links: readonly LinkIndex[];
};

export class Machines {
  readonly #forwardings: Forwardings;
  // Worked out when a packet asks: where a network parts most that agents hold is over before one comes. -1: none.
  /** By destination. */
  readonly #repairs = new WeakMap<Holding, Map<number, LinkIndex>>();
  /** By entering link, source and destination. */
  readonly #rules = new WeakMap<Holding, Map<string, LinkIndex>>();

  constructor(spec: Spec, topology: Topology) {
    // Agents hold equal choices, each in an object of its own.
    const known: { readonly choice: Choice; readonly forwarding: Forwarding }[] = [];
    this.#forwardings = new Forwardings((choice) => {
      const equal = known.find((each) => isSame(each.choice, choice));
      if (equal !== undefined) return equal.forwarding;
      const forwarding = forwardingOf(route(spec, topology, choice));
      known.unshift({ choice, forwarding });
      known.length = Math.min(known.length, KEPT);
      return forwarding;
    });
  }

  distances(node: number, from: Installed, to: Choice): number[] {
    return this.#forwardings.distances(node, from, to);
  }

  /** The link by which a node sends on what entered by `enter` (-1: its own), -1 for none. */
  next(holding: Holding, node: number, enter: LinkIndex, source: number, to: number): LinkIndex {
    // By a rule, which comes before the routes.
    const except = this.#forwardings.exceptions(holding, node).get(enter)?.get(source)?.get(to);
    if (except !== undefined) return this.#repairedRule(holding, enter, source, to) ?? except;
    // Repairs are of the last whole choice.
    const whole = wholeOf(holding);
    const repaired = this.#repaired(holding, node, whole, to);
    if (repaired !== undefined && this.#forwardings.choiceFor(holding, node, to) === whole) return repaired;
    return this.#forwardings.own(holding, node, to);
  }

  /** Where a packet would go if nothing changed on its way. */
  journey(holdingOf: (node: number) => Holding, from: number, to: number): Journey {
    const links: LinkIndex[] = [];
    const { routing } = this.#forwardings.of(holdingOf(from).choice);
    let [at, enter] = [from, -1];
    while (at !== to) {
      const link = this.next(holdingOf(at), at, enter, from, to);
      if (link === -1) return { kind: "nowhere", links };
      links.push(link);
      if (links.length > TTL) return { kind: "looped", links };
      enter = link ^ 1;
      at = routing.sender(enter);
    }
    return { kind: "arrived", links };
  }

  /** Half-way between two choices rules are not repaired. */
  #repairedRule(holding: Holding, enter: LinkIndex, source: number, to: number): LinkIndex | undefined {
    if (holding.before !== undefined || holding.down.size === 0) return undefined;
    return lookUp(this.#rules, holding, `${enter} ${source} ${to}`, () =>
      repairRule(this.#forwardings.of(holding.choice), enter, source, to, holding.down),
    );
  }

  #repaired(holding: Holding, node: number, whole: Choice, to: number): LinkIndex | undefined {
    if (holding.down.size === 0) return undefined;
    return lookUp(this.#repairs, holding, to, () =>
      repairTo(this.#forwardings.of(whole), node, to, holding.down),
    );
  }
}

/** What was found before, or is found now. */
function lookUp<Key>(
  known: WeakMap<Holding, Map<Key, LinkIndex>>,
  holding: Holding,
  key: Key,
  find: () => LinkIndex | undefined,
): LinkIndex | undefined {
  let own = known.get(holding);
  if (own === undefined) known.set(holding, (own = new Map()));
  let link = own.get(key);
  if (link === undefined) own.set(key, (link = find() ?? -1));
  return link === -1 ? undefined : link;
}
