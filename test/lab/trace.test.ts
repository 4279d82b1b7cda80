// trace on hosts that are really broken, one way at a time: what is seen on the wire, and who is named for it.
import { describe, expect, it } from "vitest";
import type { CulpritCode } from "../../src/core/trace/scene.ts";
import type { DirectionTrace } from "../../src/core/trace/trace.ts";
import { tofro } from "../support/cli.ts";
import { A, B, C, example, FORWARD, FW, labFor, NO_FW, NO_TOFRO, sh, TOFRO } from "../support/doctor.ts";
import { withLab } from "../support/lab.ts";

interface Traced {
  readonly code: number;
  readonly ok: boolean;
  readonly directions: readonly DirectionTrace[];
  readonly unreachable: readonly { readonly node: string }[];
}

async function trace(lab: string, a: string, c: string, ...options: string[]): Promise<Traced> {
  const { code, stdout } = await tofro("trace", a, c, "--lab", lab, "--json", "--no-measure", ...options);
  return { code, ...(JSON.parse(stdout) as Omit<Traced, "code">) };
}

const brief = ({ directions }: Traced): string[] =>
  directions.map(({ from, to, family, hops, verdict }) => {
    const path = hops.map(({ node, tunnel }) => (tunnel === undefined ? node : `${node} (${tunnel})`));
    return `${from} ${to} ${family}: ${verdict}: ${path.join(" ")}`;
  });

describe("the examples", () => {
  it.each([
    [
      "three-nodes",
      [
        ["a", "c"],
        ["a", "b"],
        ["b", "c"],
      ],
    ],
    ["port-forward", [["local", "remote"]]],
    [
      "five-nodes",
      [
        ["home", "tyo"],
        ["office", "lax"],
        ["hkg", "home"],
      ],
    ],
  ] as const)("%s is as planned, tunnels and all", async (name, pairs) => {
    await withLab(example(name), {}, async (lab) => {
      for (const [a, c] of pairs) {
        const traced = await trace(lab.name, a, c);
        expect(traced).toMatchObject({ code: 0, ok: true, unreachable: [] });
        expect(traced.directions.length).toBeGreaterThan(1);
        for (const { plan, hops, verdict } of traced.directions) {
          expect({ verdict, path: hops.map(({ node }) => node) }).toEqual({
            verdict: "as-planned",
            path: plan.path,
          });
          expect(hops.map(({ tunnel }) => tunnel)).toEqual([...plan.tunnels, undefined]);
          for (const { sent, received } of hops.slice(0, -1)) expect([sent, received]).toEqual([10, 10]);
        }
      }
      for (const { name: node } of lab.plan.topology.nodes)
        expect(await sh(await lab.host(node), "nft list tables; ps -eo args")).not.toMatch(/tofro_trace/);
    });
  });
});

const [A6, C6] = ["fd51::5", "fd51::2"];
const NETWORK = `overlay: [192.168.51.0/24, fd51::/64]
nodes:
  a: { address: [${A}, "${A6}"] }
  b: { address: [${B}, "fd51::1"], endpoint: b.example.net }
  c: { address: [${C}, "${C6}"], endpoint: 203.0.113.2 }
paths:
  - a -> b -> c
  - c -> a
`;
const WELL = ["a c 4", "a c 6"].map((each) => `${each}: as-planned: a (a - b) b (b - c) c`);
const BACK = ["c a 4", "c a 6"].map((each) => `${each}: as-planned: c (a - c) a`);

const NAT = "type nat hook postrouting priority srcnat; policy accept;";
const allowed = (name: string, list: string): string =>
  `wg show ${name} allowed-ips >/run/allowed; wg set ${name} peer $(wg show ${name} peers) allowed-ips ${list}`;
const ALLOWED = (name: string): string =>
  `wg set ${name} peer $(wg show ${name} peers) allowed-ips $(cut -f2 /run/allowed | tr ' ' ,)`;

