// What a choice makes of this node: the state of the machine, whole or half-way between two choices.
import type { Holding } from "../core/agent/agent.ts";
import { Forwardings } from "../core/agent/forwardings.ts";
import { choiceFor, wholeOf, type Installed } from "../core/agent/installed.ts";
import { contains, hostPrefix, type Prefix } from "../core/address.ts";
import type { Choice } from "../core/choose/choice.ts";
import type { Lock } from "../core/lock.ts";
import type { NodeState, Route } from "../core/node-state.ts";
import { exceptionRules } from "../core/node-states.ts";
import { compile, type Plan } from "../core/plan.ts";
import type { Exceptions } from "../core/traffic.ts";
import { forwardingOf, repair, repairRules, withRepairs } from "../core/failover/repair.ts";
import type { Spec } from "../core/spec.ts";

/** The present choice, the next, and some before. */
const KEPT = 6;

export class Router {
  readonly #spec: Spec;
  readonly #lock: Lock;
  readonly #node: string;
  readonly #forwardings = new Forwardings((choice) => forwardingOf(this.plan(choice).routing));
  #plans: { readonly choice: Choice; readonly plan: Plan }[] = [];

  constructor(spec: Spec, lock: Lock, node: string) {
    this.#spec = spec;
    this.#lock = lock;
    this.#node = node;
  }

  /** Distances from the destination at which the node differs from a choice, ascending. */
  distances(from: Installed, to: Choice): number[] {
    const [before, after] = [this.#installed(from), this.#state(to)];
    const known = new Map(mainRoutes(before).map((route) => [route.prefix, route]));
    const found = new Set(this.#forwardings.distances(this.#index(to), from, to));
    for (const route of mainRoutes(after)) {
      const present = known.get(route.prefix);
      if (present === undefined || !isSame(present, route)) found.add(this.#distance(to, route.prefix));
    }
    found.delete(Infinity);
    return [...found].sort((x, y) => x - y);
  }

  state(holding: Holding): NodeState {
    const state = this.#installed(holding);
    // Half-way it repairs what everybody still has.
    const whole = wholeOf(holding);
    const { nodes, tunnels } = this.plan(whole).topology;
    const repaired = new Map(
      repair(this.#forwardings.of(whole), this.#index(whole), holding.down).flatMap(({ to, link }) =>
        prefixesOf(nodes[to]!).map(
          (prefix) => [prefix, tunnels[link >> 1]!.ends[link & 1]!.interface] as const,
        ),
      ),
    );
    const forwarded = this.#repairedRules(holding);
    if (repaired.size === 0 && forwarded === undefined) return state;
    return {
      ...state,
      ...(forwarded && { rules: forwarded.rules }),
      routes: (forwarded ? [...mainRoutes(state), ...forwarded.routes] : state.routes).map((route) => {
        const to = route.table === "main" ? repaired.get(route.prefix) : undefined;
        // Repairs are of the last whole choice.
        const isWhole = this.#choiceFor(holding, route.prefix) === whole;
        return to === undefined || !isWhole ? route : { ...route, interface: to };
      }),
    };
  }

  #installed(installed: Installed): NodeState {
    const target = this.#state(installed.choice);
    if (installed.before === undefined) return target;
    const main = mainRoutes(target).map((route) => {
      const says = this.#state(this.#choiceFor(installed, route.prefix));
      return mainRoutes(says).find(({ prefix }) => prefix === route.prefix) ?? route;
    });
    const { choice } = installed;
    const exceptions = this.#forwardings.exceptions(installed, this.#index(choice));
    const { routes, rules } = this.#rulesOf(choice, exceptions);
    return { ...target, routes: [...main, ...routes], rules };
  }

  /** Undefined: there is nothing to repair, or the rules are half-way between two choices. */
  #repairedRules({ choice, before, down }: Holding): Pick<NodeState, "routes" | "rules"> | undefined {
    if (before !== undefined) return undefined;
    const forwarding = this.#forwardings.of(choice);
    const repairs = repairRules(forwarding, this.#index(choice), down);
    return repairs.length === 0
      ? undefined
      : this.#rulesOf(choice, withRepairs(forwarding.traffic.exceptions, repairs));
  }

  #rulesOf(choice: Choice, exceptions: Exceptions): Pick<NodeState, "routes" | "rules"> {
    const { topology, routing } = this.plan(choice);
    const { traffic } = this.#forwardings.of(choice);
    return exceptionRules(topology, routing, { ...traffic, exceptions }, this.#index(choice));
  }

  #index(choice: Choice): number {
    return this.plan(choice).topology.nodes.findIndex(({ name }) => name === this.#node);
  }

  #choiceFor(installed: Installed, prefix: Prefix): Choice {
    return choiceFor(installed, (choice) => this.#distance(choice, prefix));
  }

  #state(choice: Choice): NodeState {
    return this.plan(choice).states.find(({ node }) => node === this.#node)!;
  }

  plan(choice: Choice): Plan {
    const known = this.#plans.find((each) => each.choice === choice);
    if (known !== undefined) return known.plan;
    const plan = compile(this.#spec, this.#lock, { choice, agents: true });
    this.#plans = [{ choice, plan }, ...this.#plans].slice(0, KEPT);
    return plan;
  }

  /** Hops to the node that has a prefix. */
  #distance(choice: Choice, prefix: Prefix): number {
    const { topology, routing } = this.plan(choice);
    const from = topology.nodes.findIndex(({ name }) => name === this.#node);
    const owner = topology.nodes.findIndex(
      ({ addresses, prefixes }) =>
        prefixes.includes(prefix) || addresses.some((address) => contains(prefix, address)),
    );
    return owner === -1 ? 0 : routing.path(from, owner).length || Infinity;
  }
}

const prefixesOf = ({ addresses, prefixes }: Plan["topology"]["nodes"][number]): Prefix[] => [
  ...addresses.map(hostPrefix),
  ...prefixes,
];

const mainRoutes = ({ routes }: NodeState): Route[] => routes.filter(({ table }) => table === "main");

const isSame = (x: Route, y: Route): boolean =>
  x.interface === y.interface && x.mtu === y.mtu && x.advmss === y.advmss && x.source === y.source;
