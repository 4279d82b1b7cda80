// The doctor on hosts that are really broken: traffic fails, the doctor names it, the mend it offers is run as it stands.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Finding, FindingCode } from "../../src/core/doctor/finding.ts";
import { run } from "../../src/commands/run.ts";
import type { Host } from "../../src/linux/command.ts";
import { FORWARD, FW, NO_FW, NO_TOFRO, TOFRO } from "../support/foreign-firewall.ts";
import { labFor } from "../support/lab-for.ts";
import { ping } from "./traffic.ts";

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, "..", "..", "examples", name, "tofro.yaml"), "utf8");

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 30_000 })).stdout;

async function doctor(lab: string): Promise<{ code: number; findings: Finding[] }> {
  let stdout = "";
  const terminal = { stdout: (text: string) => (stdout += text), stderr: () => {}, colour: false };
  const code = await run(["doctor", "--lab", lab, "--json"], terminal);
  return { code, ...(JSON.parse(stdout) as { findings: Finding[] }) };
}

const WELL = { code: 0, findings: [] };

const ECHO = `require("net").createServer((socket) => {
  let bytes = 0;
  socket.on("data", (data) => { if ((bytes += data.length) >= 100000) socket.end(socket.remoteAddress, () => setTimeout(process.exit, 100)); });
  socket.on("error", () => {});
}).listen(7777, process.argv[1], () => console.log("up"));
setTimeout(process.exit, 4000);`;

const SEND = `const [address] = process.argv.slice(1);
const connect = (tries) => {
  const socket = require("net").connect(7777, address, () => socket.write(Buffer.alloc(100000)));
  socket.on("data", (data) => { console.log(String(data)); process.exit(); });
  socket.on("error", () => (tries > 0 ? setTimeout(connect, 100, tries - 1) : process.exit()));
};
connect(20);
setTimeout(() => process.exit(), 3500);`;

/** Sends 100 kB by TCP; the source that the other end saw, or nothing when they do not arrive. */
async function tcp(from: Host, to: Host, address: string): Promise<string> {
  const server = to.run(["timeout", "5", process.execPath, "-e", ECHO, address], { anyExit: true });
  const { stdout } = await from.run([process.execPath, "-e", SEND, address], { anyExit: true });
  await server;
  return stdout.trim();
}

/** What fails while a host is broken; `path` when a connection succeeds with another source, and so another way back. */
type Hurt = "ping" | "tcp" | "path";

interface Break {
  readonly what: string;
  readonly at: string;
  readonly code: FindingCode;
  readonly script: string;
  readonly evidence: RegExp;
  readonly hurts?: Hurt;
  /** Pinged from a; c's address when left out. */
  readonly to?: string;
  readonly severity?: Finding["severity"];
  /** Takes away what is harmless now. */
  readonly after?: string;
  /** How many of the mends can run here: there is no systemd. */
  readonly mends?: number;
  /** Other nodes that find the same from their side. */
  readonly alsoAt?: Readonly<Record<string, FindingCode>>;
}

const A = "192.168.51.5";
const B = "192.168.51.1";
const C = "192.168.51.2";

/** As `iptables-save` shows them on a machine with Docker 24. */
const DOCKER = `iptables -P FORWARD DROP
iptables -N DOCKER; iptables -N DOCKER-USER; iptables -N DOCKER-ISOLATION-STAGE-1; iptables -N DOCKER-ISOLATION-STAGE-2
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
iptables -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -o docker0 -j DOCKER
iptables -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
iptables -A FORWARD -i docker0 -o docker0 -j ACCEPT
iptables -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
iptables -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
iptables -A DOCKER-ISOLATION-STAGE-2 -j RETURN
iptables -A DOCKER-USER -j RETURN
iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE`;
const NO_IPTABLES = "nft delete table ip filter; nft delete table ip nat 2>/dev/null || true";

