// The agent holds its machine: each kind of drift is gone again at once, and a choice is installed at once.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { KeeperStatus } from "../../src/agent/keeper.ts";
import { askAgent } from "../../src/linux/agent.ts";
import type { Host } from "../../src/linux/command.ts";
import { startAgent } from "../support/agents.ts";
import { tofro } from "../support/cli.ts";
import { withLab } from "../support/lab.ts";
import { PATIENCE } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";

const NETWORK = `overlay: [10.70.0.0/24, "fd70::/64"]
nodes:
  a: { address: [10.70.0.1, "fd70::1"] }
  b: { address: [10.70.0.2, "fd70::2"], endpoint: 198.51.100.2 }
  c: { address: [10.70.0.3, "fd70::3"], endpoint: 198.51.100.3 }
paths: [a -> b -> c, c -> a, b <-> a]
`;
/** Each changes what is ours on b, the transit. */
const FAULTS = [
  "ip route del 10.70.0.3 proto 116",
  "ip route flush proto 116 dev wg-a; ip -6 route flush proto 116 dev wg-a",
  "ip route replace 10.70.0.3/32 dev wg-a proto 116",
  "ip link set wg-c down",
  "ip link del wg-c",
  "ip link set wg-a mtu 1300",
  "ip address flush dev wg-a",
  "ip link del tofro",
  "nft delete table inet tofro",
  "nft flush ruleset",
  "nft flush set inet tofro arrivals4",
  "wg set wg-c peer $(wg show wg-c peers) allowed-ips 10.99.0.0/24",
  "wg set wg-c peer $(wg show wg-c peers) remove",
  "wg set wg-c listen-port 40000",
  "sysctl -qw net.ipv4.ip_forward=0",
  "sysctl -qw net.ipv4.conf.wg-a.rp_filter=1",
];

const sh = (host: Host, script: string) => host.run(["sh", "-c", script], { timeoutMs: 60_000 });

const within = async (limitMs: number, look: () => Promise<boolean>): Promise<number> => {
  const begunMs = performance.now();
  for (;;) {
    if (await look()) return performance.now() - begunMs;
    if (performance.now() - begunMs > limitMs) return Number.POSITIVE_INFINITY;
    await sleep(20);
  }
};

describe("an agent", () => {
  it("mends each kind of drift at once, and leaves all as it is when it ends", async () => {
    await withLab(NETWORK, { bare: true }, async (lab) => {
      expect((await tofro("apply", "--lab", lab.name)).code).toBe(0);
      const b = await lab.host("b");
      // But for its own files, some of which it writes when half a minute has passed.
      const picture = async (): Promise<string[]> => {
        const { b: lines } = await snapshotAll(lab);
        return lines!
          .split("\n")
          .filter((line) => !line.startsWith("/run/tofro-agent"))
          .sort();
      };
      const agent = await startAgent(lab, "b");
      const asked = async (): Promise<KeeperStatus> =>
        ((await askAgent(b, { get: "status" })) as { keeper: KeeperStatus }).keeper;
      // What it holds lets links carry more than apply's plan does.
      await within(
        20_000 * PATIENCE,
        async () =>
          (await asked()).repairs > 0 &&
          (await sh(b, "nft list set inet tofro arrivals4")).stdout.includes("10.70.0.3"),
      );
      await sleep(2000 * PATIENCE);
      const planned = await picture();

      const took = new Map<string, number>();
      for (const fault of FAULTS) {
        await sh(b, fault);
        took.set(
          fault,
          await within(10_000 * PATIENCE, async () => (await picture()).join("\n") === planned.join("\n")),
        );
      }
      expect([...took].filter(([, ms]) => !Number.isFinite(ms))).toEqual([]);
      const keeper = await asked();
      expect(keeper.repairs).toBeGreaterThanOrEqual(FAULTS.length);
      expect(keeper.trouble).toBeUndefined();

      expect(await agent.stop()).toBe(0);
      // But for the routes of its test packets.
      const isItsOwn = (line: string): boolean => /proto 118|lookup 118/.test(line);
      expect(await picture()).toEqual(planned.filter((line) => !isItsOwn(line)));
    });
  });
});
