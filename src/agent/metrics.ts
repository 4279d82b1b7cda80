// What an agent knows, as metrics: of its machine, its incoming links and its tunnels.
import type { Condition } from "../core/agent/incoming.ts";
import type { Carried } from "../core/agent/meter.ts";
import type { WindowFigures } from "../core/agent/window.ts";
import { seconds, type Metric } from "../core/metrics/exposition.ts";
import type { CarriesSpec } from "../core/spec.ts";

export interface AgentFigures {
  readonly node: string;
  /** ms since 1970. */
  readonly startedMs: number;
  readonly isConnected: boolean;
  readonly epoch: number;
  readonly repairs: number;
  readonly isTroubled: boolean;
  /** What the file lets the node carry for others, and what it does; absent: there is no limit. */
  readonly carries?: Pick<CarriesSpec, "rateBps" | "monthBytes">;
  readonly carried?: Carried;
  readonly links: readonly LinkFigures[];
  readonly tunnels: readonly TunnelFigures[];
}

interface LinkFigures {
  readonly tunnel: string;
  readonly from: string;
  readonly condition: Condition;
  readonly figures?: WindowFigures;
}

interface TunnelFigures {
  readonly tunnel: string;
  readonly peer: string;
  /** Octets; undefined: the interface is not there. */
  readonly received: number | undefined;
  readonly sent: number | undefined;
}

export function agentMetrics(agent: AgentFigures): Metric[] {
  const { node, links, tunnels, carries, carried } = agent;
  const own = { node };
  return [
    { name: "tofro_agent_info", labels: own, value: 1 },
    { name: "tofro_agent_start_time_seconds", labels: own, value: seconds(agent.startedMs) },
    { name: "tofro_agent_controller_connected", labels: own, value: agent.isConnected ? 1 : 0 },
    { name: "tofro_agent_choice_epoch", labels: own, value: agent.epoch },
    { name: "tofro_agent_trouble", labels: own, value: agent.isTroubled ? 1 : 0 },
    { name: "tofro_agent_repairs_total", labels: own, value: agent.repairs },
    { name: "tofro_carried_bytes_per_second", labels: own, value: octets(carried?.bps) },
    { name: "tofro_carried_limit_bytes_per_second", labels: own, value: octets(carries?.rateBps) },
    { name: "tofro_carried_month_bytes", labels: own, value: carried?.monthBytes },
    { name: "tofro_carried_month_limit_bytes", labels: own, value: carries?.monthBytes },
    ...links.flatMap(({ tunnel, from, condition, figures }): Metric[] => {
      const labels = { from, to: node, tunnel };
      const minute = figures?.losses.at(-1);
      const loss = minute === undefined || minute.sent === 0 ? undefined : minute.lost / minute.sent;
      const isUp = condition === "up" ? 1 : 0;
      return [
        { name: "tofro_link_up", labels, value: condition === "unheard" ? undefined : isUp },
        { name: "tofro_link_jitter_seconds", labels, value: seconds(figures?.jitterMs) },
        { name: "tofro_link_loss_ratio", labels, value: condition === "down" ? 1 : loss },
      ];
    }),
    ...tunnels.flatMap(({ tunnel, peer, received, sent }): Metric[] => {
      const labels = { node, peer, tunnel };
      return [
        { name: "tofro_tunnel_received_bytes_total", labels, value: received },
        { name: "tofro_tunnel_sent_bytes_total", labels, value: sent },
      ];
    }),
  ];
}

const octets = (bits: number | undefined): number | undefined => bits && bits / 8;
