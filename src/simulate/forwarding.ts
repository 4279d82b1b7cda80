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
import type { Exceptions } from "../core/traffic.ts";

/** IPv4's and IPv6's as Linux sends them. */
const TTL = 64;
/** How many choices are about at one time, with some to spare. */
const KEPT = 16;

const UNKNOWN = -2;

/** Of one node. Filled in when a packet asks: where a network parts most that agents hold is over before one comes. */
interface Table {
  readonly exceptions: Exceptions;
  readonly repairedRules: Map<string, LinkIndex>;
  /** By destination. */
  readonly links: Int32Array;
}

const isSame = (x: Choice, y: Choice): boolean => x.epoch === y.epoch && isDeepStrictEqual(x, y);

export type Journey = {
  readonly kind: "arrived" | "looped" | "nowhere";
  readonly links: readonly LinkIndex[];
};

export class Machines {
  readonly #forwardings: Forwardings;
  readonly #tables = new WeakMap<Holding, Table>();

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
    const { exceptions, repairedRules, links } = this.#tableOf(holding, node);
    // By a rule, which comes before the routes.
    const except = exceptions.size === 0 ? undefined : exceptions.get(enter)?.get(source)?.get(to);
    if (except === undefined) {
      if (links[to] === UNKNOWN) links[to] = this.#link(holding, node, to);
      return links[to]!;
    }
    // Half-way between two choices rules are not repaired.
    if (holding.before !== undefined || holding.down.size === 0) return except;
    const key = `${enter} ${source} ${to}`;
    const known = repairedRules.get(key);
    if (known !== undefined) return known;
    const { choice, down } = holding;
    const link = repairRule(this.#forwardings.of(choice), enter, source, to, down) ?? except;
    repairedRules.set(key, link);
    return link;
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

  #tableOf(holding: Holding, node: number): Table {
    const known = this.#tables.get(holding);
    if (known !== undefined) return known;
    const exceptions = this.#forwardings.exceptions(holding, node);
    const { nodes } = this.#forwardings.of(holding.choice).routing;
    const table = {
      exceptions,
      repairedRules: new Map<string, LinkIndex>(),
      links: new Int32Array(nodes).fill(UNKNOWN),
    };
    this.#tables.set(holding, table);
    return table;
  }

  /** By the node's routes. */
  #link(holding: Holding, node: number, to: number): LinkIndex {
    // Repairs are of the last whole choice.
    const whole = wholeOf(holding);
    const repaired = repairTo(this.#forwardings.of(whole), node, to, holding.down);
    if (repaired !== undefined && this.#forwardings.choiceFor(holding, node, to) === whole) return repaired;
    return this.#forwardings.own(holding, node, to);
  }
}