const BREAKS: readonly Break[] = [
  {
    what: "a forward chain whose policy is drop",
    at: "b",
    code: "forward-drop",
    script: FW(`${FORWARD} drop;`, "ct state established,related accept"),
    evidence: /inet fw c: type filter hook forward .* policy drop/,
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "a forward chain that rejects at its end",
    at: "b",
    code: "forward-drop",
    script: FW(
      `${FORWARD} accept;`,
      'iifname "eth0" accept; add rule inet fw c reject with icmpx admin-prohibited',
    ),
    evidence: /inet fw c: reject with icmpx admin-prohibited/,
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "Docker's FORWARD chain",
    at: "b",
    code: "forward-drop",
    script: DOCKER,
    evidence: /ip filter FORWARD: type filter hook forward .* policy drop/,
    hurts: "ping",
    after: NO_IPTABLES,
  },
  {
    what: "an iptables rule that drops INVALID, and conntrack not kept out",
    at: "b",
    code: "invalid-drop",
    script: `${NO_TOFRO}; iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP`,
    evidence: /ip filter FORWARD: ct state invalid .*drop/,
    hurts: "tcp",
    after: `${NO_IPTABLES}; ${TOFRO}`,
  },
  {
    what: "a forward chain that drops INVALID, and conntrack not kept out",
    at: "b",
    code: "invalid-drop",
    script: `${NO_TOFRO}; ${FW(`${FORWARD} accept;`, "ct state invalid counter drop")}`,
    evidence: /inet fw c: ct state invalid counter .*drop/,
    hurts: "tcp",
    after: `${NO_FW}; ${TOFRO}`,
  },
  {
    what: "the reverse path by nftables",
    at: "c",
    code: "reverse-path-drop",
    script: FW(
      "type filter hook prerouting priority raw; policy accept;",
      "fib saddr . iif oif missing drop",
    ),
    evidence: /inet fw c: fib saddr \. iif oif (missing|0) drop/,
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "the reverse path by iptables",
    at: "c",
    code: "reverse-path-drop",
    script: "iptables -t raw -A PREROUTING -m rpfilter --invert -j DROP",
    evidence: /ip raw PREROUTING: .*(fib saddr|rpfilter)/,
    hurts: "ping",
    after: "nft delete table ip raw",
  },
  {
    what: "strict rp_filter on a tunnel",
    at: "c",
    code: "strict-rp-filter",
    script: "sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.wg-b.rp_filter=0",
    evidence: /conf\.all\.rp_filter = 1; net\.ipv4\.conf\.wg-b\.rp_filter = 0/,
    hurts: "ping",
    after: "sysctl -qw net.ipv4.conf.all.rp_filter=0",
  },
  {
    what: "forwarding switched off",
    at: "b",
    code: "forwarding-off",
    script: "sysctl -qw net.ipv4.ip_forward=0",
    evidence: /net\.ipv4\.ip_forward = 0/,
    hurts: "ping",
  },
  {
    what: "a file that switches forwarding off at boot",
    at: "b",
    code: "sysctl-at-boot",
    severity: "warning",
    script:
      "mkdir -p /etc/sysctl.d; printf '# hardening\\nnet.ipv4.ip_forward = 0\\n' >/etc/sysctl.d/60-hard.conf",
    evidence: /^\/etc\/sysctl\.d\/60-hard\.conf:2: net\.ipv4\.ip_forward = 0$/,
  },
  {
    what: "a masquerade, and conntrack not kept out",
    at: "b",
    code: "rewrites-source",
    script: `${NO_TOFRO}; ${FW("type nat hook postrouting priority srcnat; policy accept;", "masquerade")}`,
    evidence: /inet fw c: masquerade/,
    hurts: "path",
    after: `${NO_FW}; ${TOFRO}`,
  },
  {
    what: "a snat of the node's own packets",
    at: "a",
    code: "rewrites-source",
    script: FW(
      "type nat hook postrouting priority srcnat; policy accept;",
      'oifname "wg-*" snat ip to 10.9.9.9',
    ),
    evidence: /inet fw c: oifname "wg-\*" snat ip to 10\.9\.9\.9/,
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "an input chain that drops WireGuard's ports",
    at: "b",
    code: "input-drop",
    script: FW("type filter hook input priority filter; policy accept;", "udp dport 51000-52000 drop"),
    evidence: /inet fw c: udp dport 51000-52000 drop/,
    hurts: "ping",
    to: B,
    after: NO_FW,
  },
  {
    what: "an input chain that drops ICMP",
    at: "c",
    code: "icmp-drop",
    severity: "warning",
    script: FW("type filter hook input priority filter; policy accept;", "meta l4proto icmp drop"),
    evidence: /inet fw c: meta l4proto icmp drop/,
    hurts: "ping",
    after: NO_FW,
  },
  {
    what: "another node's overlay address",
    at: "a",
    code: "address-taken",
    script: `ip address add ${C}/32 dev lo`,
    evidence: /192\.168\.51\.2\/32 dev lo/,
    hurts: "tcp",
  },
  {
    what: "a subnet in the overlay",
    at: "a",
    code: "overlay-overlaps",
    severity: "warning",
    script:
      "ip link add lan0 type veth peer name lan1; ip link set lan0 up; ip link set lan1 up; ip address add 192.168.51.129/25 dev lan0",
    evidence: /192\.168\.51\.128\/25 dev lan0/,
    after: "ip link del lan0",
  },
  {
    what: "an endpoint without a route",
    at: "a",
    code: "endpoint-unroutable",
    script:
      "ip route add unreachable 198.51.100.1/32 metric 0 2>/dev/null || { ip route del 198.51.100.1; ip route add unreachable 198.51.100.1; }",
    evidence: /unreachable/,
    hurts: "ping",
  },
  {
    what: "networkd, which deletes what is not its own",
    at: "b",
    code: "networkd-foreign",
    severity: "warning",
    script: "mkdir -p /run/systemd/netif; echo OPER_STATE=routable >/run/systemd/netif/state",
    evidence: /no line ManageForeignRoutes=no/,
    mends: 1,
    after: "rm -r /run/systemd/netif /etc/systemd/networkd.conf.d",
  },
  {
    what: "NetworkManager, which manages the tunnels",
    at: "b",
    code: "networkmanager",
    severity: "warning",
    script: "mkdir -p /run/NetworkManager",
    evidence: /no unmanaged-devices names wg-a; no unmanaged-devices names wg-c/,
    mends: 1,
    after: "rm -r /run/NetworkManager /etc/NetworkManager",
  },
];

