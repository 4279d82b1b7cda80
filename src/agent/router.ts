// What a choice makes of this node: the state of the machine, whole or half-way between two choices.
import type { Holding } from "../core/agent/agent.ts";
import { Forwardings } from "../core/agent/forwardings.ts";
import { choiceFor, wholeOf, type Installed } from "../core/agent/installed.ts";
import { contains, hostPrefix, type Prefix } from "../core/address.ts";
import type { Choice } from "../core/choose/choice.ts";
import type { Lock } from "../core/lock.ts";
import type { NodeState, Route } from "../core/node-state.ts";
import { turned } from "../core/node-states.ts";
import { compile, type Plan } from "../core/plan.ts";
import type { LinkIndex } from "../core/route.ts";
import type { Exceptions } from "../core/traffic.ts";
import { forwardingOf, repair, repairRules, withRepairs } from "../core/failover/repair.ts";
import type { Spec } from "../core/spec.ts";

/** The present choice, the next, and some before. */
const KEPT = 6;

export class Router {
  readonly #spec: Spec;
  readonly #lock: Lock;
  readonly #node: string;
  readonly #forwardings: Forwardings;
  #plans: { readonly choice: Choice; readonly plan: Plan }[] = [];

  constructor(spec: Spec, lock: Lock, node: string) {
    this.#spec = spec;
    this.#lock = lock;
    this.#node = node;
    const index = spec.nodes.findIndex(({ name }) => name === node);
    this.#forwardings = new Forwardings((choice) => forwardingOf(this.plan(choice).routing), index);
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
    const forwarding = this.#forwardings.of(whole);
    const node = this.#index(whole);
    const links = new Map(
      repair(forwarding, node, holding.down).flatMap(({ to, link }) =>
        this.#forwardings.choiceFor(holding, node, to) === whole ? [[to, link] as const] : [],
      ),
    );
    // Half-way between two choices rules are not repaired.
    const rules = holding.before === undefined ? repairRules(forwarding, node, holding.down) : [];
    if (links.size === 0 && rules.length === 0) return state;
    const { nodes, tunnels } = this.plan(whole).topology;
    const repaired = new Map(
      [...links].flatMap(([to, link]) =>
        prefixesOf(nodes[to]!).map(
          (prefix) => [prefix, tunnels[link >> 1]!.ends[link & 1]!.interface] as const,
        ),
      ),
    );
    const main = mainRoutes(state).map((route) => {
      const to = repaired.get(route.prefix);
      return to === undefined ? route : { ...route, interface: to };
    });
    const exceptions = withRepairs(this.#forwardings.exceptions(holding, node), rules);
    const others = this.#turned(holding, exceptions, links);
    return { ...state, routes: [...main, ...others.routes], rules: others.rules };
  }

  #installed(installed: Installed): NodeState {
    const target = this.#state(installed.choice);
    if (installed.before === undefined) return target;
    // With `isolate` a transit may have had a way that it has no more: it stays until nobody is on it.
    const known = this.#statesOf(installed).flatMap((state) => mainRoutes(state));
    const main = [...new Map(known.toReversed().map((route) => [route.prefix, route]))].flatMap(
      ([prefix, last]) => {
        const says = mainRoutes(this.#state(this.#choiceFor(installed, prefix)));
        const found = says.find((route) => route.prefix === prefix);
        return found ?? (mainRoutes(target).includes(last) ? last : []);
      },
    );
    const exceptions = this.#forwardings.exceptions(installed, this.#index(installed.choice));
    const { routes, rules } = this.#turned(installed, exceptions);
    return { ...target, routes: [...main, ...routes], rules };
  }

  /** The present one first. */
  #statesOf({ choice, before }: Installed): NodeState[] {
    return [this.#state(choice), ...(before === undefined ? [] : this.#statesOf(before))];
  }

  /** What is not in table main; `repaired`: by destination the links of the node's own traffic that go around what is down. */
  #turned(
    installed: Installed,
    exceptions: Exceptions,
    repaired: ReadonlyMap<number, LinkIndex> = new Map(),
  ): Pick<NodeState, "routes" | "rules"> {
    const { choice } = installed;
    const { topology, routing, permits } = this.plan(choice);
    const { traffic } = this.#forwardings.of(choice);
    const node = this.#index(choice);
    const own = (to: number): LinkIndex => repaired.get(to) ?? this.#forwardings.own(installed, node, to);
    return turned(topology, routing, traffic, permits, node, { own, exceptions });
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
