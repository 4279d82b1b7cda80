// The doctor on three nodes: settings, clashes, and firewalls written in nftables.
import { describe, expect, it } from "vitest";
import {
  A,
  B,
  breakAndMend,
  C,
  doctor,
  example,
  expectWell,
  FORWARD,
  FW,
  labFor,
  NO_FW,
  NO_TOFRO,
  suffers,
  TOFRO,
  WELL,
  type Break,
} from "../support/doctor.ts";

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
];

describe("three nodes", () => {
  const lab = labFor(example("three-nodes"));

  it("is well", async () => {
    expect(await doctor(lab().name)).toMatchObject(WELL);
    expect(await suffers(lab(), "ping", C)).toBe(false);
    expect(await suffers(lab(), "path", C)).toBe(false);
  });

  it.each(HEALTHY)("says nothing of %s", (_, at, script, after) => expectWell(lab(), at, script, after));

  it.each(BREAKS)("finds and mends $what at $at", (each) => breakAndMend(lab(), each));
});