describe("three nodes", () => {
  const lab = labFor(example("three-nodes"));

  async function suffers(hurt: Hurt, to: string): Promise<boolean> {
    const [a, c] = await Promise.all([lab().host("a"), lab().host("c")]);
    if (hurt === "ping") return (await ping(a, to, 3)).received === 0;
    const source = await tcp(a, c, C);
    return hurt === "tcp" ? source === "" : source !== A;
  }

  it("is well", async () => {
    expect(await doctor(lab().name)).toMatchObject(WELL);
    expect(await suffers("ping", C)).toBe(false);
    expect(await suffers("path", C)).toBe(false);
  });

  it.each([
    [
      "all=1, which tofro's own 2 beats",
      "b",
      "sysctl -qw net.ipv4.conf.all.rp_filter=1",
      "sysctl -qw net.ipv4.conf.all.rp_filter=0",
    ],
    [
      "INVALID dropped, with conntrack kept out",
      "b",
      FW(`${FORWARD} accept;`, "ct state invalid drop"),
      NO_FW,
    ],
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
  ])("says nothing of %s", async (_, at, script, after) => {
    const host = await lab().host(at);
    await sh(host, script);
    try {
      expect(await doctor(lab().name)).toMatchObject(WELL);
      expect(await suffers("path", C)).toBe(false);
    } finally {
      await sh(host, after);
    }
  });

  it.each(BREAKS)("$code: $what", async (each) => {
    const { at, code, script, evidence, hurts, to = C, severity = "error", after, mends } = each;
    const host = await lab().host(at);
    await sh(host, script);
    try {
      if (hurts !== undefined) expect(await suffers(hurts, to)).toBe(true);
      const broken = await doctor(lab().name);
      expect(broken).toMatchObject({ code: 3, findings: [{ code, node: at, severity }] });
      expect(broken.findings.map((finding) => finding.code)).toEqual([code]);
      const [finding] = broken.findings;
      expect(finding!.evidence).toMatch(evidence);
      for (const mend of finding!.mend.slice(0, mends)) await sh(host, mend);
      if (hurts !== undefined) expect(await suffers(hurts, to)).toBe(false);
      expect(await doctor(lab().name)).toMatchObject(WELL);
    } finally {
      if (after !== undefined) await sh(host, after);
    }
  });
});
