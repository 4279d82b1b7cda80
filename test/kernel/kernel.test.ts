// Holds the real-kernel lane to its word: the kernel is the one that was asked for, and labs use its own WireGuard and
// netem. What only a real kernel can show is tried here too.
import { release } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run, type Host } from "../../src/linux/command.ts";
import { withLab } from "../support/lab.ts";
import { median, ping, probe } from "../lab/traffic.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main.ts");

describe("the kernel", () => {
  it("is the one that was booted", () => {
    expect(release()).toBe(process.env["TOFRO_KERNEL_LANE"]);
  });

  it.each(["wireguard", "dummy", "veth", "vrf table 10"])("makes interfaces of type %s", async (type) => {
    const { stdout } = await inside(`ip link add probe type ${type} && ip -d link show probe`);
    expect(stdout).toContain(type.split(" ")[0]);
  });

  it("knows the nftables expressions that firewalls and tofro use", async () => {
    await inside(`nft -f - <<'END'
table inet probe {
  set ways { type ifname . ipv6_addr; flags interval; counter; }
  flowtable fast { hook ingress priority filter; }
  chain early { type filter hook prerouting priority raw; fib saddr oif missing drop; notrack; }
  chain passing { type filter hook forward priority filter; ct state invalid drop; tcp flags syn tcp option maxseg size set rt mtu; }
  chain late { type nat hook postrouting priority srcnat; limit rate 1/second masquerade; }
}
END`);
  });
});

//  a ──> b ──> c    There through b, back directly.
//  ^───────────┘
const THREE = `overlay: 10.70.0.0/24
nodes: { a: {}, b: { endpoint: 198.51.100.2 }, c: { endpoint: 198.51.100.3 } }
paths: [a -> b -> c, c -> a]
`;

describe("a lab", () => {
  it("uses the kernel's WireGuard and netem, and each direction of the overlay has its own delay", async () => {
    const underlay = `underlay:
  default: { delay: 200ms }
  a -> b: { delay: 30ms }
  b -> c: { delay: 20ms }
  c -> a: { delay: 10ms }
`;
    await withLab(THREE, { underlay }, async (lab) => {
      const { stdout } = await run([process.execPath, MAIN, "lab", "status", "--json", "--name", lab.name]);
      expect(JSON.parse(stdout)).toMatchObject({ wireguard: "kernel", impair: "netem", healthy: true });
      const [a, c] = [await lab.host("a"), await lab.host("c")];
      const [aAddress, cAddress] = [addressOf(lab, "a", 4), addressOf(lab, "c", 4)];
      // The handshakes of what is not used yet.
      await ping(a, cAddress, 3, 500);
      const there = await probe(a, { address: cAddress, port: 9000 }, { host: c, port: 9000 });
      const back = await probe(c, { address: aAddress, port: 9000 }, { host: a, port: 9000 });
      expect(there).toMatchObject({ source: aAddress, answers: 40 });
      expect(back).toMatchObject({ source: cAddress, answers: 40 });
      // Emulated processors are late at times, never early; every other way takes 200 ms.
      expect(Math.min(...there.delaysMs)).toBeGreaterThan(49);
      expect(median(there.delaysMs)).toBeLessThan(150);
      expect(Math.min(...back.delaysMs)).toBeGreaterThan(9);
      expect(median(back.delaysMs)).toBeLessThan(150);
    });
  });
});

//  a ──> b ──> d ──> c    d's errors come to a by a tunnel that c's traffic does not take.
//  ^─────────────────┘
const FOUR = `overlay: [10.70.0.0/24, "fd70::/64"]
nodes: { a: {}, b: { endpoint: 198.51.100.2 }, c: { endpoint: 198.51.100.3 }, d: { endpoint: 198.51.100.4 } }
paths: [a -> b -> d -> c, c -> a, d -> a, a -> d]
`;

describe("path MTU discovery", () => {
  it("works in both families when a tunnel that the sender does not see narrows", async () => {
    await withLab(FOUR, {}, async (lab) => {
      const [a, c, d] = [await lab.host("a"), await lab.host("c"), await lab.host("d")];
      await c.run(["sh", "-c", "iperf3 -s -D >/dev/null"]);
      await d.run(["ip", "link", "set", "wg-c", "mtu", "1320"]);
      for (const family of [4, 6] as const) {
        const to = addressOf(lab, "c", family);
        const headers = family === 4 ? 28 : 48;
        await ping(a, to, 2, 500);
        // TCP first: it must find out by itself, from segments that are too big.
        const sent = await a.run(["iperf3", "-c", to, "-n", "200K", "-J"], { timeoutMs: 60_000 });
        expect(sent.stdout).toMatch(/"bytes":\s*2048\d\d/);
        expect((await a.run(["ip", "route", "get", to])).stdout).toContain("mtu 1320");

        await a.run(["ip", family === 4 ? "-4" : "-6", "route", "flush", "cache"]);
        const tooBig = await whole(a, to, 1420 - headers);
        expect(tooBig.stdout).toContain(`rom ${addressOf(lab, "d", family)}`);
        expect(tooBig.stdout).toMatch(/mtu ?= ?1320/);
        expect((await whole(a, to, 1320 - headers)).stdout).toContain(" 0% packet loss");
        // The way back is another: nothing there got narrower.
        const back = await whole(c, addressOf(lab, "a", family), 1420 - headers);
        expect(back.stdout).toContain(" 0% packet loss");
      }
    });
  });
});

/** One ping that must not be fragmented. */
const whole = (host: Host, to: string, bytes: number) =>
  host.run(["ping", "-n", "-c", "1", "-W", "5", "-M", "do", "-s", String(bytes), to], { anyExit: true });

const inside = (script: string) => run(["unshare", "--net", "sh", "-c", script]);

function addressOf(lab: Parameters<Parameters<typeof withLab>[2]>[0], node: string, family: 4 | 6): string {
  const { addresses } = lab.plan.topology.nodes.find(({ name }) => name === node)!;
  return addresses.find((address) => address.includes(":") === (family === 6))!;
}
