// Every metric that agents and the controller serve. Names and units as Prometheus wants them
// (https://prometheus.io/docs/practices/naming): seconds, bytes, ratios from 0 to 1, `_total` for what only counts up.

export interface Family {
  readonly type: "gauge" | "counter";
  readonly help: string;
}

export const FAMILIES = {
  tofro_agent_info: { type: "gauge", help: "1; says which node this agent is." },
  tofro_agent_start_time_seconds: { type: "gauge", help: "When the agent began, since 1970." },
  tofro_agent_controller_connected: {
    type: "gauge",
    help: "1 while the agent has a stream to the controller, else 0.",
  },
  tofro_agent_choice_epoch: { type: "gauge", help: "Number of the choice that the agent has installed." },
  tofro_agent_trouble: { type: "gauge", help: "1 while the machine is not as it should be, else 0." },
  tofro_agent_repairs_total: {
    type: "counter",
    help: "Times that something on the machine had to be put right.",
  },
  tofro_carried_bytes_per_second: {
    type: "gauge",
    help: "What the node carries for others; of nodes that the file sets a limit to.",
  },
  tofro_carried_limit_bytes_per_second: { type: "gauge", help: "The most that it may carry for long." },
  tofro_carried_month_bytes: {
    type: "gauge",
    help: "What the node has carried for others in this calendar month.",
  },
  tofro_carried_month_limit_bytes: { type: "gauge", help: "The most that it may carry in a month." },
  tofro_link_up: {
    type: "gauge",
    help: "1 while the receiving end hears the link, 0 while it is down; nothing until that is known.",
  },
  tofro_link_jitter_seconds: { type: "gauge", help: "p95 less p50 of the delay of the last 5 seconds." },
  tofro_link_loss_ratio: {
    type: "gauge",
    help: "Share of the test packets of the last minute that got lost in this direction.",
  },
  tofro_tunnel_received_bytes_total: { type: "counter", help: "Octets that came out of the tunnel here." },
  tofro_tunnel_sent_bytes_total: { type: "counter", help: "Octets that went into the tunnel here." },
  tofro_link_delay_seconds: {
    type: "gauge",
    help: "Likeliest typical one-way delay; clocks may falsify it between the lowest and the highest.",
  },
  tofro_link_delay_lowest_seconds: { type: "gauge", help: "The typical one-way delay is not below this." },
  tofro_link_delay_highest_seconds: { type: "gauge", help: "The typical one-way delay is not above this." },
  tofro_pair_delay_seconds: {
    type: "gauge",
    help: "Likeliest typical one-way delay of the way that a measured pair takes.",
  },
  tofro_pair_direct_delay_seconds: {
    type: "gauge",
    help: "The same by the direct tunnel; the difference is exact, whatever the clocks.",
  },
  tofro_pair_loss_ratio: { type: "gauge", help: "Share of packets lost on the way that the pair takes." },
  tofro_pair_hops: { type: "gauge", help: "Links of the way that the pair takes; 0 when there is none." },
  tofro_controller_agent_up: { type: "gauge", help: "1 while the node's agent is there, else 0." },
  tofro_controller_decisions_total: { type: "counter", help: "Moves of pairs that were told, by reason." },
  tofro_controller_relay_closed: {
    type: "gauge",
    help: "1 for a node that has carried as much as it may, and the reason: the rate or the month.",
  },
  tofro_controller_failovers_total: { type: "counter", help: "Times that a link went down." },
  tofro_controller_history_on_disk: {
    type: "gauge",
    help: "1 while the history is kept on the disk, 0 while in memory only.",
  },
} as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;
