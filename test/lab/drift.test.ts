// Whatever hands and other programs did to a machine: apply leads back to the plan, and leaves what is theirs alone.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { BRIEF, PATIENCE, PATIENT } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";
import { ping } from "./traffic.ts";

// Every fault at least twice; where it shall be brief, once.
const [EXAMPLE, ROUNDS, TURNS] = BRIEF ? ["three-nodes", 2, 1] : ["five-nodes", 6, 2];
const NETWORK = readFileSync(
  join(import.meta.dirname, "..", "..", "examples", EXAMPLE, "tofro.yaml"),
  "utf8",
);

/** Each changes what is ours. `link` is one of the host's tunnels. */
const FAULTS: readonly ((link: string) => string)[] = [
  (link) => `ip link del ${link}`,
  (link) => `ip link set ${link} down`,
  (link) => `ip link set ${link} down; ip link set ${link} up`,
  (link) => `ip link set ${link} mtu 1300`,
  (link) => `ip address flush dev ${link}`,
  (link) => `ip address add 10.99.0.1/32 dev ${link}`,
  (link) => `ip route flush proto 116 dev ${link}; ip -6 route flush proto 116 dev ${link}`,
  (link) => `wg set ${link} peer $(wg show ${link} peers) allowed-ips 10.99.0.0/24`,
  (link) => `wg set ${link} peer $(wg show ${link} peers) remove`,
  (link) => `wg set ${link} peer $(wg show ${link} peers) preshared-key /dev/null persistent-keepalive 99`,
  (link) => `wg set ${link} listen-port 40000`,
  (link) => `sysctl -qw net.ipv4.conf.${link}.rp_filter=1`,
  (link) => `ip link set ${link} alias 'tofro: of another day'`,
  () => "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0",
  () => "nft delete table inet tofro",
  () => "nft flush table inet tofro",
  () => "nft flush set inet tofro arrivals4",
  () => "nft add rule inet tofro pass counter drop",
  () => "ip link del tofro",
  () => "ip address flush dev tofro",
  () => "ip rule del $(ip rule | grep 'proto 116' | head -n 1 | cut -d: -f2-)",
  () => "ip -6 rule flush; ip -6 rule add priority 32766 from all lookup main",
  // Not all of it: what sysctls were before tofro is known from there alone.
  () => "rm /etc/tofro/up /etc/tofro/*.psk",
  () => "sed -i d /etc/tofro/up",
];

/** Somebody else's. It stays, whatever we do. */
const FOREIGN = `
ip link add theirs type veth peer name theirs1; ip link set theirs up; ip link set theirs1 up
ip address add 203.0.113.77/24 dev theirs
ip route add 10.99.1.0/24 via 203.0.113.1 dev theirs proto static
ip route add 10.99.2.0/24 dev theirs proto 116
ip rule add priority 11600 from 10.99.1.0/24 lookup 11600 protocol 4
nft add table inet theirs
nft 'add chain inet theirs c { type filter hook forward priority 5; }'
nft add rule inet theirs c ct state invalid counter accept
mkdir -p /etc/wireguard && wg genkey >/etc/wireguard/theirs.key`;

const sh = (host: Host, script: string) => host.run(["sh", "-c", `{ ${script}\n} 2>/dev/null; exit 0`]);

/** Interfaces that were made anew stand elsewhere in every list. */
async function pictures(lab: TestLab): Promise<Record<string, string[]>> {
  const all = await snapshotAll(lab);
  return Object.fromEntries(Object.entries(all).map(([name, text]) => [name, text.split("\n").sort()]));
}

async function isBack(lab: TestLab, planned: Record<string, string[]>, faults: string): Promise<void> {
  expect({ faults, plan: (await tofro("plan", "--lab", lab.name)).code }).toEqual({ faults, plan: 3 });
  const { code, stderr } = await tofro("apply", ...PATIENT, "--lab", lab.name);
  expect({ faults, code, stderr: code === 0 ? "" : stderr }).toEqual({ faults, code: 0, stderr: "" });
  expect({ faults, now: await pictures(lab) }).toEqual({ faults, now: planned });
}

describe("drift", () => {
  it(
    "is mended from any state, and foreign things are untouched",
    async () => {
      await withLab(NETWORK, { bare: true }, async (lab) => {
        const names = lab.plan.states.map(({ node }) => node);
        const hosts = await Promise.all(names.map((name) => lab.host(name)));
        await Promise.all(hosts.map((host) => sh(host, FOREIGN)));
        const before = await pictures(lab);
        expect((await tofro("apply", ...PATIENT, "--lab", lab.name)).code).toBe(0);
        const planned = await pictures(lab);

        // A few on each machine at once; every one has its turn.
        const seeded = fc.sample(fc.array(fc.nat(9), { minLength: 40, maxLength: 40 }), {
          numRuns: 1,
          seed: 116,
        })[0]!;
        let next = 0;
        for (let round = 0; round < ROUNDS; round++) {
          const chosen = lab.plan.states.map(({ interfaces }, index) => {
            const count = BRIEF ? 4 : 1 + (seeded[(round * 7 + index) % 40]! % 3);
            return Array.from({ length: count }, () => {
              const which = next++;
              return FAULTS[which % FAULTS.length]!(interfaces[which % interfaces.length]!.name);
            }).join("\n");
          });
          await Promise.all(hosts.map((host, index) => sh(host, chosen[index]!)));
          await isBack(lab, planned, chosen.map((each, index) => `${names[index]}: ${each}`).join("\n"));
        }
        expect(next).toBeGreaterThanOrEqual(TURNS * FAULTS.length);
        const far = lab.plan.topology.nodes.at(-1)!.addresses[0]!;
        expect(await ping(hosts[0]!, far, 5, 200)).toMatchObject({ received: 5 });

        expect((await tofro("down", "--lab", lab.name)).code).toBe(0);
        expect(await pictures(lab)).toEqual(before);
      });
      // On an emulated processor each round is ten minutes.
    },
    300_000 * PATIENCE,
  );
});
