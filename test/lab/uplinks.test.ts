// Machines with two ways to the internet: tunnels take the one that is named, both ways, and none other when it is down.
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { doctor, WELL } from "../support/doctor.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshot, snapshotAll } from "../support/snapshot.ts";

//   a ──lte──▷ c     a has a cable and a modem (table 102), both behind NAT. c has two addresses of providers and one of IPv6.
//   a ◁─────── c
//   b ──v6───▷ c     over IPv6, of which c's address is all that is said
//   b ◁─second─ c    c's second provider (table 103)
const NETWORK = `overlay: 10.83.0.0/24
nodes:
  a: { uplinks: { lte: { table: 102 } } }
  b: { endpoint: 198.51.100.2 }
  c:
    endpoint: 203.0.113.3
    uplinks:
      v6: { endpoint: "2001:db8::3" }
      second: { endpoint: 203.0.113.4, table: 103 }
paths:
  - a -[lte]-> c
  - c -> a
  - b -[v6]-> c
  - c -[second]-> b
`;
const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 30_000 * PATIENCE })).stdout;

const apply = (lab: TestLab) => tofro("apply", ...PATIENT, "--lab", lab.name);

/** By interface of the underlay what is as large as a ping of 1000 bytes in a tunnel: no keepalive, no handshake. */
const WATCH = `nft -f - <<'NFT'
table inet watch
delete table inet watch
table inet watch {
  chain seen {
    type filter hook postrouting priority 400;
${[
  "u-nat",
  "u-nat~lte",
  ...["a", "b", "c"].flatMap((peer) => ["", "~lte", "~v6", "~second"].map((over) => `u-${peer}${over}`)),
]
  .map((name) => `    oifname "${name}" meta l4proto udp meta length 1000-1200 counter comment "${name}"`)
  .join("\n")}
  }
}
NFT`;

/** Interfaces that packets have left by since the last time that it was asked. */
async function ways(host: Host): Promise<Record<string, number>> {
  const listing = await sh(host, `nft list table inet watch; ${WATCH}`);
  const all = Array.from(
    listing.matchAll(/packets (\d+) bytes \d+ comment "([^"]+)"/g),
    ([, packets, name]) => [name!, Number(packets)] as const,
  );
  return Object.fromEntries(all.filter(([, packets]) => packets > 0));
}

async function large(host: Host, to: string, count: number): Promise<number> {
  const argv = ["ping", "-nq", "-W", "1", "-i", "0.02", "-s", "1000", "-c", String(count), to];
  const { stdout } = await host.run(argv, { anyExit: true, timeoutMs: 60_000 * PATIENCE });
  return Number(/(\d+) received/.exec(stdout)?.[1]);
}

const reaches = (host: Host, to: string): Promise<string> =>
  sh(host, `for try in $(seq 40); do ping -nqc 1 -W 1 ${to} >/dev/null && exit; done; exit 1`);

/** As an administrator may have it, so that iproute2 says the name. */
const NAMED =
  "cp /etc/iproute2/rt_tables /run/rt_tables; echo '102 lte' >>/run/rt_tables; mount --bind /run/rt_tables /etc/iproute2/rt_tables";
const UNNAMED = "umount /etc/iproute2/rt_tables; rm /run/rt_tables";
const [TO_A, TO_B, TO_C] = ["10.83.0.1", "10.83.0.2", "10.83.0.3"] as const;

describe("uplinks", () => {
  it(
    "carry the tunnels that name them, in both directions, and no other does while they are down",
    async () => {
      await withLab(NETWORK, { bare: true }, async (lab) => {
        const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => lab.host(name)));
        const before = await snapshotAll(lab);
        expect(await apply(lab)).toMatchObject({ code: 0 });
        await Promise.all([reaches(a!, TO_C), reaches(c!, TO_B), reaches(b!, TO_A)]);
        const planned = await snapshotAll(lab);
        await sh(a!, NAMED);
        expect((await tofro("plan", "--lab", lab.name)).code).toBe(0);
        expect((await apply(lab)).stdout).not.toMatch(/^ /m);
        await sh(a!, UNNAMED);
        expect(await snapshotAll(lab)).toEqual(planned);
        expect(await doctor(lab.name)).toMatchObject(WELL);

        for (const host of [a!, b!, c!]) await sh(host, WATCH);
        expect(await large(a!, TO_C, 20)).toBe(20);
        expect([await ways(a!), await ways(c!)]).toEqual([{ "u-nat~lte": 20 }, { "u-a": 20 }]);
        expect(await large(c!, TO_B, 20)).toBe(20);
        expect([await ways(c!), await ways(b!)]).toEqual([{ "u-b~second": 20 }, { "u-c~v6": 20 }]);

        // The modem has lost its route.
        const routes = await sh(a!, "ip route show table 102; ip route flush table 102");
        expect(await large(a!, TO_C, 3)).toBe(0);
        // wireguard-go remembers the interface (IP_PKTINFO) and tries it still; nobody answers there.
        expect(Object.keys(await ways(a!))).not.toContain("u-nat");
        const { findings } = await doctor(lab.name);
        expect(findings).toMatchObject([{ node: "a", code: "uplink-table", severity: "error" }]);
        for (const route of routes.trim().split("\n").toReversed())
          await sh(a!, `ip route add ${route} table 102`);
        await reaches(a!, TO_C);

        for (const fault of [
          "ip rule del priority 11603; ip rule del priority 11604",
          "wg set wg-c-lte fwmark 0",
        ]) {
          await sh(a!, fault);
          expect({ fault, plan: (await tofro("plan", "--lab", lab.name)).code }).toEqual({ fault, plan: 3 });
          expect({ fault, apply: await apply(lab) }).toMatchObject({ fault, apply: { code: 0 } });
        }
        await Promise.all([a!, b!, c!].map((host) => sh(host, "nft delete table inet watch")));
        expect(await snapshot(a!)).toBe(planned["a"]);

        expect((await tofro("down", "--lab", lab.name)).code).toBe(0);
        expect(await snapshotAll(lab)).toEqual(before);
      });
    },
    300_000 * PATIENCE,
  );
});
