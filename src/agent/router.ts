// What a choice makes of this node: the state of the machine, whole or half-way between two choices.
import type { Holding } from "../core/agent/agent.ts";
import { choiceFor, wholeOf, type Installed } from "../core/agent/installed.ts";
import { contains, hostPrefix, type Prefix } from "../core/address.ts";
import type { Choice } from "../core/choose/choice.ts";
import type { Lock } from "../core/lock.ts";
import type { NodeState, Route } from "../core/node-state.ts";
import { compile, type Plan } from "../core/plan.ts";
import { forwardingOf, repair } from "../core/failover/repair.ts";
import type { Spec } from "../core/spec.ts";

/** The present choice, the next, and some before. */
const KEPT = 6;

export class Router {
  readonly #spec: Spec;
  readonly #lock: Lock;
  readonly #node: string;
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
    const found = new Set<number>();
    for (const route of mainRoutes(after)) {
      const present = known.get(route.prefix);
      if (present === undefined || !isSame(present, route)) found.add(this.#distance(to, route.prefix));
    }
    return [...found].sort((x, y) => x - y);
  }

  state(holding: Holding): NodeState {
    const state = this.#installed(holding);
    // Half-way it repairs what everybody still has.
    const plan = this.plan(wholeOf(holding));
    const { nodes, tunnels } = plan.topology;
    const index = nodes.findIndex(({ name }) => name === this.#node);
    const repaired = new Map(
      repair(forwardingOf(plan.routing), index, holding.down).flatMap(({ to, link }) =>
        prefixesOf(nodes[to]!).map(
          (prefix) => [prefix, tunnels[link >> 1]!.ends[link & 1]!.interface] as const,
        ),
      ),
    );
    if (repaired.size === 0) return state;
    return {
      ...state,
      routes: state.routes.map((route) => {
        const to = route.table === "main" ? repaired.get(route.prefix) : undefined;
        // Repairs are of the last whole choice.
        const isWhole = this.#choiceFor(holding, route.prefix) === wholeOf(holding);
        return to === undefined || !isWhole ? route : { ...route, interface: to };
      }),
    };
  }

  /** Rules and their tables come last of all. */
  #installed(installed: Installed): NodeState {
    const target = this.#state(installed.choice);
    if (installed.before === undefined) return target;
    const whole = this.#state(wholeOf(installed));
    const routes = mainRoutes(target).map((route) => {
      const says = this.#state(this.#choiceFor(installed, route.prefix));
      return mainRoutes(says).find(({ prefix }) => prefix === route.prefix) ?? route;
    });
    const tables = whole.routes.filter(({ table }) => table !== "main");
    return { ...target, routes: [...routes, ...tables], rules: whole.rules };
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
    return owner === -1 ? 0 : routing.path(from, owner).length;
  }
}

const prefixesOf = ({ addresses, prefixes }: Plan["topology"]["nodes"][number]): Prefix[] => [
  ...addresses.map(hostPrefix),
  ...prefixes,
];

const mainRoutes = ({ routes }: NodeState): Route[] => routes.filter(({ table }) => table === "main");

const isSame = (x: Route, y: Route): boolean =>
  x.interface === y.interface && x.mtu === y.mtu && x.advmss === y.advmss && x.source === y.source;
