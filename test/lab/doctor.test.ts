// The doctor on three nodes: settings, clashes, and firewalls written in nftables.
import { describe, expect, it } from "vitest";
import {
  A,
  B,
  breakAndMend,
  C,
  doctor,
  eachFinding,
  example,
  expectWell,
  FORWARD,
  FW,
  labFor,
  NO_FW,
  NO_TOFRO,
  oneOf,
  suffers,
  TOFRO,
  WELL,
  type Break,
} from "../support/doctor.ts";

const VPN =
  "ip link add vpn0 type veth peer name vpn1; ip link set vpn0 up; ip link set vpn1 up; ip address add 10.99.0.1/32 dev vpn0";

const HEALTHY: readonly (readonly [what: string, at: string, script: string, after: string])[] = [
  [
    "all=1, which tofro's own 2 beats",
    "b",
    "sysctl -qw net.ipv4.conf.all.rp_filter=1",
    "sysctl -qw net.ipv4.conf.all.rp_filter=0",
  ],
  ["INVALID dropped, with conntrack kept out", "b", FW(`${FORWARD} accept;`, "ct state invalid drop"), NO_FW],
  [
    "a masquerade of untracked transit",
    "b",
    FW("type nat hook postrouting priority srcnat; policy accept;", "masquerade"),
    NO_FW,
  ],
  [
    "a masquerade by the uplink alone",
    "b",
    FW("type nat hook postrouting priority srcnat; policy accept;", 'oifname "u-*" masquerade'),
    NO_FW,
  ],
  [
    "the loose reverse path",
    "c",
    FW("type filter hook prerouting priority raw; policy accept;", "fib saddr oif missing drop"),
    NO_FW,
  ],
  [
    "an input chain with its ports open",
    "b",
    FW(
      "type filter hook input priority filter; policy drop;",
      "ct state established,related accept; add rule inet fw c udp dport { 51820-51830 } accept; add rule inet fw c icmp type echo-request accept",
    ),
    NO_FW,
  ],
  [
    "its own address on a dummy's place",
    "a",
    `ip address add ${A}/32 dev lo`,
    `ip address del ${A}/32 dev lo`,
  ],
  [
    "a firewall with limits, block lists, and fragments dropped",
    "b",
    `nft -f - <<'END'
table inet fw {
  set blocked { type ipv4_addr; flags interval; elements = { 203.0.113.0/24, 192.0.2.64/26 } }
  chain in {
    type filter hook input priority filter; policy drop;
    ip saddr @blocked drop
    ip frag-off & 0x1fff != 0 drop
    ct state vmap { established : accept, related : accept, invalid : drop }
    iifname "lo" accept
    icmp type echo-request limit rate over 50/second drop
    meta l4proto icmp accept
    tcp dport 22 ct count over 20 reject
    tcp dport { 22, 80, 443 } accept
    iifname "u-*" udp dport 51820-51830 accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ip saddr @blocked drop
    iifname "wg-*" oifname "wg-*" accept
  }
}
END`,
    NO_FW,
  ],
  [
    "a VPN whose rules leave what the main table knows to it, as wg-quick's do",
    "a",
    `${VPN}; ip rule add priority 32764 lookup main suppress_prefixlength 0; ip rule add priority 32765 not fwmark 0xca6c lookup 51820; ip route add 198.18.0.0/15 dev vpn0 table 51820`,
    "ip link del vpn0; ip rule del priority 32764; ip rule del priority 32765",
  ],
  [
    "policy routing by the uplink's address, and a route that is wider than the overlay",
    "c",
    `${VPN}; ip rule add priority 200 from 198.51.100.0/24 lookup 200; ip route add 203.0.113.0/24 dev vpn0 table 200; ip route add 192.168.0.0/16 dev vpn0`,
    "ip link del vpn0; ip rule del priority 200",
  ],
];

