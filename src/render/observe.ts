// The shell script that tells one machine's state in one round trip. It reads only, and prints no key.
import { familyOf, lengthOf, type Family, type Prefix } from "../core/address.ts";
import { NFT_TABLE, ROUTE_PROTOCOL, type NodeState } from "../core/node-state.ts";
import { AGENT_RUN, HELD } from "./agent.ts";
import { ETC } from "./change.ts";
import { nftScript } from "./nftables.ts";
import { wgShowAll } from "./wg-show.ts";

/** For `sh -s`; sections begin with `== name`. What is missing on the machine leaves its section empty. `agent`: asks for it, too. */
export function observeScript(state: NodeState, { agent = false } = {}): string {
  const keys = state.sysctls.map(({ key }) => key);
  return [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    section(
      "commands",
      "for each in ip wg nft sysctl unshare flock ping; do command -v $each >/dev/null || echo $each; done",
    ),
    section("root", "id -u"),
    section(
      "wireguard",
      "if [ -e /sys/module/wireguard ] || modprobe -qn wireguard; then echo kernel; elif command -v wireguard-go >/dev/null && [ -e /dev/net/tun ]; then echo userspace; fi",
    ),
    section("dummy", "[ ! -e /sys/module/dummy ] && ! modprobe -qn dummy || echo yes"),
    section("systemd", "[ ! -d /run/systemd/system ] || echo yes"),
    needed("links", "ip -j -d link show"),
    needed("addresses", "ip -j address show"),
    needed("routes4", `ip -4 -j route show table all proto ${ROUTE_PROTOCOL}`),
    needed("routes6", `${IF_IPV6} ip -6 -j route show table all proto ${ROUTE_PROTOCOL}`),
    needed("rules4", "ip -4 -j -d rule show"),
    needed("rules6", `${IF_IPV6} ip -6 -j -d rule show`),
    needed("in-the-way", inTheWay(state)),
    ...[
      "public-key",
      "listen-port",
      "fwmark",
      "peers",
      "allowed-ips",
      "endpoints",
      "persistent-keepalive",
    ].map((what) => section(what, wgShowAll(what))),
    // The key itself stays on the machine; 64 bits of a hash of 256 random bits tell nothing of it.
    section(
      "preshared-keys",
      "for each in $(wg show interfaces); do echo $each $(wg show $each preshared-keys | cut -f2 | sha256sum | cut -c1-16); done",
    ),
    section("sysctls", `for each in ${keys.join(" ")}; do echo $each $(sysctl -n $each); done`),
    section("accept-ra", "grep -s . /proc/sys/net/ipv6/conf/*/accept_ra"),
    section("was", `cat ${ETC}/was`),
    section("was-now", `cut -d' ' -f1 ${ETC}/was | while read each; do echo $each $(sysctl -n $each); done`),
    needed(
      "firewall",
      `tables=$(nft list tables inet) && case "$tables" in *"table inet ${NFT_TABLE}"*) nft -s list table inet ${NFT_TABLE};; esac`,
    ),
    // In a network of its own, so that this machine's nft prints the plan's table as it would print it once loaded.
    section(
      "firewall-wanted",
      `unshare --net sh -c 'nft -f - && nft -s list table inet ${NFT_TABLE}' <<'NFT'\n${nftScript(state)}NFT`,
    ),
    section("node-key", `[ ! -e ${ETC}/private.key ] || wg pubkey <${ETC}/private.key`),
    // Without the key, which a node may keep to itself.
    section(
      "kept",
      `cd ${ETC} && [ "$(ls)" != private.key ] && for each in *; do [ $each = private.key ] || sha256sum $each; done | sha256sum`,
    ),
    section("unit", "[ ! -d /run/systemd/system ] || systemctl is-enabled tofro.service"),
    ...(agent
      ? [
          section("node", "command -v node && node --version"),
          // Of one that does not run it says nothing.
          section("held", `kill -0 $(cat ${AGENT_RUN}/pid) && cat ${HELD}`),
        ]
      : []),
    "echo '== end'",
    "",
  ].join("\n");
}

const IF_IPV6 = "[ ! -d /proc/sys/net/ipv6 ] ||";

const section = (name: string, command: string): string => `echo '== ${name}'\n{ ${command}\n} 2>/dev/null`;

/** One that fails must not look like one that found nothing. */
const needed = (name: string, command: string): string =>
  `${section(name, command)} || echo '== failed ${name}'`;

/** Routes of others that `ip route replace` would take for the one to be replaced: same prefix, table and metric. */
function inTheWay(state: NodeState): string {
  const wanted = (family: Family): string =>
    state.routes
      .filter(({ prefix }) => familyOf(prefix) === family)
      .map(({ prefix, table }) => `${asListed(prefix)} ${table}\n`)
      .join("");
  const list = (family: Family, metric: string): string =>
    `ip -${family} route show table all | awk '${COLLIDE}' metric=${metric} - 3<<'WANTED'\n${wanted(family)}WANTED`;
  return `${list(4, "")}\n${IF_IPV6} ${list(6, "1024")}`;
}

/** As `ip route` says it. */
const asListed = (prefix: Prefix): string =>
  lengthOf(prefix) === 0 ? "default" : prefix.replace(familyOf(prefix) === 4 ? /\/32$/ : /\/128$/, "");

const COLLIDE = [
  `BEGIN { while ((getline line <"/dev/fd/3") > 0) want[line] = 1 }`,
  `/ proto ${ROUTE_PROTOCOL} / || /^(local|broadcast|multicast|anycast) / { next }`,
  `{ dst = $1 ~ /^(unicast|unreachable|blackhole|prohibit|throw)$/ ? $2 : $1; table = "main"; has = "" }`,
  `{ for (i = 2; i < NF; i++) { if ($i == "table") table = $(i + 1); if ($i == "metric") has = $(i + 1) } }`,
  `has == metric && ((dst " " table) in want)`,
].join("\n");
