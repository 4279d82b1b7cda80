// The doctor before a bad underlay: ways that are narrow, endpoints that do not answer, forwarders that fell out.
import { describe, expect, it } from "vitest";
import {
  breakAndMend,
  doctor,
  eachFinding,
  example,
  FW,
  labFor,
  NO_FW,
  sh,
  WELL,
  type Break,
} from "../support/doctor.ts";
import { withLab } from "../support/lab.ts";
import { ping } from "./traffic.ts";

/** As after a restart: it knows the peer, and has no session. */
const anew = (name: string): string =>
  `wg showconf ${name} >/run/anew; wg set ${name} peer "$(wg show ${name} peers)" remove; wg addconf ${name} /run/anew`;

const BREAKS: readonly Break[] = [
  {
    what: "a way that is narrower than its interfaces say, and says nothing of it",
    at: "a.nat",
    // Some networks cut what is too large, some drop it; none of them passes on what was cut here.
    script: `ip link set u-b mtu 1400; ${FW("type filter hook output priority filter; policy accept;", "icmp type destination-unreachable drop")}`,
    finds: {
      "a underlay-mtu": /^ping -M do 198\.51\.100\.1: packets of 1400 bytes are answered, of 1410 not$/,
      "b underlay-mtu": /^ping -M do 198\.51\.100\.3: packets of 1400 bytes are answered, of 1410 not$/,
    },
    severity: "warning",
    after: `ip link set u-b mtu 1500; ${NO_FW}`,
  },
  {
    what: "an uplink with a small MTU",
    at: "a",
    script: "ip link set u-nat mtu 1440",
    finds: {
      "a underlay-mtu": /^ping -M do 198\.51\.100\.[12]: packets of 1440 bytes are answered, of 1450 not$/,
    },
    severity: "warning",
    after: "ip link set u-nat mtu 1500",
  },
];

describe("three nodes", () => {
  const lab = labFor(example("three-nodes"));

  it.each(eachFinding(BREAKS))("$at: $what", async (each) => {
    await breakAndMend(lab(), each);
    for (const [node, names] of [
      ["a", ["wg-b", "wg-c"]],
      ["b", ["wg-a"]],
    ] as const)
      for (const name of names) await sh(await lab().host(node), `ip link set ${name} mtu 1420`);
  });

  it("loses full packets where the way is narrow, and none after the mend", async () => {
    const [a, router] = await Promise.all([lab().host("a"), lab().host("a.nat")]);
    const b = await lab().host("b");
    const full = async (): Promise<number> => {
      const { stdout } = await a.run(
        ["ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", "-s", "1372", "192.168.51.1"],
        {
          anyExit: true,
        },
      );
      return Number(/(\d+) received/.exec(stdout)?.[1]);
    };
    const narrow = FW(
      "type filter hook prerouting priority -450; policy accept;",
      'iifname "u-*" ip frag-off & 0x3fff != 0 drop',
    );
    expect(await full()).toBe(3);
    await sh(
      router,
      `ip link set u-b mtu 1400; ${FW("type filter hook output priority filter; policy accept;", "icmp type destination-unreachable drop")}`,
    );
    // Cut on the way, and dropped there: as the kernel's WireGuard allows it, and many networks do.
    await sh(b, narrow);
    try {
      expect(await full()).toBe(0);
      const { findings } = await doctor(lab().name);
      expect(findings.map(({ node, code }) => `${node} ${code}`).sort()).toEqual([
        "a underlay-mtu",
        "b underlay-mtu",
      ]);
      for (const { node, mend } of findings) for (const line of mend) await sh(await lab().host(node), line);
      // What is larger than the tunnel is cut inside it, and put together at the end.
      expect(await full()).toBe(3);
      expect(await doctor(lab().name)).toMatchObject(WELL);
    } finally {
      await sh(router, `ip link set u-b mtu 1500; ${NO_FW}`);
      await sh(b, `${NO_FW}; ip link set wg-a mtu 1420`);
      await sh(a, "ip link set wg-b mtu 1420");
    }
  });

  it("tells a closed port from a filtered one, and finds the firewall at the other end", async () => {
    const [a, b] = await Promise.all([lab().host("a"), lab().host("b")]);
    const knock = (): Promise<unknown> => ping(a, "192.168.51.1", 2);
    await sh(b, FW("type filter hook input priority filter; policy accept;", "udp dport 51820 drop"));
    await sh(a, anew("wg-b"));
    await knock();
    const filtered = await doctor(lab().name);
    expect(filtered.findings).toMatchObject([
      { node: "a", code: "no-handshake", evidence: expect.stringContaining("no answer, but to ping") },
      { node: "b", code: "input-drop", severity: "error" },
    ]);
    for (const line of filtered.findings[1]!.mend) await sh(b, line);
    expect((await ping(a, "192.168.51.1", 20, 500)).received).toBeGreaterThan(0);
    expect(await doctor(lab().name)).toMatchObject(WELL);
    await sh(b, NO_FW);

    const port = "wg set wg-a listen-port";
    await sh(b, `${port} 51999`);
    await sh(a, anew("wg-b"));
    await knock();
    const { findings } = await doctor(lab().name);
    expect(findings).toMatchObject([
      { node: "a", code: "no-handshake", evidence: expect.stringContaining("port unreachable") },
    ]);
    expect(findings[0]!.message).toContain("nothing listens there");
    await sh(b, `${port} 51820`);
    expect((await ping(a, "192.168.51.1", 20, 500)).received).toBeGreaterThan(0);
    expect(await doctor(lab().name)).toMatchObject(WELL);
  });
});

