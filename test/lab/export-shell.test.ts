// The exported shell scripts: up as planned, again the same, and down without a trace, also from half-way.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readNetwork, settle } from "../../src/files/network.ts";
import { shell } from "../../src/render/shell.ts";
import type { Host } from "../../src/linux/command.ts";
import { PATIENCE, withinPatience } from "../support/patience.ts";
import { withLab } from "../support/lab.ts";
import { goesAsPredicted } from "../support/predicted.ts";
import { snapshot, snapshotAll } from "../support/snapshot.ts";

const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, "..", "golden", name, "tofro.yaml"), "utf8");
const SCRIPT = "/run/tofro.sh";

const script = (host: Host, verb: string, anyExit = false) =>
  host.run(["sh", SCRIPT, verb], { timeoutMs: 60_000 * PATIENCE, anyExit });

describe.each(withinPatience(["five-nodes", "mtu", "prefixes", "exit"].map((name) => [name] as const)))(
  "%s",
  (name) => {
    it("comes up exactly as planned, again the same, and goes down without a trace", async () => {
      await withLab(golden(name), { bare: true }, async (lab, folder) => {
        const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
        const before = await snapshotAll(lab);
        for (const state of plan.states) {
          const host = await lab.host(state.node);
          await host.writeFile(SCRIPT, shell("# ", state, network.secrets).files[0]!.text, 0o600);
          await script(host, "up");
        }
        const first = await lab.host(plan.states[0]!.node);
        const up = await snapshot(first);
        await script(first, "up");
        expect(await snapshot(first)).toBe(up);

        await goesAsPredicted({ ...lab, plan });
        for (const { node } of plan.states) await script(await lab.host(node), "down");
        expect(await snapshotAll(lab)).toEqual(before);
      });
    });
  },
);

describe("an interface of another's that has a name of ours", () => {
  it("stops the script, which goes back and leaves it alone", async () => {
    await withLab(golden("three-nodes"), { bare: true }, async (lab, folder) => {
      const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const state = plan.states.find(({ node }) => node === "b")!;
      const host = await lab.host("b");
      // The last one, so that all others are up by then.
      const { name } = state.interfaces.at(-1)!;
      await host.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "other"]);
      await host.writeFile(SCRIPT, shell("# ", state, network.secrets).files[0]!.text, 0o600);
      const before = await snapshot(host);
      expect((await script(host, "up", true)).code).not.toBe(0);
      expect(await snapshot(host)).toBe(before);
    });
  });
});
