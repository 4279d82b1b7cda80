// A node of our own forwards: real tunnels over it, which it cannot read; what is not theirs stays out; drift is mended.
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { doctor, FORWARD, FW, NO_FW, WELL } from "../support/doctor.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshot, snapshotAll } from "../support/snapshot.ts";
import { ping } from "./traffic.ts";

//   a ──x──▷ b ──▷ c     b is in no tunnel. x is for a alone, whose address is known; y for d behind NAT.
//   a ◁─────────── c
const NETWORK = `overlay: 10.80.0.0/24
nodes:
  a: { endpoint: 198.51.100.1 }
  b: { endpoint: b.example.net }
  c: { endpoint: 198.51.100.3 }
  d: {}
forwarders:
  x: { on: b, to: c }
  y: { on: b, port: 4500, to: c }
paths:
  - a -[x]-> c
  - c -> a
  - d <-[y]-> c
`;
const B = "198.51.100.2";
const UNDERLAY = `underlay: {}\nhosts: { b.example.net: ${B} }\n`;

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 30_000 * PATIENCE })).stdout;

const apply = (lab: TestLab) => tofro("apply", ...PATIENT, "--lab", lab.name);

/** With conntrack on before our table is there, as on any machine with a firewall. */
const STATEFUL = `nft -f - <<'NFT'
table inet theirs {
  chain in { type filter hook input priority filter; ct state invalid counter drop; }
}
NFT`;

/** At b: what comes in for x, and whatever is of the overlay. At c: what comes out, and what no WireGuard has sent. */
const watch = (port: number): string => `nft -f - <<'NFT'
table inet watch {
  chain seen {
    type filter hook prerouting priority -400;
    udp dport ${port} counter comment "port"
    udp dport ${port} ip saddr ${B} counter comment "from b"
    udp dport ${port} @th,64,32 != { 0x1000000, 0x2000000, 0x3000000, 0x4000000 } counter comment "no type"
    meta l4proto udp @th,96,32 0x54455354 counter comment "ours"
    ip daddr 10.80.0.0/24 counter comment "overlay"
  }
}
NFT`;

async function counted(host: Host): Promise<Record<string, number>> {
  const listing = await sh(host, "nft list table inet watch");
  return Object.fromEntries(
    Array.from(listing.matchAll(/packets (\d+) bytes \d+ comment "([^"]+)"/g), ([, packets, name]) => [
      name,
      Number(packets),
    ]),
  );
}

/** A datagram with `TEST` behind the first word, from a port of the sender's when that is given. */
async function send(host: Host, to: string, port: number, word: readonly number[], from = 0): Promise<void> {
  const script = `const socket = require("dgram").createSocket("udp4");
    socket.bind(${from}, () => socket.send(Buffer.from([${word.join()}, 0x54, 0x45, 0x53, 0x54, ...Buffer.alloc(140)]), ${port}, "${to}", () => socket.close()));`;
  await host.run([process.execPath, "-e", script]);
}

const INITIATION = [1, 0, 0, 0];
const DNS_QUERY = [0x12, 0x34, 1, 0];

/** A lost handshake comes again after 5 s. */
async function reaches(host: Host, to: string): Promise<void> {
  for (let tries = 0; tries < 20 * PATIENCE; tries++) {
    if ((await ping(host, to, 1)).received === 1) return;
  }
  expect(await ping(host, to, 5)).toMatchObject({ received: 5 });
}