const BREAKS: readonly Break[] = [
  {
    what: "a forward chain whose policy is drop",
    at: "b",
    script: FW(`${FORWARD} drop;`, "ct state established,related accept"),
    finds: { "b forward-drop": /inet fw c: type filter hook forward .* policy drop/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "a forward chain that rejects at its end",
    at: "b",
    script: FW(
      `${FORWARD} accept;`,
      'iifname "eth0" accept; add rule inet fw c reject with icmpx admin-prohibited',
    ),
    finds: { "b forward-drop": /inet fw c: reject with icmpx admin-prohibited/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "a forward chain that drops INVALID, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; ${FW(`${FORWARD} accept;`, "ct state invalid counter drop")}`,
    finds: { "b invalid-drop": /inet fw c: ct state invalid counter .*drop/ },
    hurts: "tcp",
    after: `${NO_FW}; ${TOFRO}`,
  },
  {
    what: "the reverse path by nftables",
    at: "c",
    script: FW(
      "type filter hook prerouting priority raw; policy accept;",
      "fib saddr . iif oif missing drop",
    ),
    finds: { "c reverse-path-drop": /inet fw c: fib saddr \. iif oif (missing|0) drop/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "strict rp_filter on a tunnel",
    at: "c",
    script: "sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.wg-b.rp_filter=0",
    finds: { "c strict-rp-filter": /conf\.all\.rp_filter = 1; net\.ipv4\.conf\.wg-b\.rp_filter = 0/ },
    hurts: "ping",
    after: "sysctl -qw net.ipv4.conf.all.rp_filter=0",
  },
  {
    what: "forwarding switched off",
    at: "b",
    script: "sysctl -qw net.ipv4.ip_forward=0",
    finds: { "b forwarding-off": /net\.ipv4\.ip_forward = 0/ },
    hurts: "ping",
  },
  {
    what: "a file that switches forwarding off at boot",
    at: "b",
    severity: "warning",
    script:
      "mkdir -p /etc/sysctl.d; printf '# hardening\\nnet.ipv4.ip_forward = 0\\n' >/etc/sysctl.d/60-hard.conf",
    finds: { "b sysctl-at-boot": /^\/etc\/sysctl\.d\/60-hard\.conf:2: net\.ipv4\.ip_forward = 0$/ },
  },
  {
    what: "a masquerade, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; ${FW("type nat hook postrouting priority srcnat; policy accept;", "masquerade")}`,
    finds: { "b rewrites-source": /inet fw c: masquerade/ },
    hurts: "path",
    after: `${NO_FW}; ${TOFRO}`,
  },
  {
    what: "a snat of the node's own packets",
    at: "a",
    script: FW(
      "type nat hook postrouting priority srcnat; policy accept;",
      'oifname "wg-*" snat ip to 10.9.9.9',
    ),
    finds: { "a rewrites-source": /inet fw c: oifname "wg-\*" snat ip to 10\.9\.9\.9/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "an input chain that drops WireGuard's ports",
    at: "b",
    script: FW("type filter hook input priority filter; policy accept;", "udp dport 51000-52000 drop"),
    finds: { "b input-drop": /inet fw c: udp dport 51000-52000 drop/ },
    hurts: "ping",
    to: B,
    after: NO_FW,
  },
  {
    what: "an input chain that drops ICMP",
    at: "c",
    severity: "warning",
    script: FW("type filter hook input priority filter; policy accept;", "meta l4proto icmp drop"),
    finds: { "c icmp-drop": /inet fw c: meta l4proto icmp drop/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "another node's overlay address",
    at: "a",
    script: `ip address add ${C}/32 dev lo`,
    finds: { "a address-taken": /192\.168\.51\.2\/32 dev lo/ },
    hurts: "tcp",
  },
  {
    what: "a subnet in the overlay",
    at: "a",
    severity: "warning",
    script:
      "ip link add lan0 type veth peer name lan1; ip link set lan0 up; ip link set lan1 up; ip address add 192.168.51.129/25 dev lan0",
    finds: { "a overlay-overlaps": /192\.168\.51\.128\/25 dev lan0/ },
    after: "ip link del lan0",
  },
  {
    what: "an endpoint without a route",
    at: "a",
    script:
      "ip route add unreachable 198.51.100.1/32 metric 0 2>/dev/null || { ip route del 198.51.100.1; ip route add unreachable 198.51.100.1; }",
    finds: { "a endpoint-unroutable": /unreachable/ },
    hurts: "ping",
  },
  {
    what: "an input chain that lets neighbours in by the interfaces towards them",
    at: "c",
    script: FW(
      "type filter hook input priority filter; policy drop;",
      'iifname "lo" accept; add rule inet fw c udp dport 51820-51830 accept; add rule inet fw c iifname "wg-a" accept; add rule inet fw c iifname "wg-b" ip saddr 192.168.51.1 accept',
    ),
    finds: { "c interface-bound": /^inet fw c: iifname "wg-a" accept$/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "an input chain that waits for answers where requests went",
    at: "a",
    script: FW(
      "type filter hook input priority filter; policy drop;",
      'iifname { "lo", "u-nat" } accept; add rule inet fw c iifname "wg-b" ct state established,related accept; add rule inet fw c ip saddr 192.168.51.1 accept',
    ),
    finds: {
      "a input-drop": /^inet fw c: type filter hook input .* policy drop/,
      "a icmp-drop": /^inet fw c: type filter hook input .* policy drop/,
    },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "an output chain that answers where requests came from",
    at: "c",
    script: FW(
      "type filter hook output priority filter; policy drop;",
      'oifname "u-*" accept; add rule inet fw c oifname "wg-b" accept',
    ),
    finds: {
      "c output-drop": /^inet fw c: type filter hook output .* policy drop/,
      "c icmp-drop": /^inet fw c: type filter hook output .* policy drop/,
    },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "an output chain that drops what WireGuard sends",
    at: "a",
    script: FW(
      "type filter hook output priority filter; policy accept;",
      'oifname "u-*" udp dport != 53 drop',
    ),
    finds: { "a output-drop": /^inet fw c: oifname "u-\*" udp dport != 53 drop$/ },
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "another VPN's rule and route over the overlay",
    at: "a",
    script: `${VPN}; ip rule add priority 5270 lookup 52; ip route add 192.168.0.0/16 dev vpn0 table 52`,
    finds: {
      "a route-elsewhere":
        /^ip rule: 5270: from all lookup 52; ip route: 192\.168\.0\.0\/16 table 52 dev vpn0$/,
    },
    hurts: "ping",
    after: "ip link del vpn0; ip rule del priority 5270; ip rule del priority 5269",
  },
  {
    what: "another VPN's rule, for what is forwarded alone",
    at: "b",
    script: `${VPN}; ip rule add priority 99 iif wg-a lookup 52; ip route add default dev vpn0 table 52`,
    finds: {
      "b route-elsewhere": /^ip rule: 99: from all iif wg-a lookup 52; ip route: default table 52 dev vpn0$/,
    },
    hurts: "ping",
    after: "ip link del vpn0; ip rule del priority 99; ip rule del priority 98",
  },
  {
    what: "a rule that refuses",
    at: "a",
    script: "ip rule add priority 30000 to 192.168.51.0/24 prohibit",
    finds: { "a route-elsewhere": /^ip rule: 30000: from all to 192\.168\.51\.0\/24 prohibit$/ },
    hurts: "tcp",
    after: "ip rule del priority 30000; ip rule del priority 29999",
  },
];

describe("three nodes", () => {
  const lab = labFor(example("three-nodes"));

  it("is well", async () => {
    expect(await doctor(lab().name)).toMatchObject(WELL);
    expect(await suffers(lab(), "ping", C)).toBe(false);
    expect(await suffers(lab(), "path", C)).toBe(false);
  });

  it.each(oneOf(HEALTHY))("says nothing of %s", (_, at, script, after) =>
    expectWell(lab(), at, script, after),
  );

  it.each(eachFinding(BREAKS))("finds and mends $at: $what", (each) => breakAndMend(lab(), each));
});
