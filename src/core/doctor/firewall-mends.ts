// The command against a rule of another firewall: put before it, by the means of whoever made it.
import type { Facts } from "./facts.ts";
import type { Flow } from "./flows.ts";
import type { BaseChain } from "./ruleset.ts";
import type { Place } from "./walk-chain.ts";

export type Obstacle =
  | {
      readonly kind: "forward-drop" | "invalid-drop" | "reverse-path-drop" | "rewrites-source" | "icmp-drop";
      readonly base: BaseChain;
      readonly flow: Flow;
      readonly place: Place;
    }
  | { readonly kind: "input-drop"; readonly base: BaseChain; readonly place: Place; readonly port: number };

export function mendsOf(facts: Facts, obstacle: Obstacle): string[] {
  if (facts.hasFirewalld && obstacle.base.table === "firewalld") return firewalld(obstacle);
  if (facts.hasUfw && isUfw(facts, obstacle.base)) {
    const lines = ufw(obstacle);
    if (lines.length > 0) return lines;
  }
  if (facts.hasIptables && isIptables(obstacle.base)) return [iptables(facts, obstacle)];
  const { base } = obstacle;
  return [
    `nft insert rule ${base.family} ${base.table} ${chainFor(facts, obstacle)} ${nftMatch(obstacle)} accept`,
  ];
}

/** Chains as iptables names them. */
const isIptables = ({ family, name, table }: BaseChain): boolean =>
  (family === "ip" || family === "ip6") &&
  ["filter", "nat", "raw", "mangle", "security"].includes(table) &&
  name === name.toUpperCase();

const isUfw = ({ ruleset }: Facts, base: BaseChain): boolean =>
  ruleset.chain(base, base.family === "ip6" ? "ufw6-before-forward" : "ufw-before-forward") !== undefined;

/** Docker writes its own rules before others' again and again, and leaves this chain to the user. */
function chainFor({ ruleset }: Facts, { base, kind }: Obstacle): string {
  const isForward = base.hook === "forward" && (kind === "forward-drop" || kind === "invalid-drop");
  return isForward && ruleset.chain(base, "DOCKER-USER") !== undefined ? "DOCKER-USER" : base.name;
}

function nftMatch(obstacle: Obstacle): string {
  if (obstacle.kind === "input-drop") return `udp dport ${obstacle.port}`;
  const { flow, base } = obstacle;
  if (obstacle.kind === "icmp-drop")
    return `iifname "${flow.in}" meta l4proto ${flow.family === 4 ? "icmp" : "ipv6-icmp"}`;
  const enter =
    flow.in === undefined || (base.hook === "postrouting" && obstacle.kind === "rewrites-source")
      ? []
      : [`iifname "${flow.in}"`];
  const leave = flow.out === undefined || base.hook === "prerouting" ? [] : [`oifname "${flow.out}"`];
  const words = [...enter, ...leave];
  return words.length > 0 ? words.join(" ") : `ip${flow.family === 6 ? "6" : ""} saddr ${flow.source}`;
}

function iptables(facts: Facts, obstacle: Obstacle): string {
  const { base } = obstacle;
  const command = base.family === "ip6" ? "ip6tables" : "iptables";
  const table = base.table === "filter" ? "" : ` -t ${base.table}`;
  return `${command}${table} -I ${chainFor(facts, obstacle)} ${iptablesMatch(obstacle)} -j ACCEPT`;
}

function iptablesMatch(obstacle: Obstacle): string {
  if (obstacle.kind === "input-drop") return `-p udp --dport ${obstacle.port}`;
  const { flow, base } = obstacle;
  if (obstacle.kind === "icmp-drop") return `-i ${flow.in} -p ${flow.family === 4 ? "icmp" : "ipv6-icmp"}`;
  const enter = flow.in === undefined || base.hook === "postrouting" ? [] : [`-i ${flow.in}`];
  const leave = flow.out === undefined || base.hook === "prerouting" ? [] : [`-o ${flow.out}`];
  const words = [...enter, ...leave];
  return words.length > 0 ? words.join(" ") : `-s ${flow.source}`;
}

function ufw(obstacle: Obstacle): string[] {
  if (obstacle.kind === "input-drop") return [`ufw allow ${obstacle.port}/udp`];
  if (obstacle.kind !== "forward-drop") return [];
  const { flow } = obstacle;
  const enter = flow.in === undefined ? [] : [`in on ${flow.in}`];
  const leave = flow.out === undefined ? [] : [`out on ${flow.out}`];
  return [`ufw route allow ${[...enter, ...leave].join(" ")}`];
}

/** firewalld makes its table anew at each reload: what is put into it by hand is lost. */
function firewalld(obstacle: Obstacle): string[] {
  const reload = "firewall-cmd --reload";
  if (obstacle.kind === "input-drop")
    return [`firewall-cmd --permanent --add-port=${obstacle.port}/udp`, reload];
  if (obstacle.kind === "reverse-path-drop")
    return ["sed -i 's/^IPv6_rpfilter=.*/IPv6_rpfilter=no/' /etc/firewalld/firewalld.conf", reload];
  const { flow } = obstacle;
  if (obstacle.kind === "rewrites-source")
    return [`firewall-cmd --permanent --zone=trusted --add-interface=${flow.out ?? flow.in}`, reload];
  const names = [...new Set([flow.in, flow.out].filter((name) => name !== undefined))];
  return [
    `firewall-cmd --permanent --zone=trusted ${names.map((name) => `--add-interface=${name}`).join(" ")}`,
    reload,
  ];
}
