// The command against a rule of another firewall: put before it, by the means of whoever made it.
import type { Address, Family } from "../address.ts";
import type { Facts } from "./facts.ts";
import type { FindingCode } from "./finding.ts";
import type { BaseChain } from "./ruleset.ts";
import type { Place } from "./walk-chain.ts";

/** What is in the way of which packets. */
export interface Obstacle {
  readonly code: FindingCode;
  readonly base: BaseChain;
  readonly place: Place;
  readonly packets: Packets;
  /** The rule that lets them pass by another interface. */
  readonly elsewhere?: Place;
}

/** As few as will do. */
export interface Packets {
  readonly family: Family;
  readonly in?: string;
  readonly out?: string;
  readonly source?: Address;
  readonly destination?: Address;
  /** Says which are meant where no interface can. */
  readonly orSource?: Address;
  readonly protocol?: "tcp" | "udp" | "icmp" | "ipv6-icmp";
  readonly dport?: number;
  readonly isAnswer?: boolean;
}

export interface Mend {
  readonly mend: readonly string[];
  readonly lasting?: string;
}

export function mendOf(facts: Facts, obstacle: Obstacle): Mend {
  const { base } = obstacle;
  if (facts.hasFirewalld && base.table === "firewalld") return firewalld(obstacle);
  const isUfws = facts.hasUfw && isUfw(facts, base);
  const line = isUfws ? ufw(obstacle) : undefined;
  if (line !== undefined) return { mend: [line] };
  if (!isIptables(facts, base)) {
    return {
      mend: [nft(obstacle, chainFor(facts, obstacle))],
      lasting: `put the rule first in that chain in /etc/nftables.conf, or wherever table ${base.family} ${base.table} is loaded from`,
    };
  }
  const files = base.family === "ip6" ? "/etc/ufw/before6.rules" : "/etc/ufw/before.rules";
  return {
    mend: [iptables(facts, obstacle)],
    lasting: isUfws
      ? `put the rule into ${files} too, before its first`
      : "netfilter-persistent save (Debian: package iptables-persistent)",
  };
}

/** Chains as iptables names them, and a command that makes rules there. */
const isIptables = (facts: Facts, { family, name, table, isLegacy }: BaseChain): boolean =>
  isLegacy === true ||
  (facts.iptables !== undefined &&
    (family === "ip" || family === "ip6") &&
    ["filter", "nat", "raw", "mangle", "security"].includes(table) &&
    name === name.toUpperCase());

const isUfw = ({ ruleset }: Facts, base: BaseChain): boolean =>
  ruleset.chain(base, base.family === "ip6" ? "ufw6-before-forward" : "ufw-before-forward") !== undefined;

/** Docker writes its own rules before others' again and again, and leaves this chain to the user. */
function chainFor({ ruleset }: Facts, { base }: Obstacle): string {
  const isDocker = base.hook === "forward" && ruleset.chain(base, "DOCKER-USER") !== undefined;
  return isDocker ? "DOCKER-USER" : base.name;
}

/** Only what the hook knows. */
function usable({ base, packets }: Obstacle): Packets {
  const { in: enter, out, orSource, ...rest } = packets;
  const ways = {
    ...(enter === undefined || base.hook === "output" || base.hook === "postrouting" ? {} : { in: enter }),
    ...(out === undefined || base.hook === "prerouting" || base.hook === "input" ? {} : { out }),
  };
  const needsSource = Object.keys(ways).length === 0 && orSource !== undefined;
  return { ...rest, ...ways, ...(needsSource ? { source: orSource } : {}) };
}

function nft(obstacle: Obstacle, chain: string): string {
  const { base } = obstacle;
  const { family, in: enter, out, source, destination, protocol, dport, isAnswer } = usable(obstacle);
  const ip = family === 4 ? "ip" : "ip6";
  const words = [
    ...(enter === undefined ? [] : [`iifname "${enter}"`]),
    ...(out === undefined ? [] : [`oifname "${out}"`]),
    ...(source === undefined ? [] : [`${ip} saddr ${source}`]),
    ...(destination === undefined ? [] : [`${ip} daddr ${destination}`]),
    ...(dport !== undefined
      ? [`${protocol} dport ${dport}`]
      : protocol === undefined
        ? []
        : [`meta l4proto ${protocol}`]),
    ...(isAnswer === true ? ["ct state established,related"] : []),
  ];
  return `nft 'insert rule ${base.family} ${base.table} ${chain} ${words.join(" ")} accept'`;
}

