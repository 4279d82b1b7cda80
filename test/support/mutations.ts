// Single faults in a plan, each on the way of a pinned line: what a careless hand, another tool or a reboot would do.
import { hostPrefix, type Prefix } from "../../src/core/address.ts";
import type { NodeState, TunnelInterface } from "../../src/core/node-state.ts";
import { directions, type Direction, type Plan } from "../../src/core/plan.ts";

export interface Mutant {
  readonly what: string;
  readonly states: readonly NodeState[];
}

export interface Mutation {
  readonly name: string;
  readonly mutate: (plan: Plan) => Iterable<Mutant>;
}

/** One hop of a pinned line: the sending and the receiving machine, their interfaces, and who speaks to whom. */
interface Step {
  readonly direction: Direction;
  readonly index: number;
  readonly sender: NodeState;
  readonly receiver: NodeState;
  readonly out: TunnelInterface;
  readonly into: TunnelInterface;
  /** The nodes' own addresses, or a prefix behind each. */
  readonly source: Prefix;
  readonly destination: Prefix;
}

function* steps(plan: Plan): Generator<Step, void> {
  const states = new Map(plan.states.map((state) => [state.node, state]));
  for (const direction of directions(plan)) {
    if (direction.line?.kind !== "pinned") continue;
    const { path, tunnels } = direction;
    for (let index = 0; index < tunnels.length; index++) {
      const [sender, receiver] = [states.get(path[index]!)!, states.get(path[index + 1]!)!];
      const byTunnel = ({ tunnel }: TunnelInterface): boolean => tunnel === tunnels[index];
      const out = sender.interfaces.find(byTunnel)!;
      const into = receiver.interfaces.find(byTunnel)!;
      const [from, to] = [states.get(direction.from)!, states.get(direction.to)!];
      for (const [source, destination] of [
        [hostPrefix(from.addresses[0]!), hostPrefix(to.addresses[0]!)],
        ...speakers(from).flatMap((one) => speakers(to).map((other) => [one, other] as const)),
      ] as const)
        yield { direction, index, sender, receiver, out, into, source, destination };
    }
  }
}

/** The prefixes behind a node, or itself when it has none. */
const speakers = ({ addresses, firewall }: NodeState): readonly Prefix[] =>
  firewall.prefixes.length > 0 ? firewall.prefixes : [hostPrefix(addresses[0]!)];

/** Mutants that change one machine at one step; `change` returns undefined where there is nothing of the kind to break. */
const atSteps = (name: string, change: (step: Step) => NodeState | undefined): Mutation => ({
  name,
  *mutate(plan) {
    for (const step of steps(plan)) {
      const changed = change(step);
      if (changed === undefined) continue;
      const what = `${name}: ${step.direction.path.join(" -> ")}, hop ${step.index + 1}`;
      yield { what, states: plan.states.map((state) => (state.node === changed.node ? changed : state)) };
    }
  },
});

const withInterface = (
  state: NodeState,
  name: string,
  change: (each: TunnelInterface) => TunnelInterface,
): NodeState => ({
  ...state,
  interfaces: state.interfaces.map((each) => (each.name === name ? change(each) : each)),
});

const withAllowed = (each: TunnelInterface, keep: (prefix: Prefix) => boolean): TunnelInterface => ({
  ...each,
  peer: { ...each.peer, allowedIps: each.peer.allowedIps.filter(keep) },
});

const isTransit = ({ index }: Step): boolean => index > 0;

