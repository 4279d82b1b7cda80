// Agents and two tunnels of one pair on real WireGuard: each direction takes its better one, and the other when that is down.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { PATIENCE } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";

const NETWORK = `overlay: 10.84.0.0/24
choose: { sustain: 1s, dwell: 1s }
failover: { hold: 1s }
nodes:
  a: { uplinks: { lte: { table: 102 } } }
  c: { endpoint: 203.0.113.3 }
paths: [a <=> c]
`;
const UNDERLAY = `underlay:
  a -> c: { delay: 60ms }
  c -> a: { delay: 15ms }
  a -[lte]-> c: { delay: 20ms }
  c -[lte]-> a: { delay: 60ms }
`;

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-c", script], { timeoutMs: 30_000 * PATIENCE })).stdout;

const way = async (host: Host, to: string): Promise<string | undefined> =>
  /dev (\S+)/.exec(await sh(host, `ip -o route get ${to}`))?.[1];

async function until(limitMs: number, look: () => Promise<boolean>): Promise<void> {
  const begunMs = performance.now();
  while (!(await look())) {
    if (performance.now() - begunMs > limitMs * PATIENCE) throw new Error(`not within ${limitMs} ms`);
    await sleep(100);
  }
}

const why = async (lab: TestLab): Promise<string> => (await tofro("why", "a", "c", "--lab", lab.name)).stdout;

describe("agents with two tunnels of one pair", () => {
  it(
    "choose between them in each direction, leave one whose uplink is down, and keep the rules that lead there",
    async () => {
      await withLab(NETWORK, { underlay: UNDERLAY, bare: true }, async (lab) => {
        const [a, c] = [await lab.host("a"), await lab.host("c")];
        const before = await snapshotAll(lab);
        expect(await tofro("apply", "--agent", "--lab", lab.name)).toMatchObject({ code: 0 });
        const isBy = async (name: string): Promise<boolean> => (await way(a, "10.84.0.2")) === name;
        await until(30_000, () => isBy("wg-c-lte"));
        expect(await way(c, "10.84.0.1")).toBe("wg-a");
        expect(await why(lab)).toMatch(/^a => c: a -\[lte\]-> c$/m);

        const routes = await sh(a, "ip route show table 102; ip route flush table 102");
        await until(3_000, () => isBy("wg-c"));
        await sh(a, "ping -qnc 1 -W 2 10.84.0.2");
        for (const route of routes.trim().split("\n").toReversed())
          await sh(a, `ip route add ${route} table 102`);
        await until(30_000, () => isBy("wg-c-lte"));

        await sh(a, "ip rule del priority 11603; ip rule del priority 11604");
        await until(3_000, async () => /^11603:[^]*^11604:/m.test(await sh(a, "ip rule")));
        expect((await tofro("down", "--lab", lab.name)).code).toBe(0);
        expect(await snapshotAll(lab)).toEqual(before);
      });
    },
    300_000 * PATIENCE,
  );
});