interface Break {
  readonly what: string;
  readonly at: string;
  readonly script: string;
  readonly after: string;
  readonly code: CulpritCode;
  /** Where it is to be mended; `at` when left out. */
  readonly named?: string;
  readonly evidence: RegExp;
  /** Directions that are not as planned, as `brief` tells them. */
  readonly seen: readonly string[];
}

const BREAKS: readonly Break[] = [
  {
    what: "strict rp_filter",
    at: "c",
    script: "sysctl -qw net.ipv4.conf.wg-b.rp_filter=1",
    after: "sysctl -qw net.ipv4.conf.wg-b.rp_filter=2",
    code: "rp-filter",
    evidence: /TcpExtIPReversePathFilter grew by [1-9].*wg-b\.rp_filter = 1/s,
    seen: ["a c 4: lost: a (a - b) b (b - c) c"],
  },
  {
    what: "conntrack's INVALID dropped at the transit, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; ${FW(`${FORWARD} accept;`, "ct state invalid counter drop")}`,
    after: `${NO_FW}; ${TOFRO}`,
    code: "conntrack-invalid",
    evidence:
      /forwards 10, none of them leaves.*nft at b: inet fw c: ct state invalid counter drop \(\d+ packets\)/s,
    seen: ["a c 4: lost: a (a - b) b", "a c 6: lost: a (a - b) b"],
  },
  {
    what: "allowed IPs of the transit that do not let a source in",
    at: "b",
    script: allowed("wg-a", "10.0.0.0/8"),
    after: ALLOWED("wg-a"),
    code: "allowed-ips",
    evidence:
      /10 left a by wg-b, none came out at b's wg-a.*wg show wg-a allowed-ips at b: 10\.0\.0\.0\/8; the plan has 192\.168\.51\.5\/32/s,
    seen: ["a c 4: lost: a (a - b)", "a c 6: lost: a (a - b)"],
  },
  {
    what: "allowed IPs of the source that lack a destination",
    at: "a",
    script: allowed("wg-b", `${B}/32`),
    after: ALLOWED("wg-b"),
    code: "allowed-ips",
    evidence: /wg show wg-b allowed-ips at a: 192\.168\.51\.1\/32; the plan has 192\.168\.51\.2\/32/,
    seen: ["a c 4: lost: a (a - b)", "a c 6: lost: a (a - b)"],
  },
  {
    what: "a source address that is not the plan's",
    at: "a",
    script: `ip address add 10.9.9.9/32 dev lo; ip route replace ${C} dev wg-b src 10.9.9.9 proto 116`,
    after: `ip route replace ${C} dev wg-b src ${A} proto 116; ip address del 10.9.9.9/32 dev lo`,
    code: "source-address",
    evidence:
      /leave a by wg-b with source 10\.9\.9\.9, not 192\.168\.51\.5.*ip route get at a: 192\.168\.51\.2 dev wg-b .*src 10\.9\.9\.9/s,
    seen: ["a c 4: lost: a (a - b)"],
  },
  {
    what: "a masquerade at the transit, and conntrack not kept out",
    at: "b",
    script: `${NO_TOFRO}; ${FW(NAT, 'oifname "wg-c" masquerade')}`,
    after: `${NO_FW}; ${TOFRO}`,
    code: "source-address",
    evidence: /leave b by wg-c with source 192\.168\.51\.1, not 192\.168\.51\.5.*masquerade/s,
    seen: ["a c 4: differs: a (a - b) b (b - c) c", "a c 6: differs: a (a - b) b (b - c) c"],
  },
  {
    what: "a forward chain that drops",
    at: "b",
    script: FW(`${FORWARD} drop;`, "ct state established accept"),
    after: NO_FW,
    code: "firewall",
    evidence: /b forwards 10, none of them leaves.*policy drop/s,
    seen: ["a c 4: lost: a (a - b) b", "a c 6: lost: a (a - b) b"],
  },
  {
    what: "an input chain that drops pings",
    at: "c",
    script: FW(
      "type filter hook input priority filter; policy accept;",
      "icmp type echo-request counter drop",
    ),
    after: NO_FW,
    code: "firewall",
    evidence: /nothing leaves c.*icmp type echo-request counter drop \(\d+ packets\)/s,
    seen: ["c a 4: differs: c (a - c) a"],
  },
  {
    what: "an interface with a smaller MTU",
    at: "b",
    script: "ip link set wg-c mtu 1300",
    after: "ip link set wg-c mtu 1420",
    code: "mtu",
    evidence:
      /packets of 1420 bytes.*small ones arrive.*ip link at b: wg-c mtu 1300, the plan has 1420.*(?:mtu=1300|mtu = 1300)/s,
    seen: ["a c 4: differs: a (a - b) b (b - c) c", "a c 6: differs: a (a - b) b (b - c) c"],
  },
  {
    what: "an underlay that loses large packets",
    at: "b",
    script: FW(
      "type filter hook output priority filter; policy accept;",
      "udp sport 51820-51830 udp length > 1300 drop",
    ),
    after: NO_FW,
    code: "mtu",
    evidence: /packets of 1420 bytes.*3 left b by wg-c, none came out at c/s,
    seen: ["a c 4: differs: a (a - b) b (b - c) c", "a c 6: differs: a (a - b) b (b - c) c"],
  },
  {
    what: "a route that was moved by hand",
    at: "a",
    script: `ip route replace ${C} dev wg-c src ${A} proto 116; ip -6 route replace ${C6} dev wg-c src ${A6} proto 116`,
    after: `ip route replace ${C} dev wg-b src ${A} proto 116; ip -6 route replace ${C6} dev wg-b src ${A6} proto 116`,
    code: "route",
    evidence: /packets leave a by wg-c; the plan has wg-b.*ip route get at a: \S+ .*dev wg-c/s,
    seen: ["a c 4: differs: a (a - c) c", "a c 6: differs: a (a - c) c"],
  },
  {
    what: "a route that is gone",
    at: "a",
    // IPv4 would take the uplink's default route, or lose the other direction to its reverse path filter too.
    script: `ip -6 route del ${C6} dev wg-b`,
    after: `ip -6 route add ${C6} dev wg-b src ${A6} proto 116`,
    code: "route",
    evidence: /nothing leaves a.*ip route get at a: .*(?:No route to host|unreachable)/s,
    seen: ["a c 6: lost: a"],
  },
  {
    what: "forwarding switched off",
    at: "b",
    script: "sysctl -qw net.ipv4.ip_forward=0",
    after: "sysctl -qw net.ipv4.ip_forward=1",
    code: "forwarding-off",
    evidence: /10 came in at b by wg-a.*net\.ipv4\.ip_forward = 0/s,
    seen: ["a c 4: lost: a (a - b) b"],
  },
  {
    what: "a tunnel that has no session because WireGuard's port is shut",
    at: "c",
    script: `${FW("type filter hook input priority filter; policy accept;", "udp dport 51820-51830 iifname u-* drop")}
      key=$(wg show wg-b peers) && allowed=$(wg show wg-b allowed-ips | cut -f2 | tr ' ' ,) && endpoint=$(wg show wg-b endpoints | cut -f2)
      wg show wg-b preshared-keys | cut -f2 >/run/psk
      wg set wg-b peer $key remove && wg set wg-b peer $key preshared-key /run/psk allowed-ips $allowed endpoint $endpoint`,
    after: NO_FW,
    code: "firewall",
    evidence: /never a handshake.*udp dport 51820-51830/s,
    seen: ["a c 4: lost: a (a - b) b (b - c)", "a c 6: lost: a (a - b) b (b - c)"],
  },
  {
    what: "a tunnel whose peer is gone",
    at: "b",
    script: "wg showconf wg-c >/run/conf; wg set wg-c peer $(wg show wg-c peers) remove",
    after: "wg setconf wg-c /run/conf",
    code: "no-handshake",
    evidence: /10 left b by wg-c.*wg show wg-c at b: no peer/s,
    seen: ["a c 4: lost: a (a - b) b (b - c)", "a c 6: lost: a (a - b) b (b - c)"],
  },
  {
    what: "an interface that is down",
    at: "c",
    script:
      "ip route show dev wg-b >/run/routes; ip -6 route show dev wg-b >/run/routes6; ip link set wg-b down",
    after: `ip link set wg-b up; ip address replace fd51::2/128 dev wg-b nodad
      while read each; do ip route replace $each dev wg-b; done </run/routes; ip -6 route replace fd51::1 dev wg-b src ${C6} proto 116`,
    code: "interface",
    evidence: /10 left b by wg-c, none came out at c's wg-b.*ip link at c: wg-b is down/s,
    seen: ["a c 4: lost: a (a - b) b (b - c)", "a c 6: lost: a (a - b) b (b - c)"],
  },
];

