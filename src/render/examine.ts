// The shell script that tells the doctor what is on one machine, in one round trip. It reads only, and prints no key.
import type { NodeState } from "../core/node-state.ts";

/** For `sh -s`; sections begin with `== name`. What is missing on the machine leaves its section empty. */
export function examineScript(state: NodeState): string {
  const hosts = [...new Set(state.interfaces.flatMap(({ peer }) => peer.endpoint?.host ?? []))];
  return [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    section("commands", "for each in ip wg nft sysctl; do command -v $each >/dev/null || echo $each; done"),
    section("root", "id -u"),
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
      section(what, `wg show all ${what}`),
    ),
    section("sockets", "ss -Hlnup"),
    section("endpoints", hosts.map(endpointLines).join("\n") || ":"),
    section("nft-json", "nft -j list ruleset"),
    section("nft-text", "nft -a list ruleset"),
    section(
      "sysctls",
      "grep -s . /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/*/forwarding /proc/sys/net/ipv6/conf/*/accept_ra",
    ),
    section(
      "sysctl-files",
      "grep -HnsE '^[[:space:]]*-?[[:space:]]*net[./](ipv4|ipv6)[./](ip_forward|conf)' /etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf",
    ),
    section("networkd", "[ ! -e /run/systemd/netif/state ] || echo yes"),
    section(
      "networkd-conf",
      "grep -HsE '^[[:space:]]*ManageForeign' /etc/systemd/networkd.conf /usr/lib/systemd/networkd.conf.d/*.conf /run/systemd/networkd.conf.d/*.conf /etc/systemd/networkd.conf.d/*.conf",
    ),
    section("networkd-links", "networkctl --no-legend --no-pager list"),
    section("networkd-files", NETWORK_FILES),
    section("networkmanager", "[ ! -d /run/NetworkManager ] || echo yes"),
    section("nmcli", "nmcli -t -f DEVICE,STATE device"),
    section(
      "networkmanager-conf",
      "grep -HsE '^[[:space:]]*unmanaged-devices' /etc/NetworkManager/NetworkManager.conf /usr/lib/NetworkManager/conf.d/*.conf /run/NetworkManager/conf.d/*.conf /etc/NetworkManager/conf.d/*.conf",
    ),
    section("iptables", '[ -z "$(command -v iptables)" ] || echo yes'),
    section("ufw", '[ -z "$(command -v ufw)" ] || echo yes'),
    section("firewalld", '[ -z "$(command -v firewall-cmd)" ] || echo yes'),
    "echo '== end'",
    "",
  ].join("\n");
}

/** By name, one in /etc hides those of the same name elsewhere (systemd.network(5)). */
const NETWORK_FILES = [
  "for each in $(ls /etc/systemd/network /run/systemd/network /usr/local/lib/systemd/network /usr/lib/systemd/network | grep '[.]network$' | sort -u); do",
  "  for folder in /etc /run /usr/local/lib /usr/lib; do",
  "    [ -e $folder/systemd/network/$each ] || continue",
  `    awk '/^[[]/ { section = $0; gsub(/[^A-Za-z]/, "", section) } /^[A-Z]/ && section == "Match" || /^Unmanaged/ && section == "Link" { print FILENAME ":" section ":" $0 }' $folder/systemd/network/$each`,
  "    break",
  "  done",
  "done",
].join("\n");

/** The resolver's addresses of a host, each with the route that the machine takes to it. */
const endpointLines = (host: string): string =>
  [
    `echo 'host ${host}'`,
    `getent ahosts '${host}' | awk '{ print $1 }' | sort -u | while read each; do echo "address $each $(ip -j route get $each | tr -d '\\n')"; done`,
  ].join("\n");

const section = (name: string, command: string): string => `echo '== ${name}'\n{ ${command}\n} 2>/dev/null`;