const FORWARDED = `overlay: 192.168.51.0/24
nodes:
  local: { address: 192.168.51.3, endpoint: 198.51.100.5 }
  remote: { address: 192.168.51.2, endpoint: remote.example.net }
forwarders:
  hkg: { listen: "198.51.100.9:14967", to: remote }
paths:
  - "local -[hkg]-> remote"
  - remote -> local
`;

describe("names and forwarders", () => {
  it("finds an endpoint that does not resolve, and a forwarder that does not rewrite the source", () =>
    withLab(FORWARDED, {}, async (lab) => {
      const local = await lab.host("local");
      expect((await ping(local, "192.168.51.2", 3)).received).toBe(3);
      expect(await doctor(lab.name)).toMatchObject(WELL);

      await sh(
        local,
        "sed -i '/remote.example.net/d' /etc/hosts.tofro; cat /etc/hosts.tofro >/run/h; cat /run/h >/etc/hosts",
      );
      const unresolved = await doctor(lab.name);
      expect(unresolved.findings).toMatchObject([{ node: "local", code: "endpoint-unresolved" }]);
      for (const line of unresolved.findings[0]!.mend) await sh(local, line);
      expect(await doctor(lab.name)).toMatchObject(WELL);

      // As roaming leaves it when answers come directly, from a forwarder that only does DNAT. In a lab they cannot: every pair of
      // its hosts has a wire of its own, and wireguard-go answers by the one that a packet came by.
      await sh(
        local,
        'wg set wg-remote-hkg peer "$(wg show wg-remote-hkg peers)" endpoint 198.51.100.1:51821',
      );
      const { findings } = await doctor(lab.name);
      expect(findings.map(({ node, code }) => `${node} ${code}`)).toContain("local forwarder-bypassed");
      const bypassed = findings.find(({ code }) => code === "forwarder-bypassed")!;
      expect(bypassed.evidence).toContain("not 198.51.100.9:14967");
      for (const line of bypassed.mend) await sh(local, line);
      expect((await ping(local, "192.168.51.2", 20, 300)).received).toBeGreaterThan(0);
      expect(await doctor(lab.name)).toMatchObject(WELL);
    }));
});
