// What `status` says of agents, and of links as they know them.
import type { LinkStatus } from "../core/status/links.ts";
import type { AgentSaid } from "./agents-now.ts";
import { figure, intervalText, percent } from "./measure-text.ts";

export type AgentState =
  /** `isConnected`: to the controller; absent: the network has none. `trouble`: its machine is not as it should be. */
  | { readonly kind: "there"; readonly isConnected?: boolean; readonly trouble?: string }
  /** Of another version: it tells no figures. */
  | { readonly kind: "other" }
  | { readonly kind: "silent"; readonly message: string };

/** `hasAgents`: by the last apply; otherwise a machine without one is as it should be, and left out. */
export function agentStates(
  said: ReadonlyMap<string, AgentSaid>,
  hasAgents: boolean,
): Map<string, AgentState> {
  const states = Array.from(said, ([node, each]): [string, AgentState][] => {
    if (each.kind === "none" && !hasAgents) return [];
    if (each.kind !== "told") return [[node, { kind: "silent", message: each.message }]];
    const { status } = each.told;
    if (status === undefined) return [[node, { kind: "other" }]];
    const { controller, keeper } = status;
    return [
      [
        node,
        {
          kind: "there",
          ...(controller.node !== undefined && { isConnected: controller.isConnected }),
          ...(keeper.trouble !== undefined && { trouble: keeper.trouble }),
        },
      ],
    ];
  });
  return new Map(states.flat());
}

/** Nothing of those that are as they should be; `mark` begins what is wrong. */
export function agentLines(agents: ReadonlyMap<string, AgentState>, mark: string): string[] {
  return Array.from(agents).flatMap(([node, state]) => {
    if (state.kind === "silent") return [`${mark} no answer from the agent of ${node}: ${state.message}`];
    if (state.kind === "other")
      return [`  no figures from the agent of ${node}: \`tofro apply --agent\` renews it`];
    return [
      ...(state.trouble === undefined ? [] : [`${mark} trouble of the agent of ${node}: ${state.trouble}`]),
      ...(state.isConnected === false ? [`${mark} the agent of ${node} does not reach the controller`] : []),
    ];
  });
}

export const isDown = ({ condition }: LinkStatus): boolean => condition === "down";

/** Cells of a link below its tunnel's row; `arrow` as in the tunnels' heading. */
export function linkCells(link: LinkStatus, arrow: string, span: (seconds: number) => string): string[] {
  const { condition, forMs, delay, jitterMs, loss } = link;
  const how = condition === "down" ? "DOWN" : condition;
  const cells = [arrow, `${how} ${span(forMs / 1000)}`];
  if (jitterMs === undefined) return cells;
  return [
    ...cells,
    delay === undefined ? "?" : intervalText(delay),
    `jitter ${figure(jitterMs)} ms`,
    ...(loss === undefined ? [] : [`loss ${percent(loss)}`]),
  ];
}
