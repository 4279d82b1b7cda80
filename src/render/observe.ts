// The shell script that tells one machine's state in one round trip. It reads only, and prints no key.
import { NFT_TABLE, ROUTE_PROTOCOL, type NodeState } from "../core/node-state.ts";
import { ETC } from "./change.ts";
import { nftScript } from "./nftables.ts";

/** For `sh -s`; sections begin with `== name`. What is missing on the machine leaves its section empty. */
export function observeScript(state: NodeState): string {
  const keys = state.sysctls.map(({ key }) => key);
  return [
    "PATH=$PATH:/usr/sbin:/sbin; export LC_ALL=C",
    section(
      "commands",
      "for each in ip wg nft sysctl unshare; do command -v $each >/dev/null || echo $each; done",
    ),
    section("root", "id -u"),
    section(
      "wireguard",
      "if [ -e /sys/module/wireguard ] || modprobe -qn wireguard; then echo kernel; elif command -v wireguard-go >/dev/null && [ -e /dev/net/tun ]; then echo userspace; fi",
    ),
    section("systemd", "[ ! -d /run/systemd/system ] || echo yes"),
    section("links", "ip -j -d link show"),
    section("addresses", "ip -j address show"),
    section("routes4", `ip -4 -j route show table all proto ${ROUTE_PROTOCOL}`),
    section("routes6", `ip -6 -j route show table all proto ${ROUTE_PROTOCOL}`),
    section("rules4", "ip -4 -j -d rule show"),
    section("rules6", "ip -6 -j -d rule show"),
    ...["public-key", "listen-port", "peers", "allowed-ips", "endpoints", "persistent-keepalive"].map(
      (what) => section(what, `wg show all ${what}`),
    ),
    // The key itself stays on the machine; 64 bits of a hash of 256 random bits tell nothing of it.
    section(
      "preshared-keys",
      "for each in $(wg show interfaces); do echo $each $(wg show $each preshared-keys | cut -f2 | sha256sum | cut -c1-16); done",
    ),
    section("sysctls", `for each in ${keys.join(" ")}; do echo $each $(sysctl -n $each); done`),
    section("accept-ra", "grep -s . /proc/sys/net/ipv6/conf/*/accept_ra"),
    section("was", `cat ${ETC}/was`),
    section("was-now", `cut -d' ' -f1 ${ETC}/was | while read each; do echo $each $(sysctl -n $each); done`),
    section("firewall", `nft -s list table inet ${NFT_TABLE}`),
    // In a network of its own, so that this machine's nft prints the plan's table as it would print it once loaded.
    section(
      "firewall-wanted",
      `unshare --net sh -c 'nft -f - && nft -s list table inet ${NFT_TABLE}' <<'NFT'\n${nftScript(state)}NFT`,
    ),
    section("node-key", `[ ! -e ${ETC}/private.key ] || wg pubkey <${ETC}/private.key`),
    section("up-script", `[ ! -e ${ETC}/up ] || sha256sum <${ETC}/up`),
    "echo '== end'",
    "",
  ].join("\n");
}

const section = (name: string, command: string): string => `echo '== ${name}'\n{ ${command}\n} 2>/dev/null`;
