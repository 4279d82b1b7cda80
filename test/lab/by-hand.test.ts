// A machine that is set up by its exported file beside two that apply sets up: one network, and nobody touches the other's.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../src/core/check/check.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import { shell } from "../../src/render/shell.ts";
import { tofro } from "../support/cli.ts";
import { PATIENCE, PATIENT } from "../support/patience.ts";
import { traceAll, withLab } from "../support/lab.ts";
import { snapshot, snapshotAll } from "../support/snapshot.ts";

const THREE = readFileSync(
  join(import.meta.dirname, "..", "..", "examples", "three-nodes", "tofro.yaml"),
  "utf8",
);
const BY_HAND = THREE.replace(/^( {2}b:.*?)( *\})/m, "$1, platform: shell$2");
const TOLD = "b: not touched (platform: shell); `tofro export shell` writes what it needs\n";

describe("a node with `platform`", () => {
  it("works with the others, is told of, and is left alone by every verb", async () => {
    expect(BY_HAND).toContain("platform: shell");
    await withLab(BY_HAND, { bare: true }, async (lab, folder) => {
      const { network, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const bare = await snapshotAll(lab);
      const b = await lab.host("b");
      const state = plan.states.find(({ node }) => node === "b")!;
      await b.writeFile("/run/tofro.sh", shell("# ", state, network.secrets).files[0]!.text, 0o600);
      const script = (verb: string) => b.run(["sh", "/run/tofro.sh", verb], { timeoutMs: 60_000 * PATIENCE });
      await script("up");
      const up = await snapshot(b);

      const planned = await tofro("plan", "--lab", lab.name);
      expect(planned).toMatchObject({ code: 3, stdout: expect.stringContaining(TOLD) as string });
      expect(planned.stdout).not.toMatch(/^b:$/m);
      const applied = await tofro("apply", ...PATIENT, "--lab", lab.name, "--json");
      expect(applied).toMatchObject({ code: 0 });
      expect(JSON.parse(applied.stdout)).toEqual({
        changed: ["a", "c"],
        unchanged: [],
        leftOut: [],
        byHand: [{ node: "b", platform: "shell" }],
      });
      expect(await snapshot(b)).toBe(up);

      const paths = new Map(
        check(plan.spec, plan.states).directions.map(({ from, to, path }) => [`${from} ${to}`, path]),
      );
      const traces = await traceAll({ ...lab, plan }, new Set(paths.keys()));
      expect(traces.map(({ from, to, hops }) => [`${from} ${to}`, hops])).toEqual(
        expect.arrayContaining([...paths]) as unknown,
      );

      const named = await tofro("apply", "--lab", lab.name, "--node", "b");
      expect(named).toMatchObject({ code: 2, stderr: expect.stringContaining(TOLD.trim()) as string });
      const agents = await tofro("apply", "--agent", "--lab", lab.name);
      expect(agents).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/tofro\.yaml:\d+:\d+: /) as string,
      });
      const status = await tofro("status", "--lab", lab.name, "--json");
      expect(JSON.parse(status.stdout)).toMatchObject({
        unreachable: [{ node: "b", message: expect.stringContaining("by hand") as string }],
      });

      expect(await tofro("down", ...PATIENT, "--lab", lab.name)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(TOLD) as string,
      });
      expect(await snapshot(b)).toBe(up);
      await script("down");
      expect(await snapshotAll(lab)).toEqual(bare);
    });
  });
});
