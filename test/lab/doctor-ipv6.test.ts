// The doctor and IPv6: the reverse path, ICMPv6, router advertisements, the least MTU, and IPv6 switched off.
import { beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import {
  breakAndMend,
  doctor,
  eachFinding,
  FW,
  labFor,
  NO_FW,
  sh,
  WELL,
  withPackages,
  type Break,
} from "../support/doctor.ts";

const NETWORK = `overlay: [192.168.51.0/24, "fd77::/64"]
nodes:
  a: { address: [192.168.51.5, "fd77::5"] }
  b: { address: [192.168.51.1, "fd77::1"], endpoint: "2001:db8:51::b" }
  c: { address: [192.168.51.2, "fd77::2"], endpoint: 198.51.100.2 }
paths:
  - a -> b -> c
  - c -> a
`;
const C = "fd77::2";

const BREAKS: readonly Break[] = [
  {
    what: "the reverse path of IPv6 alone",
    at: "c",
    script: FW(
      "type filter hook prerouting priority raw; policy accept;",
      "meta nfproto ipv6 fib saddr . iif oif missing drop",
    ),
    finds: { "c reverse-path-drop": /^inet fw c: meta nfproto ipv6 fib saddr \. iif oif (missing|0) drop$/ },
    hurts: "ping",
    to: C,
    after: NO_FW,
  },
  {
    what: "ICMPv6 dropped",
    at: "c",
    script: FW("type filter hook input priority filter; policy accept;", "meta l4proto ipv6-icmp drop"),
    finds: { "c icmp-drop": /^inet fw c: meta l4proto ipv6-icmp drop$/ },
    severity: "warning",
    hurts: "ping",
    to: C,
    after: NO_FW,
  },
  {
    what: "ip6tables whose FORWARD drops",
    at: "b",
    script: "ip6tables -P FORWARD DROP",
    finds: { "b forward-drop": /^ip6 filter FORWARD: type filter hook forward .* policy drop/ },
    hurts: "ping",
    to: C,
    after: "nft delete table ip6 filter",
  },
  {
    what: "IPv6 forwarding switched off",
    at: "b",
    script: "sysctl -qw net.ipv6.conf.all.forwarding=0",
    finds: { "b forwarding-off": /^net\.ipv6\.conf\.all\.forwarding = 0$/ },
    hurts: "ping",
    to: C,
  },
  {
    what: "a tunnel too narrow for IPv6",
    at: "a",
    script: "ip link set wg-b mtu 1200",
    finds: { "a no-ipv6": /^ip link: wg-b mtu 1200$/ },
    hurts: async (lab) => unreachable(await lab.host("a")),
  },
  {
    what: "IPv6 switched off on a tunnel",
    at: "a",
    script: "sysctl -qw net.ipv6.conf.wg-b.disable_ipv6=1",
    finds: { "a no-ipv6": /^net\.ipv6\.conf\.wg-b\.disable_ipv6 = 1$/ },
    hurts: async (lab) => unreachable(await lab.host("a")),
  },
  {
    what: "firewalld, which checks the reverse path of IPv6",
    at: "c",
    script: `[ -e /run/dbus/system_bus_socket ] || dbus-daemon --system --fork --nopidfile
firewalld
for each in $(seq 100); do [ "$(firewall-cmd --state 2>&1)" != running ] || break; sleep 0.1; done
firewall-cmd -q --add-port=51820-51830/udp`,
    finds: {
      "c reverse-path-drop":
        /^inet firewalld filter_PREROUTING: meta nfproto ipv6 fib saddr \. mark \. iif oif (missing|0) drop$/,
    },
    hurts: "ping",
    to: C,
    after: "grep -q IPv6_rpfilter=no /etc/firewalld/firewalld.conf; kill $(cat /run/firewalld.pid)",
  },
];

/** Whatever ping says to it, from a missing route to a missing answer. */
async function unreachable(from: Host): Promise<boolean> {
  return (
    (await from.run(["ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", C], { anyExit: true })).code !== 0
  );
}

/** Sends one router advertisement (RFC 4861, section 4.2) with a prefix that hosts make addresses of. */
const ADVERTISE = `import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lan1")
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
prefix = struct.pack("!BBBBIII16s", 3, 4, 64, 0xc0, 3600, 1800, 0, socket.inet_pton(socket.AF_INET6, "2001:db8:99::"))
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0, 0, socket.if_nametoindex("lan1")))`;

describe("three nodes with IPv6", () => {
  const lab = labFor(NETWORK);
  beforeAll(async () => {
    for (const node of ["b", "c"]) await withPackages(await lab().host(node));
  });

  it("are well", async () => {
    expect(await unreachable(await lab().host("a"))).toBe(false);
    expect(await doctor(lab().name)).toMatchObject(WELL);
  });

  it.each(eachFinding(BREAKS))("$at: $what", (each) => breakAndMend(lab(), each));

  it("finds an uplink that no longer heeds router advertisements", async () => {
    const b = await lab().host("b");
    const forwarding = "sysctl -qw net.ipv6.conf.all.forwarding";
    // The router is a network of its own behind lan0.
    await sh(
      b,
      `ip link add lan0 type veth peer name lan1
unshare -n sh -c 'echo $$ >/run/router; exec sleep 300' >/dev/null 2>&1 &
until [ -s /run/router ] && [ "$(readlink /proc/$(cat /run/router)/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set lan1 netns $(cat /run/router)
nsenter -t $(cat /run/router) -n sh -c 'sysctl -qw net.ipv6.conf.lan1.accept_dad=0 net.ipv6.conf.lan1.addr_gen_mode=0; ip link set lo up; ip link set lan1 up'
${forwarding}=0
sysctl -qw net.ipv6.conf.lan0.accept_ra=1 net.ipv6.conf.lan0.autoconf=1 net.ipv6.conf.lan0.accept_dad=0 net.ipv6.conf.lan0.addr_gen_mode=0
ip link set lan0 up`,
    );
    const advertised = async (): Promise<string> => {
      await b.run(["sh", "-c", "sleep 1; nsenter -t $(cat /run/router) -n python3 -"], { input: ADVERTISE });
      return sh(b, "sleep 0.3; ip -6 route show default dev lan0");
    };
    expect(await advertised()).toContain("proto ra");
    await sh(b, `${forwarding}=1`);
    expect(await advertised()).toBe("");
    const { findings } = await doctor(lab().name);
    expect(findings).toMatchObject([{ node: "b", code: "router-advertisements", severity: "error" }]);
    for (const line of findings[0]!.mend) await sh(b, line);
    expect(await advertised()).toContain("proto ra");
    expect(await doctor(lab().name)).toMatchObject(WELL);
    await sh(b, "kill $(cat /run/router); ip link del lan0 2>/dev/null || true");
  });
});
