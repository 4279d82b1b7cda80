// What the controller knows beyond its own agent, as metrics.
import { seconds, type Metric } from "../core/metrics/exposition.ts";
import { COLUMNS, decodeLink, decodePair } from "./history-columns.ts";
import type { Layout } from "./history-store.ts";

export interface ControllerFigures {
  readonly layout: Layout;
  /** Of the layout's links and pairs, as the history has them; undefined before the first second. */
  readonly figures: Uint16Array | undefined;
  /** By pair. */
  readonly hops: readonly number[];
  readonly receivers: readonly string[];
  readonly agents: readonly { readonly node: string; readonly isThere: boolean }[];
  readonly decisions: ReadonlyMap<string, number>;
  readonly failovers: number;
  readonly closed: readonly { readonly node: string; readonly why: string }[];
  readonly isOnDisk: boolean;
}

export function controllerMetrics(figures: ControllerFigures): Metric[] {
  const { layout, receivers, hops } = figures;
  const known = figures.figures;
  const slot = (at: number, width: number): Uint16Array | undefined => known?.subarray(at, at + width);
  const pairsAt = layout.links.length * COLUMNS.link.length;
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
    ...figures.closed.map(({ node, why }): Metric => ({
      name: "tofro_controller_relay_closed",
      labels: { node, reason: why },
      value: 1,
    })),
    { name: "tofro_controller_failovers_total", value: figures.failovers },
    { name: "tofro_controller_history_on_disk", value: figures.isOnDisk ? 1 : 0 },
    ...layout.links.flatMap(({ tunnel, from }, link): Metric[] => {
      const own = slot(link * COLUMNS.link.length, COLUMNS.link.length);
      const delayMs = own && decodeLink(own).delayMs;
      const labels = { from, to: receivers[link]!, tunnel };
      return [
        { name: "tofro_link_delay_seconds", labels, value: seconds(delayMs?.typical) },
        { name: "tofro_link_delay_lowest_seconds", labels, value: seconds(delayMs?.low) },
        { name: "tofro_link_delay_highest_seconds", labels, value: seconds(delayMs?.high) },
      ];
    }),
    ...layout.pairs.flatMap((labels, pair): Metric[] => {
      const own = slot(pairsAt + pair * COLUMNS.pair.length, COLUMNS.pair.length);
      const { delayMs, directDelayMs, loss } = own === undefined ? {} : decodePair(own);
      return [
        { name: "tofro_pair_delay_seconds", labels: { ...labels }, value: seconds(delayMs?.typical) },
        {
          name: "tofro_pair_direct_delay_seconds",
          labels: { ...labels },
          value: seconds(directDelayMs?.typical),
        },
        { name: "tofro_pair_loss_ratio", labels: { ...labels }, value: loss },
        { name: "tofro_pair_hops", labels: { ...labels }, value: hops[pair] },
      ];
    }),
  ];
}
