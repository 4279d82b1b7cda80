// The shell script that tells the doctor what is on one machine, in one round trip. It changes nothing, and prints no key.
//
// What it sends: pings to the endpoints, as large as the tunnels' packets, and one byte of UDP where no handshake was answered.
import type { NodeState } from "../core/node-state.ts";
import { familyOf } from "../core/address.ts";
import { underlayKey } from "../core/doctor/facts-underlay.ts";
import { RESOLV_CONF, UPSTREAMS } from "../core/doctor/resolvers.ts";
import { OVERHEAD } from "../core/doctor/underlay.ts";
import { isOfUplink } from "../core/uplink-rules.ts";
import { wgShowAll } from "./wg-show.ts";

/** For `sh -s`; sections begin with `== name`. What is missing on the machine leaves its section empty. */
export function examineScript(state: NodeState): string {
  const hosts = new Map(
    state.interfaces.flatMap(({ peer: { endpoint }, fwmark }) =>
      endpoint === undefined
        ? []
        : [[underlayKey(endpoint.host, fwmark), { host: endpoint.host, fwmark }] as const],
    ),
  );
  const names = state.interfaces.map(({ name }) => name).join(" ");
  return [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    section(
      "commands",
      "for each in ip wg nft sysctl unshare flock ping; do command -v $each >/dev/null || echo $each; done",
    ),
    section("root", "id -u"),
    section("now", "date +%s"),
    section(
      "wireguard",
      "if [ -e /sys/module/wireguard ] || modprobe -qn wireguard; then echo kernel; elif command -v wireguard-go >/dev/null && [ -e /dev/net/tun ]; then echo userspace; fi",
    ),
    section("links", "ip -j -d link show"),
    section("addresses", "ip -j address show"),
    section("routes4", "ip -4 -j route show table all"),
    section("routes6", "ip -6 -j route show table all"),
    section("rules4", "ip -4 -j -d rule show"),
    section("rules6", "ip -6 -j -d rule show"),
    ...["public-key", "listen-port", "endpoints", "latest-handshakes", "transfer"].map((what) =>
      section(`wg-${what}`, wgShowAll(what)),
    ),
    section("sockets", "ss -Hlnup"),
    section(
      "endpoints",
      `targets=\n${[...hosts].map(([key, each]) => endpointLines(key, each)).join("\n") || ":"}`,
    ),
    section(
      "resolvers",
      `for each in ${RESOLV_CONF} ${UPSTREAMS}; do [ ! -e $each ] || awk '$1 == "nameserver" { print FILENAME, $2 }' $each; done`,
    ),
    section("uplinks", uplinkLines(state).join("\n") || ":"),
    section("room", roomLines(state)),
    section("closed", closedLines(state)),
    section("nft-json", "nft -j list ruleset"),
    section("nft-text", "nft -a list ruleset"),
    section("legacy4", legacyLines("iptables", "ip_tables_names")),
    section("legacy6", legacyLines("ip6tables", "ip6_tables_names")),
    section("unseen-tables", UNSEEN_TABLES),
    section(
      "sysctls",
      "grep -s . /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra /proc/sys/net/ipv6/conf/*/disable_ipv6",
    ),
    section(
      "sysctl-files",
      "grep -HnsE '^[[:space:]]*-?[[:space:]]*net[./](ipv4|ipv6)[./](ip_forward|conf)' /etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf",
    ),
    // The kernel cuts names of processes at 15 bytes.
    section("networkd", "! grep -qsx systemd-network /proc/[0-9]*/comm || echo yes"),
    section(
      "networkd-conf",
      "grep -HsE '^[[:space:]]*ManageForeign' /etc/systemd/networkd.conf /usr/lib/systemd/networkd.conf.d/*.conf /run/systemd/networkd.conf.d/*.conf /etc/systemd/networkd.conf.d/*.conf",
    ),
    section(
      "networkd-links",
      `for each in ${names}; do [ ! -e /sys/class/net/$each ] || echo $each $(grep -shE '^(ADMIN_STATE|NETWORK_FILE)=' /run/systemd/netif/links/$(cat /sys/class/net/$each/ifindex)); done`,
    ),
    section(
      "networkd-match",
      `awk 'FNR == 1 { on = 0 } /^[[:space:]]*\\[/ { on = /\\[(Match|Link)\\]/ } on && !/^[[:space:]]*([#;]|$)/ { print FILENAME ":" $0 }' /dev/null $(ls /etc/systemd/network/*.network /run/systemd/network/*.network /usr/local/lib/systemd/network/*.network /usr/lib/systemd/network/*.network)`,
    ),
    section("networkmanager", "! grep -qsx NetworkManager /proc/[0-9]*/comm || echo yes"),
    section("nmcli", "nmcli -t -f DEVICE,STATE device"),
    section(
      "networkmanager-conf",
      "grep -HsE '^[[:space:]]*unmanaged-devices' /etc/NetworkManager/NetworkManager.conf /usr/lib/NetworkManager/conf.d/*.conf /run/NetworkManager/conf.d/*.conf /etc/NetworkManager/conf.d/*.conf",
    ),
    section("iptables", "iptables -V"),
    section("iptables-legacy", '[ -z "$(command -v iptables-legacy)" ] || echo yes'),
    section("ufw", '[ -z "$(command -v ufw)" ] || echo yes'),
    section("firewalld", '[ -z "$(command -v firewall-cmd)" ] || echo yes'),
    "echo '== end'",
    "",
  ].join("\n");
}