export const MUTATIONS: readonly Mutation[] = [
  atSteps("a route dropped", ({ sender, destination, index }) =>
    index > 0 && sender.rules.length > 0
      ? undefined
      : { ...sender, routes: sender.routes.filter(({ prefix }) => prefix !== destination) },
  ),
  atSteps("a destination taken out of the sender's allowed IPs", ({ sender, out, destination }) =>
    withInterface(sender, out.name, (each) => withAllowed(each, (prefix) => prefix !== destination)),
  ),
  atSteps("a source taken out of the receiver's allowed IPs", ({ receiver, into, source }) =>
    withInterface(receiver, into.name, (each) => withAllowed(each, (prefix) => prefix !== source)),
  ),
  atSteps("a destination's allowed IP swapped to another interface", ({ sender, out, destination }) => {
    const other = sender.interfaces.find(({ name }) => name !== out.name);
    if (other === undefined) return undefined;
    const without = withInterface(sender, out.name, (each) =>
      withAllowed(each, (prefix) => prefix !== destination),
    );
    return withInterface(without, other.name, (each) => ({
      ...each,
      peer: { ...each.peer, allowedIps: [...each.peer.allowedIps, destination] },
    }));
  }),
  atSteps("strict rp_filter where the way back is another", (step) => {
    const { receiver, into, source, direction, index } = step;
    // A transit looks the way back up as if it came from where the packet goes: source rules may make it the same way.
    if (index < direction.tunnels.length - 1) return undefined;
    const back = receiver.routes.find(({ prefix, table }) => prefix === source && table === "main");
    if (back === undefined || back.interface === into.name) return undefined;
    const key = `net.ipv4.conf.${into.name}.rp_filter`;
    return {
      ...receiver,
      sysctls: receiver.sysctls.map((each) => (each.key === key ? { key, value: "1" } : each)),
    };
  }),
  atSteps("a smaller MTU at a transit", (step) =>
    isTransit(step)
      ? withInterface(step.sender, step.out.name, (each) => ({ ...each, mtu: each.mtu - 100 }))
      : undefined,
  ),
  atSteps("no source rules at a transit", (step) => {
    const { sender, out, source, destination } = step;
    const main = sender.routes.find(({ prefix, table }) => prefix === destination && table === "main");
    const needed =
      isTransit(step) && main?.interface !== out.name && sender.rules.some(({ from }) => from === source);
    return needed ? { ...sender, rules: sender.rules.filter(({ from }) => from !== source) } : undefined;
  }),
  atSteps("forwarding off at a transit", (step) =>
    isTransit(step)
      ? { ...step.sender, sysctls: step.sender.sysctls.filter(({ key }) => key !== "net.ipv4.ip_forward") }
      : undefined,
  ),
  atSteps("a pair of tunnels missing in the forward guard", (step) =>
    isTransit(step)
      ? {
          ...step.sender,
          firewall: {
            ...step.sender.firewall,
            transits: step.sender.firewall.transits.filter(({ out }) => out !== step.out.name),
          },
        }
      : undefined,
  ),
  atSteps("a source missing in the source guard", ({ receiver, into, source }) => ({
    ...receiver,
    firewall: {
      ...receiver.firewall,
      arrivals: receiver.firewall.arrivals.filter(
        (each) => each.interface !== into.name || each.source !== source,
      ),
    },
  })),
  atSteps("a prefix that its node does not know of", ({ direction, index, receiver, destination }) =>
    index === direction.tunnels.length - 1 && receiver.firewall.prefixes.includes(destination)
      ? {
          ...receiver,
          firewall: {
            ...receiver.firewall,
            prefixes: receiver.firewall.prefixes.filter((each) => each !== destination),
          },
        }
      : undefined,
  ),
  atSteps("forwarding off where hosts are behind a node", ({ index, sender, source }) =>
    index === 0 && sender.firewall.prefixes.includes(source)
      ? { ...sender, sysctls: sender.sysctls.filter(({ key }) => key !== "net.ipv4.ip_forward") }
      : undefined,
  ),
  atSteps("the wrong peer key", ({ sender, out }) =>
    withInterface(sender, out.name, (each) => ({ ...each, peer: { ...each.peer, publicKey: "another" } })),
  ),
  atSteps("a route through another tunnel", ({ sender, out, destination, index }) => {
    const other = sender.interfaces.find(({ name }) => name !== out.name);
    if (other === undefined || (index > 0 && sender.rules.length > 0)) return undefined;
    return {
      ...sender,
      routes: sender.routes.map((route) =>
        route.prefix === destination ? { ...route, interface: other.name } : route,
      ),
    };
  }),
];
