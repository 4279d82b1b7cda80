// Scripts of a trace: counters for its packets in a table of our own that goes by itself, and what machines say besides.
import { familyOf } from "../core/address.ts";
import { flowKey, repliesOf, requestsOf, type Flow, type Probe } from "../core/trace/probe.ts";
import { STATIONS, type Station } from "../core/trace/tap.ts";
import { temporaryTable } from "./temporary-table.ts";
import { wgShowAll } from "./wg-show.ts";

const HOOKS: Readonly<Record<Station, { hook: string; priority: number; by: string }>> = {
  // Before everybody else, and behind everybody else.
  in: { hook: "prerouting", priority: -450, by: "iifname" },
  pass: { hook: "forward", priority: -450, by: "iifname" },
  here: { hook: "input", priority: -450, by: "iifname" },
  out: { hook: "postrouting", priority: 2_147_483_647, by: "oifname" },
};

/** Full packets are judged on their way there only: an answer of that size may be cut on its way back. */
const flowsOf = (probe: Probe): Flow[] =>
  probe.size === "small" ? [requestsOf(probe), repliesOf(probe)] : [requestsOf(probe)];

/** nft 1.0.6 aborts when it lists a set whose type is an expression (`icmp id`), so each flow has sets of its own. */
function tapCommands(table: string, probes: readonly Probe[]): string[] {
  const flows = probes.flatMap(flowsOf);
  return STATIONS.flatMap((station) => {
    const { hook, priority, by } = HOOKS[station];
    return [
      `add chain ${table} ${station} { type filter hook ${hook} priority ${priority}; policy accept; }`,
      ...flows.flatMap((flow) => {
        const set = `${station}_${flowKey(flow)}`;
        const family = familyOf(flow.source);
        const [icmp, ip] = family === 4 ? ["icmp", "ip"] : ["icmpv6", "ip6"];
        return [
          `add set ${table} ${set} { type ifname . ipv${family}_addr; flags dynamic; size 64; counter; }`,
          `add rule ${table} ${station} ${icmp} type echo-${flow.kind} ${icmp} id ${flow.probe.id} update @${set} { ${by} . ${ip} saddr }`,
        ];
      }),
    ];
  });
}

export interface TapJob {
  /** Names the table; letters and digits. */
  readonly token: string;
  readonly probes: readonly Probe[];
  /** Until the table goes by itself. */
  readonly timeoutS: number;
}

const tableOf = ({ token, probes, timeoutS }: TapJob) => {
  const table = `inet tofro_trace_${token}`;
  return temporaryTable({ table, token, timeoutS, commands: tapCommands(table, probes) });
};

/** Starts counting. */
export const armTapScript = (job: TapJob): string => script([tableOf(job).arm, evidenceLines]);

/** Tells the counts and stops; `watcher` is what arming printed. */
export const collectTapScript = (job: TapJob, watcher: number): string =>
  script([
    evidenceLines,
    section("tap", `nft -j list table inet tofro_trace_${job.token}`),
    tableOf(job).disarm(watcher),
  ]);

export interface RouteQuestion {
  readonly name: string;
  readonly destination: string;
  /** For forwarded packets. */
  readonly from?: { readonly source: string; readonly interface: string };
}

/** What the kernel itself says of packets: one line of `ip route get` a question. */
export const routeScript = (questions: readonly RouteQuestion[]): string =>
  script(
    questions.map(({ name, destination, from }) => {
      const rest = from === undefined ? "" : ` from ${from.source} iif ${from.interface}`;
      return `echo '== ${name}'\nip route get ${destination}${rest} 2>&1 | head -1`;
    }),
  );

const section = (name: string, command: string): string => `echo '== ${name}'\n{ ${command}\n} 2>/dev/null`;

const evidenceLines = [
  section("now", "date +%s"),
  section("links", "ip -s -j link show"),
  ...["transfer", "latest-handshakes", "endpoints", "allowed-ips"].map((what) =>
    section(what, wgShowAll(what)),
  ),
  section("kernel", "cat /proc/net/snmp /proc/net/netstat /proc/net/snmp6"),
  section("conntrack", "cat /proc/net/stat/nf_conntrack"),
  section("drops", "nft -a list ruleset"),
  section(
    "sysctls",
    "grep -s . /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding /proc/sys/net/ipv4/icmp_echo_ignore_all",
  ),
].join("\n");

const script = (lines: readonly string[]): string =>
  ["PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C", ...lines, "echo '== end'", ""].join("\n");