/** Of each table and family that an uplink's tunnels are led by, the device of a route. */
const uplinkLines = ({ rules }: NodeState): string[] =>
  rules.filter(isOfUplink).flatMap(({ table, from }) => {
    if (typeof table !== "number") return [];
    const family = familyOf(from);
    return [
      `ip -${family} route show table ${table} | sed -n 's/.* dev \\([^ ]*\\).*/${table} ${family} \\1/p' | head -n 1`,
    ];
  });

/** What tunnels mark their own packets with that go by no uplink of their own, so that pings go the same way. */
const markOf = ({ interfaces }: NodeState): number | undefined =>
  interfaces.find((each) => each.fwmark !== undefined && !isOfUplink(each))?.fwmark;

/** The resolver's addresses of a host, each with the route that the tunnel's own packets take to it. */
const endpointLines = (
  key: string,
  { host, fwmark: mark }: { readonly host: string; readonly fwmark: number | undefined },
): string =>
  [
    `echo 'host ${key}'`,
    `for each in $(getent ahosts '${host}' | awk '{ print $1 }' | sort -u); do`,
    `  echo "address $each $(ip -j route get $each${mark === undefined ? "" : ` mark ${mark}`} | tr -d '\\n')"`,
    '  targets="$targets $each"',
    "done",
  ].join("\n");

/** IP packets in bytes; the last is the least that IPv6 must have. */
const SIZES = [
  1500, 1492, 1488, 1480, 1476, 1472, 1468, 1460, 1454, 1450, 1440, 1430, 1420, 1410, 1400, 1380, 1360, 1340,
  1320, 1300, 1280,
];
/** A machine with more endpoints is busy enough. */
const MOST_TARGETS = 40;

/**
 * How large a packet comes through to each endpoint and to where each tunnel's peer is now, with "don't fragment" set.
 * All at once: one small ping and one as large as is needed; where only the small one is answered, one of each size between.
 * Three tries each, so that a lossy way is not taken for a narrow one; over in 4 seconds, whatever is or is not answered.
 */
function roomLines(state: NodeState): string {
  const { interfaces } = state;
  const mark = markOf(state);
  const marked = mark === undefined ? "" : ` -m ${mark}`;
  const inner = Math.max(...interfaces.map(({ mtu }) => mtu), 0);
  const branch = (family: 4 | 6, headers: number): string => {
    const need = inner + OVERHEAD[family];
    const sizes = SIZES.filter((size) => size < need).join(" ");
    return `headers=${headers}; need=${need}; sizes='${sizes}'`;
  };
  return [
    `targets=$(printf '%s\\n' $targets $(${wgShowAll("endpoints")} | cut -f3 | sed -n 's/^\\[*\\([^]]*\\)\\]*:[0-9]*$/\\1/p') | sort -u | head -n ${MOST_TARGETS})`,
    `family() { case $1 in *:*) ${branch(6, 48)};; *) ${branch(4, 28)};; esac; }`,
    `try() { if ping -n -q${marked} -M do -c 3 -i 0.2 -W 1 -s $(($2 - headers)) $1 >/dev/null; then echo "$1 $2 yes"; else echo "$1 $2 no"; fi; }`,
    "first=$(for each in $targets; do family $each; try $each 128 & try $each $need & done; wait)",
    'echo "$first"',
    "for each in $targets; do",
    "  family $each",
    '  case "$first" in *"$each 128 yes"*) ;; *) continue ;; esac',
    '  case "$first" in *"$each $need yes"*) continue ;; esac',
    "  for size in $sizes; do try $each $size & done",
    "done",
    "wait",
  ].join("\n");
}

/** WireGuard is silent to what it does not know; a port where nothing listens is not, unless a firewall is. */
const closedLines = ({ interfaces }: NodeState): string =>
  [
    ...interfaces.flatMap(({ name, fwmark, peer: { endpoint } }) =>
      // Where the tunnels' own packets are marked, bash cannot send one that goes the same way.
      endpoint === undefined || fwmark !== undefined
        ? []
        : [
            `{ wg show ${name} latest-handshakes | grep -q '\t0$' && { timeout 3 bash -c 'if exec 3<>"/dev/udp/${endpoint.host}/${endpoint.port}"; then printf x >&3; sleep 0.7; printf x >&3; fi'; [ $? = 1 ]; } && echo ${name}; } &`,
          ],
    ),
    "wait",
  ].join("\n");

/** Of the old tables only those that are there: to ask for one makes it. Files of /proc have no size. */
const legacyLines = (command: string, names: string): string =>
  `! grep -q . /proc/net/${names} || ${command}-legacy-save || { ${command}-save -V | grep -qv nf_tables && ${command}-save; }`;

const UNSEEN_TABLES = ["iptables ip_tables_names", "ip6tables ip6_tables_names"]
  .map((pair) => {
    const [command, names] = pair.split(" ");
    return `! grep -q . /proc/net/${names} || command -v ${command}-legacy-save >/dev/null || ${command}-save -V | grep -qv nf_tables || echo "/proc/net/${names}: $(tr '\\n' ' ' </proc/net/${names})"`;
  })
  .join("\n");

const section = (name: string, command: string): string => `echo '== ${name}'\n{ ${command}\n} 2>/dev/null`;