describe("broken one way at a time", () => {
  const lab = labFor(NETWORK);

  it("is as planned", async () => {
    const traced = await trace(lab().name, "a", "c");
    expect(traced.code).toBe(0);
    expect(brief(traced)).toEqual([...WELL, ...BACK]);
  });

  it("says from one end alone what it can, and what not", async () => {
    const fromA = await trace(lab().name, "a", "c", "--node", "a");
    expect(fromA).toMatchObject({ code: 0, ok: true });
    // Record route and growing TTLs name the nodes; between two of them there is one tunnel each.
    expect(brief(fromA)).toEqual([...WELL, ...BACK]);
    const hops = fromA.directions.flatMap((each) =>
      each.hops.slice(0, -1).map(({ sent, received }) => [sent, received]),
    );
    expect(hops).toContainEqual([10, undefined]);
    expect(hops).toContainEqual([undefined, 10]);

    const fromB = await tofro("trace", "a", "c", "--lab", lab().name, "--node", "b");
    expect(fromB).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/neither a nor c can be asked/) as string,
    });
  });

  it("measures the links that packets took", async () => {
    const { code, stdout } = await tofro("trace", "a", "c", "--lab", lab().name);
    expect(code).toBe(0);
    expect(stdout).toMatch(/1 {2}a {2}a - b +\d+\.\d ms \(\d+\.\d to \d+\.\d\) +[\d.]+ % loss/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it("refuses nodes that are not there", async () => {
    expect(await tofro("trace", "a", "cc", "--lab", lab().name)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/did you mean "c"/) as string,
    });
    expect(await tofro("trace", "a", "a", "--lab", lab().name)).toMatchObject({ code: 2 });
  });

  it.each(BREAKS)("$code: $what", async ({ at, script, after, code, named = at, evidence, seen }) => {
    const host = await lab().host(at);
    await sh(host, script);
    try {
      const broken = await trace(lab().name, "a", "c");
      expect(brief(broken).filter((each) => !each.includes("as-planned"))).toEqual(seen);
      expect(broken).toMatchObject({ code: 3, ok: false });
      for (const { verdict, culprits } of broken.directions) {
        if (verdict === "as-planned") continue;
        expect(culprits.map((each) => `${each.code} ${each.node}`)).toEqual([`${code} ${named}`]);
      }
      const [first] = broken.directions.flatMap(({ culprits }) => culprits);
      expect(first!.evidence.join("\n")).toMatch(evidence);
    } finally {
      await sh(host, after);
      await sh(await lab().host("a"), "ip route flush cache; ip -6 route flush cache");
    }
    await expect
      .poll(async () => brief(await trace(lab().name, "a", "c")), { timeout: 30_000 })
      .toEqual([...WELL, ...BACK]);
  });
});
