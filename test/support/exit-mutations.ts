// Single faults in what a plan has for exits, each one that packets for the internet or answers to them would meet.
import type { Address, Prefix } from "../../src/core/address.ts";
import { hostPrefix, lengthOf } from "../../src/core/address.ts";
import type { Exits, NodeState, Rule } from "../../src/core/node-state.ts";
import type { Plan } from "../../src/core/plan.ts";
import type { Mutant } from "./mutations.ts";

export interface ExitMutation {
  readonly name: string;
  readonly mutate: (plan: Plan) => Iterable<Mutant>;
}

/** Mutants of one machine each; `change` gives every way to break it. */
export const onMachines = (
  name: string,
  change: (state: NodeState, plan: Plan) => readonly NodeState[],
): ExitMutation => ({
  name,
  *mutate(plan) {
    for (const state of plan.states)
      for (const [index, changed] of change(state, plan).entries())
        yield {
          what: `${name}: ${state.node}, ${index}`,
          states: plan.states.map((each) => (each === state ? changed : each)),
        };
  },
});

const withoutRule = (state: NodeState, isGone: (rule: Rule) => boolean): NodeState[] =>
  state.rules
    .filter(isGone)
    .map((gone) => ({ ...state, rules: state.rules.filter((rule) => rule !== gone) }));

const withExits = (state: NodeState, change: (exits: Exits) => readonly Exits[]): NodeState[] =>
  state.firewall.exits === undefined
    ? []
    : change(state.firewall.exits).map((exits) => ({ ...state, firewall: { ...state.firewall, exits } }));

const without = <Item>(items: readonly Item[]): Item[][] =>
  items.map((gone) => items.filter((item) => item !== gone));

const isAll = (prefix: Prefix): boolean => lengthOf(prefix) === 0;
const leavesElsewhere = (plan: Plan, { node }: NodeState): boolean =>
  plan.topology.nodes.some(({ name, leaves }) => name === node && leaves !== undefined);

export const EXIT_MUTATIONS: readonly ExitMutation[] = [
  onMachines("a default route dropped", (state) =>
    state.routes
      .filter(({ prefix }) => isAll(prefix))
      .map((gone) => ({ ...state, routes: state.routes.filter((route) => route !== gone) })),
  ),
  onMachines("the internet taken out of a tunnel's allowed IPs", (state) =>
    state.interfaces.flatMap(({ name, peer }) =>
      peer.allowedIps.filter(isAll).map((gone) => ({
        ...state,
        interfaces: state.interfaces.map((each) =>
          each.name === name
            ? {
                ...each,
                peer: { ...each.peer, allowedIps: peer.allowedIps.filter((prefix) => prefix !== gone) },
              }
            : each,
        ),
      })),
    ),
  ),
  onMachines("a source that a transit does not lead on", (state) =>
    withoutRule(state, ({ iif, table }) => iif !== undefined && typeof table === "number" && table > 16600),
  ),
  onMachines("tunnels whose own packets go into tunnels", (state, plan) =>
    leavesElsewhere(plan, state)
      ? [
          ...withoutRule(state, ({ fwmark, table }) => fwmark !== undefined && table === "main"),
          {
            ...state,
            interfaces: state.interfaces.map(({ fwmark: _fwmark, ...each }) => each),
          },
        ]
      : [],
  ),
  onMachines("what is not bound left to main", (state, plan) =>
    leavesElsewhere(plan, state)
      ? [
          { ...state, rules: state.rules.filter(({ from }) => from !== "0.0.0.0/32") },
          {
            ...state,
            rules: state.rules.filter(({ from, table }) => !(from === "::/0" && typeof table === "number")),
          },
        ].filter(({ rules }) => rules.length < state.rules.length)
      : [],
  ),
  onMachines("answers from the uplink's address led into a tunnel", (state, plan) =>
    leavesElsewhere(plan, state)
      ? [
          {
            ...state,
            rules: state.rules.map((rule) =>
              rule.from === "0.0.0.0/32" ? { ...rule, from: "0.0.0.0/0" as Prefix } : rule,
            ),
          },
        ]
      : [],
  ),
  onMachines("an exception that is none", (state, { topology }) =>
    withoutRule(state, ({ to }) =>
      topology.nodes.some(({ leaves }) => to !== undefined && leaves?.except.includes(to) === true),
    ),
  ),
  onMachines("answers not let in", (state) =>
    withExits(state, (exits) => without(exits.answers).map((answers) => ({ ...exits, answers }))),
  ),
  onMachines("a source that may not leave", (state) =>
    withExits(state, (exits) => without(exits.leaving).map((leaving) => ({ ...exits, leaving }))),
  ),
  onMachines("an exit that does not forward", (state) =>
    (state.firewall.exits?.leaving.length ?? 0) === 0
      ? []
      : [{ ...state, sysctls: state.sysctls.filter(({ key }) => !/forward/.test(key)) }],
  ),
  onMachines("a resolver whose queries leave by the uplink", (state, { topology }) =>
    withoutRule(state, ({ to }) =>
      topology.nodes.some(({ leaves }) => leaves?.dns.some((each) => to === hostPrefix(each)) === true),
    ),
  ),
  onMachines("queries that go where they are sent, or to another resolver", (state) =>
    withExits(state, ({ dns, ...exits }) =>
      dns === undefined
        ? []
        : [exits, { ...exits, dns: { ...dns, resolvers: ["192.0.2.53" as Address, ...dns.resolvers] } }],
    ),
  ),
  onMachines("a kill switch that is off, or spares more", (state) =>
    withExits(state, ({ killSwitch, ...exits }) =>
      killSwitch === undefined
        ? []
        : [exits, { ...exits, killSwitch: { except: [...killSwitch.except, "100.64.0.0/10" as Prefix] } }],
    ),
  ),
];
