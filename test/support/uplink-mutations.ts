// Single faults in what a plan has for uplinks, each of which puts a tunnel on another way than the file says.
import type { NodeState, Rule, TunnelInterface } from "../../src/core/node-state.ts";
import { isOfUplink } from "../../src/core/uplink-rules.ts";
import { onMachines, type ExitMutation } from "./exit-mutations.ts";

const withoutRule = (state: NodeState, isGone: (rule: Rule) => boolean): NodeState[] =>
  state.rules
    .filter(isGone)
    .map((gone) => ({ ...state, rules: state.rules.filter((rule) => rule !== gone) }));

/** Every interface for which `change` gives another one, each alone. */
const eachInterface = (
  state: NodeState,
  change: (each: TunnelInterface) => TunnelInterface | undefined,
): NodeState[] =>
  state.interfaces.flatMap((each) => {
    const changed = change(each);
    if (changed === undefined) return [];
    return [{ ...state, interfaces: state.interfaces.map((other) => (other === each ? changed : other)) }];
  });

export const UPLINK_MUTATIONS: readonly ExitMutation[] = [
  onMachines("packets that are not marked", (state) =>
    eachInterface(state, ({ fwmark, ...each }) =>
      isOfUplink({ ...(fwmark && { fwmark }) }) ? each : undefined,
    ),
  ),
  onMachines("a mark that leads nowhere", (state) =>
    withoutRule(state, (rule) => isOfUplink(rule) && rule.table !== "unreachable"),
  ),
  onMachines("another way out while the uplink is down", (state) =>
    withoutRule(state, (rule) => isOfUplink(rule) && rule.table === "unreachable"),
  ),
  onMachines("a mark that leads by main", (state) =>
    state.rules.flatMap((rule) =>
      isOfUplink(rule) && rule.table !== "unreachable"
        ? [
            {
              ...state,
              rules: state.rules.map((each): Rule => (each === rule ? { ...rule, table: "main" } : each)),
            },
          ]
        : [],
    ),
  ),
  onMachines("the mark of another uplink", (state) => {
    return eachInterface(state, (each) => {
      const host = each.peer.endpoint?.host;
      // A mark of the other family leads nowhere else.
      const other = state.rules.find(
        (rule) =>
          isOfUplink(rule) && rule.fwmark !== each.fwmark && rule.from.includes(":") === host?.includes(":"),
      );
      return other?.fwmark === undefined ? undefined : { ...each, fwmark: other.fwmark };
    });
  }),
  onMachines("an address that is not the uplink's", (state) =>
    eachInterface(state, (each) => {
      const { endpoint, uplink } = each.peer;
      if (endpoint === undefined || uplink === undefined) return undefined;
      return { ...each, peer: { ...each.peer, endpoint: { ...endpoint, host: "192.0.2.77" } } };
    }),
  ),
];
