// What the controller knows beyond its own agent, as metrics.
import { seconds, type Metric } from "../core/metrics/exposition.ts";
import type { LinkFigures, PairFigures } from "./history-columns.ts";
import type { Layout } from "./history-store.ts";

export interface ControllerFigures {
  readonly layout: Layout;
  /** Of the layout's links and pairs, in its order; empty before the first second. */
  readonly links: readonly LinkFigures[];
  readonly pairs: readonly (PairFigures & { readonly hops: number })[];
  readonly receivers: readonly string[];
  readonly agents: readonly { readonly node: string; readonly isThere: boolean }[];
  readonly decisions: ReadonlyMap<string, number>;
  readonly failovers: number;
  readonly isOnDisk: boolean;
}

export function controllerMetrics(figures: ControllerFigures): Metric[] {
  const { layout, links, pairs, receivers } = figures;
  return [
    ...figures.agents.map(({ node, isThere }): Metric => ({
      name: "tofro_controller_agent_up",
      labels: { node },
      value: isThere ? 1 : 0,
    })),
    ...Array.from(figures.decisions, ([reason, value]): Metric => ({
      name: "tofro_controller_decisions_total",
      labels: { reason },
      value,
    })),
    { name: "tofro_controller_failovers_total", value: figures.failovers },
    { name: "tofro_controller_history_on_disk", value: figures.isOnDisk ? 1 : 0 },
    ...links.flatMap(({ delayMs }, link): Metric[] => {
      const { tunnel, from } = layout.links[link]!;
      const labels = { from, to: receivers[link]!, tunnel };
      return [
        { name: "tofro_link_delay_seconds", labels, value: seconds(delayMs?.typical) },
        { name: "tofro_link_delay_lowest_seconds", labels, value: seconds(delayMs?.low) },
        { name: "tofro_link_delay_highest_seconds", labels, value: seconds(delayMs?.high) },
      ];
    }),
    ...pairs.flatMap(({ delayMs, directDelayMs, loss, hops }, pair): Metric[] => {
      const labels = layout.pairs[pair]!;
      return [
        { name: "tofro_pair_delay_seconds", labels: { ...labels }, value: seconds(delayMs?.typical) },
        {
          name: "tofro_pair_direct_delay_seconds",
          labels: { ...labels },
          value: seconds(directDelayMs?.typical),
        },
        { name: "tofro_pair_loss_ratio", labels: { ...labels }, value: loss },
        { name: "tofro_pair_hops", labels: { ...labels }, value: hops },
      ];
    }),
  ];
}
