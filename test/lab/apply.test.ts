// apply, plan and down on real hosts: the plan is reached by the smallest change, from anywhere, and left without a trace.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readNetwork, settle } from "../../src/files/network.ts";
import type { Host } from "../../src/linux/command.ts";
import { tofro } from "../support/cli.ts";
import { PATIENCE, PATIENT, withinPatience } from "../support/patience.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { goesAsPredicted } from "../support/predicted.ts";
import { snapshot, snapshotAll } from "../support/snapshot.ts";

const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, "..", ...path), "utf8");
const THREE = read("..", "examples", "three-nodes", "tofro.yaml");
const FIVE = read("..", "examples", "five-nodes", "tofro.yaml");
const BARE = { bare: true };

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-ec", script], { timeoutMs: 30_000 * PATIENCE })).stdout;

async function applied(lab: TestLab): Promise<string> {
  const { code, stdout, stderr } = await tofro("apply", ...PATIENT, "--lab", lab.name);
  expect({ code, stderr: stderr.replaceAll(/^[a-z, ]+(: .*)? [.]{3}\n/gm, "") }).toEqual({
    code: 0,
    stderr: "",
  });
  return stdout;
}

async function nothingLeft(lab: TestLab): Promise<void> {
  const { code, stdout } = await tofro("plan", "--lab", lab.name);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringMatching(/^ /m) as string });
}

/** Every direction that `check` predicts is what the wire shows. */
async function comesTrue(lab: TestLab, folder: string): Promise<void> {
  const { plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
  await goesAsPredicted({ ...lab, plan });
}

const NETWORKS: readonly (readonly [string, string])[] = [
  ["three-nodes", THREE],
  ["port-forward", read("..", "examples", "port-forward", "tofro.yaml")],
  ["five-nodes, both families", FIVE],
  ["subnets behind nodes", read("golden", "prefixes", "tofro.yaml")],
];

describe.each(withinPatience(NETWORKS))("%s", (_, network) => {
  it("comes from nothing to the plan, stays there, boots, and goes without a trace", async () => {
    await withLab(network, BARE, async (lab, folder) => {
      const before = await snapshotAll(lab);
      expect((await tofro("plan", "--lab", lab.name)).code).toBe(3);
      expect(await snapshotAll(lab)).toEqual(before);

      await applied(lab);
      const after = await snapshotAll(lab);
      await nothingLeft(lab);
      expect(await applied(lab)).not.toMatch(/^ /m);
      expect(await snapshotAll(lab)).toEqual(after);
      await comesTrue(lab, folder);

      // As a reboot: what lies in memory is gone, what lies in /etc is not.
      const [node] = lab.plan.topology.nodes;
      const host = await lab.host(node!.name);
      const wiped = await snapshot(host);
      await sh(
        host,
        `for each in $(wg show interfaces); do ip link del $each; done
         for f in -4 -6; do while ip $f rule | grep -q 'lookup 116'; do ip $f rule del $(ip $f rule | grep 'lookup 116' | head -1 | cut -d: -f2-); done; done
         nft delete table inet tofro; rm -rf /run/tofro/apply
         sh /etc/tofro/up`,
      );
      expect(await snapshot(host)).toBe(wiped);
      await sh(host, "sh /etc/tofro/up");
      expect(await snapshot(host)).toBe(wiped);
      await nothingLeft(lab);
      await sh(host, "sh /etc/tofro/down");
      const kept = /^[0-9a-f]{64} {2}[/]etc[/]tofro[/].*\n/gm;
      expect((await snapshot(host)).replaceAll(kept, "")).toBe(before[node!.name]);
      await applied(lab);

      const down = await tofro("down", "--lab", lab.name);
      expect({ code: down.code, now: await snapshotAll(lab) }).toEqual({ code: 0, now: before });
      expect((await tofro("down", "--lab", lab.name)).stdout).not.toMatch(/^ /m);
    });
  });
});

describe("foreign things", () => {
  it("refuses what it would have to take from others, and changes nothing", async () => {
    await withLab(THREE, BARE, async (lab) => {
      const clashes: Readonly<Record<string, string>> = {
        "an interface wg-a": "ip link add wg-a type dummy 2>/dev/null || ip tuntap add wg-a mode tap",
        "a route": "ip link set lo up; ip route add 192.168.51.5 dev lo",
      };
      for (const [what, script] of Object.entries(clashes)) {
        const host = await lab.host("b");
        await sh(host, script);
        const before = await snapshotAll(lab);
        const { code, stderr } = await tofro("apply", ...PATIENT, "--lab", lab.name);
        expect({ what, code, stderr }).toEqual({
          what,
          code: 2,
          stderr: expect.stringContaining("b") as string,
        });
        expect(await snapshotAll(lab)).toEqual(before);
        await sh(host, "ip link del wg-a 2>/dev/null || ip route del 192.168.51.5 dev lo");
      }
    });
  });
});