describe("a forwarder that is on a node", () => {
  it(
    "carries a tunnel that it cannot read, and nothing else, and stays as planned",
    async () => {
      await withLab(NETWORK, { underlay: UNDERLAY, bare: true }, async (lab) => {
        const [a, b, c, d] = await Promise.all(["a", "b", "c", "d"].map((each) => lab.host(each)));
        const { forwarders, tunnels } = lab.plan.topology;
        const [x, y] = forwarders;
        const over = tunnels.find(({ forwarder }) => forwarder === "x")!;
        const [own, far] = over.ends;
        await sh(b!, STATEFUL);
        const before = await snapshotAll(lab);
        await sh(b!, watch(x!.listen.port));
        await sh(c!, watch(x!.toPort!));
        const untouched = await snapshotAll(lab);
        // A connection of the same ports, from before there is anything that forwards.
        await send(a!, B, x!.listen.port, INITIATION, own.port);

        expect(await apply(lab)).toMatchObject({ code: 0 });
        await Promise.all([reaches(a!, "10.80.0.3"), reaches(c!, "10.80.0.1"), reaches(d!, "10.80.0.3")]);
        const planned = await snapshotAll(lab);
        expect((await tofro("plan", "--lab", lab.name)).code).toBe(0);
        expect((await apply(lab)).stdout).not.toMatch(/^ /m);
        expect(await snapshotAll(lab)).toEqual(planned);

        // What a sends goes in at b and comes out there, as b's own; the answers go directly.
        const [inB, inC] = [await counted(b!), await counted(c!)];
        expect(await ping(a!, "10.80.0.3", 20)).toMatchObject({ received: 20 });
        const [nowB, nowC] = [await counted(b!), await counted(c!)];
        expect(nowB["port"]! - inB["port"]!).toBeGreaterThanOrEqual(20);
        expect(nowC["from b"]! - inC["from b"]!).toBeGreaterThanOrEqual(20);
        expect(nowC["from b"]).toBe(nowC["port"]);
        expect(nowB["overlay"]).toBe(0);
        expect(nowC["overlay"]! - inC["overlay"]!).toBeGreaterThanOrEqual(20);
        expect(await sh(b!, "wg show interfaces")).toBe("");
        const endpoints = await sh(c!, `wg show ${far.interface} endpoints`);
        expect(endpoints).toMatch(new RegExp(`\\t${B.replaceAll(".", "[.]")}:\\d+$`, "m"));

        // Not from there, or not WireGuard's: it stays at b. From there, and with a type, it comes out.
        await send(d!, B, x!.listen.port, INITIATION);
        await send(c!, B, x!.listen.port, INITIATION);
        await send(a!, B, x!.listen.port, DNS_QUERY);
        await send(d!, B, y!.listen.port, DNS_QUERY);
        await send(d!, B, y!.listen.port, [5, 0, 0, 0]);
        expect(await counted(c!)).toMatchObject({ ours: nowC["ours"], "no type": 0 });
        await send(a!, B, x!.listen.port, INITIATION);
        await send(d!, B, y!.listen.port, INITIATION);
        expect((await counted(c!))["ours"]).toBe(nowC["ours"]! + 2);

        // Nothing of it names an address of b's.
        const dial = (address: string): Promise<string> =>
          sh(
            a!,
            `wg set ${own.interface} peer $(wg show ${own.interface} peers) endpoint ${address}:${x!.listen.port}`,
          );
        await sh(b!, "ip address add 198.51.100.222/32 dev u-a");
        await sh(a!, "ip route add 198.51.100.222/32 dev u-b");
        await dial("198.51.100.222");
        await reaches(a!, "10.80.0.3");
        await dial(B);
        await sh(b!, "ip address del 198.51.100.222/32 dev u-a");
        await sh(a!, "ip route del 198.51.100.222/32 dev u-b");
        await reaches(a!, "10.80.0.3");

        // A firewall that lets nothing be forwarded: named, and mended as it is said.
        expect(await doctor(lab.name)).toMatchObject(WELL);
        await sh(b!, FW(`${FORWARD} drop;`, 'iifname "docker0" accept'));
        expect(await ping(a!, "10.80.0.3", 3)).toMatchObject({ received: 0 });
        const { findings } = await doctor(lab.name);
        expect(findings).toMatchObject([{ node: "b", code: "forward-drop", severity: "error" }]);
        expect(findings[0]!.evidence).toMatch(/^inet fw c: type filter hook forward .* policy drop/);
        for (const line of findings[0]!.mend) await sh(b!, line);
        await Promise.all([reaches(a!, "10.80.0.3"), reaches(d!, "10.80.0.3")]);
        expect(await doctor(lab.name)).toMatchObject(WELL);
        await sh(b!, NO_FW);

        for (const fault of [
          "nft flush chain inet tofro relay_to; nft delete chain inet tofro relay_to; sysctl -qw net.ipv4.ip_forward=0",
          "nft flush chain inet tofro relay; nft flush chain inet tofro relay_from",
          "nft delete table inet tofro",
        ]) {
          await sh(b!, fault);
          expect({ fault, plan: (await tofro("plan", "--lab", lab.name)).code }).toEqual({ fault, plan: 3 });
          expect({ fault, apply: await apply(lab) }).toMatchObject({ fault, apply: { code: 0 } });
          await reaches(a!, "10.80.0.3");
          expect({ fault, now: await snapshot(b!) }).toEqual({ fault, now: planned["b"] });
        }
        // As a reboot: what lies in memory is gone, what lies in /etc is not.
        await sh(
          b!,
          "nft delete table inet tofro; ip link del tofro; rm -rf /run/tofro/apply; sh /etc/tofro/up",
        );
        expect(await snapshot(b!)).toBe(planned["b"]);
        await reaches(a!, "10.80.0.3");
        await reaches(d!, "10.80.0.3");

        expect((await tofro("down", "--lab", lab.name)).code).toBe(0);
        expect(await snapshotAll(lab)).toEqual(untouched);
        await Promise.all([b!, c!].map((host) => sh(host, "nft delete table inet watch")));
        expect(await snapshotAll(lab)).toEqual(before);
      });
    },
    300_000 * PATIENCE,
  );
});