function iptables(facts: Facts, obstacle: Obstacle): string {
  const { base } = obstacle;
  const { in: enter, out, source, destination, protocol, dport, isAnswer } = usable(obstacle);
  const name = base.family === "ip6" ? "ip6tables" : "iptables";
  // The plain name is one of the two, as the machine's alternatives say.
  const command =
    base.isLegacy === true
      ? facts.hasIptablesLegacy && facts.iptables !== "legacy"
        ? `${name}-legacy`
        : name
      : facts.iptables === "legacy"
        ? `${name}-nft`
        : name;
  const words = [
    ...(base.table === "filter" ? [] : ["-t", base.table]),
    "-I",
    chainFor(facts, obstacle),
    ...(enter === undefined ? [] : ["-i", enter]),
    ...(out === undefined ? [] : ["-o", out]),
    ...(source === undefined ? [] : ["-s", source]),
    ...(destination === undefined ? [] : ["-d", destination]),
    ...(protocol === undefined ? [] : ["-p", protocol]),
    ...(dport === undefined ? [] : ["--dport", String(dport)]),
    ...(isAnswer === true ? ["-m conntrack --ctstate ESTABLISHED,RELATED"] : []),
  ];
  return `${command} ${words.join(" ")} -j ACCEPT`;
}

/** What ufw has words for; it keeps that across reboots. */
function ufw({ code, packets }: Obstacle): string | undefined {
  const { in: enter, out, source, destination, protocol, dport, isAnswer } = packets;
  if (code === "input-drop" && dport !== undefined) return `ufw allow ${dport}/udp`;
  if (code === "interface-bound" && dport !== undefined && enter !== undefined)
    return `ufw insert 1 allow in on ${enter} from ${source ?? "any"} to any port ${dport} proto ${protocol}`;
  // Answers of what it lets through are its own affair.
  if (code !== "forward-drop" || isAnswer === true) return undefined;
  if (destination !== undefined && dport !== undefined)
    return `ufw route allow proto ${protocol} to ${destination} port ${dport}`;
  const ways = [
    ...(enter === undefined ? [] : ["in on", enter]),
    ...(out === undefined ? [] : ["out on", out]),
  ];
  return `ufw route allow ${ways.join(" ")}`;
}

/**
 * firewalld makes its table anew at each reload, and what is put into it by hand is lost. A reload would in turn lose what its
 * owner has not made permanent, which may be the port of this very SSH connection: so each change is made twice, live and for good.
 */
function firewalld(obstacle: Obstacle): Mend {
  const { code, base, place, packets, elsewhere } = obstacle;
  const twice = (words: string): Mend => ({
    mend: [`firewall-cmd ${words}`, `firewall-cmd --permanent ${words}`],
  });
  const zone = zoneOf(place);
  const inZone = zone === undefined ? "" : `--zone=${zone} `;
  const names = [...new Set([packets.in, packets.out].filter((name) => name !== undefined))];
  const trusted = `--zone=trusted ${names.map((name) => `--change-interface=${name}`).join(" ")}`;
  switch (code) {
    case "input-drop":
      return packets.dport === undefined ? twice(trusted) : twice(`${inZone}--add-port=${packets.dport}/udp`);
    case "icmp-drop":
      return twice(`${inZone}--add-protocol=${packets.protocol}`);
    case "interface-bound":
      return twice(
        `--zone=${zoneOf(elsewhere ?? place) ?? "trusted"} --change-interface=${packets.in ?? packets.out}`,
      );
    case "forward-drop":
    case "rewrites-source":
      if (names.length > 0) return twice(trusted);
      return {
        mend: [nft(obstacle, base.name)],
        lasting: "firewalld forgets it when it reloads: put it into a policy of yours",
      };
    case "reverse-path-drop":
      return {
        mend: [
          nft(obstacle, base.name),
          "sed -i 's/^IPv6_rpfilter=.*/IPv6_rpfilter=no/' /etc/firewalld/firewalld.conf",
        ],
      };
    default:
      return {
        mend: [nft(obstacle, base.name)],
        lasting:
          "firewalld forgets it when it reloads; tofro's own table, put back by `tofro apply`, makes it needless",
      };
  }
}

const zoneOf = ({ chain }: Place): string | undefined =>
  /^(?:filter_IN|filter_FWD|nat_POST)_((?!policy_).+?)(?:_(?:pre|log|deny|allow|post))?$/.exec(
    chain.name,
  )?.[1];
