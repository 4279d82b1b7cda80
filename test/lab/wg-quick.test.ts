// The exported files with the real wg-quick, in any order; and down again, leaving everything as it was.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readNetwork, settle } from "../../src/files/network.ts";
import { wgQuickFiles, type WgQuickFile } from "../../src/render/wg-quick.ts";
import { PATIENCE, withinPatience } from "../support/patience.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { goesAsPredicted } from "../support/predicted.ts";
import { snapshot, snapshotAll } from "../support/snapshot.ts";

const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, "..", ...path), "utf8");
const FOLDER = "/run/wg-quick-test";

const NETWORKS: Readonly<Record<string, string>> = {
  "three-nodes": read("..", "examples", "three-nodes", "tofro.yaml"),
  "port-forward": read("..", "examples", "port-forward", "tofro.yaml"),
  "five-nodes": read("..", "examples", "five-nodes", "tofro.yaml"),
  // Both families with a transit, different MTUs, and subnets behind nodes.
  mtu: read("golden", "mtu", "tofro.yaml"),
  prefixes: read("golden", "prefixes", "tofro.yaml"),
  // With a kill switch, resolvers beyond the exit, and an endpoint that is a name.
  "exit-dns": read("golden", "exit-dns", "tofro.yaml"),
  uplinks: read("golden", "uplinks", "tofro.yaml"),
};

async function writeFiles(lab: TestLab, files: readonly WgQuickFile[]): Promise<void> {
  for (const { node, interface: name, text } of files) {
    const host = await lab.host(node);
    await host.run(["mkdir", "-p", FOLDER]);
    await host.writeFile(`${FOLDER}/${name}.conf`, text, 0o600);
  }
}

const wgQuick = async (
  lab: TestLab,
  verb: "up" | "down",
  { node, interface: name }: WgQuickFile,
): Promise<void> => {
  const host = await lab.host(node);
  await host.run(["wg-quick", verb, `${FOLDER}/${name}.conf`], { timeoutMs: 60_000 * PATIENCE });
};

/** Another order each time, the same every run. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  return items
    .map((item, index) => ({ item, rank: Math.sin((index + 1) * 12.9898 + seed * 78.233) * 43_758.5453 }))
    .sort((a, b) => (a.rank % 1) - (b.rank % 1))
    .map(({ item }) => item);
}

describe.each(withinPatience(Object.entries(NETWORKS)))("%s", (_, network) => {
  it("comes up in any order, exactly as planned, and goes down without a trace", async () => {
    await withLab(network, { bare: true }, async (lab, folder) => {
      const { network: settled, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const files = wgQuickFiles(plan, settled.secrets);
      const before = await snapshotAll(lab);
      await writeFiles(lab, files);
      for (const file of shuffled(files, 1)) await wgQuick(lab, "up", file);
      // One of them again: nothing of the others may change.
      await wgQuick(lab, "down", files[0]!);
      await wgQuick(lab, "up", files[0]!);

      await goesAsPredicted({ ...lab, plan });

      for (const file of shuffled(files, 2)) await wgQuick(lab, "down", file);
      for (const { node } of plan.states) await (await lab.host(node)).run(["rm", "-r", FOLDER]);
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });
});

describe("what was there before", () => {
  it("is kept: forwarding on, router advertisements heeded, another's rules and tables", async () => {
    await withLab(NETWORKS["five-nodes"]!, { bare: true }, async (lab, folder) => {
      const host = await lab.host("hkg");
      const prepare = [
        "sysctl -qw net.ipv4.ip_forward=1",
        "for each in /proc/sys/net/ipv6/conf/u-*/accept_ra; do echo 1 >$each; done",
        "nft 'add table inet mine; add chain inet mine c { type filter hook forward priority 0; }'",
        "ip rule add priority 500 from 192.0.2.77 lookup 77",
      ];
      await host.run(["sh", "-c", prepare.join(" && ")]);
      const before = await snapshot(host);
      const { network: settled, plan } = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const files = wgQuickFiles(plan, settled.secrets).filter(({ node }) => node === "hkg");
      await writeFiles(lab, files);
      for (const file of files) await wgQuick(lab, "up", file);
      const { stdout } = await host.run(["sh", "-c", "cat /proc/sys/net/ipv6/conf/u-*/accept_ra"]);
      expect(new Set(stdout.trim().split("\n"))).toEqual(new Set(["2"]));
      for (const file of files) await wgQuick(lab, "down", file);
      await host.run(["rm", "-r", FOLDER]);
      expect(await snapshot(host)).toBe(before);
    });
  });
});

describe("down, which knows nothing of the plan", () => {
  const before =
    "overlay: 10.66.0.0/24\nnodes:\n  a: { prefixes: 192.168.7.0/24 }\n  b: { endpoint: 198.51.100.1 }\n  c: { endpoint: 198.51.100.2 }\npaths: [a -> b -> c, c -> a]\n";
  // b is no transit any more, and the prefix behind a has grown over what it was.
  const after = before.replace("192.168.7.0/24", "192.168.0.0/16").replace("a -> b -> c", "a -> c, a <-> b");

  async function inLab(
    use: (lab: TestLab, old: WgQuickFile[], now: WgQuickFile[]) => Promise<void>,
  ): Promise<void> {
    await withLab(before, { bare: true }, async (lab, folder) => {
      const settled = await settle(await readNetwork(join(folder, "tofro.yaml")));
      const old = wgQuickFiles(settled.plan, settled.network.secrets);
      writeFileSync(join(folder, "tofro.yaml"), after);
      const changed = await settle(await readNetwork(join(folder, "tofro.yaml")));
      await use(lab, old, wgQuickFiles(changed.plan, changed.network.secrets));
    });
  }
  const of = (files: readonly WgQuickFile[], node: string): WgQuickFile[] =>
    files.filter((each) => each.node === node);

  it("clears the old plan away when the files were replaced first", async () => {
    await inLab(async (lab, old, now) => {
      for (const node of ["a", "b"]) {
        const host = await lab.host(node);
        await host.run([
          "sh",
          "-c",
          "sysctl -qw net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.lo.forwarding=1",
        ]);
        const clean = await snapshot(host);
        await writeFiles(lab, of(old, node));
        for (const file of of(old, node)) await wgQuick(lab, "up", file);
        await writeFiles(lab, of(now, node));
        for (const file of of(old, node).filter((each) =>
          now.some((next) => next.node === node && next.interface === each.interface),
        )) {
          await wgQuick(lab, "down", file);
          await wgQuick(lab, "up", file);
        }
        const { stdout } = await host.run(["nft", "list", "table", "inet", "tofro"]);
        expect(stdout).not.toContain("192.168.7.0/24");
        const shown = (await host.run(["wg", "show", "interfaces"])).stdout.trim().split(/\s+/);
        for (const name of shown)
          await host.run(["wg-quick", "down", `${FOLDER}/${name}.conf`], { timeoutMs: 60_000 * PATIENCE });
        await host.run(["rm", "-r", FOLDER]);
        expect(await snapshot(host)).toBe(clean);
      }
    });
  });

  it("clears away what an interface deleted by hand had left, and a flushed ruleset does not stop it", async () => {
    await inLab(async (lab, old) => {
      const host = await lab.host("b");
      const clean = await snapshot(host);
      await writeFiles(lab, of(old, "b"));
      const [first, ...rest] = of(old, "b");
      for (const file of of(old, "b")) await wgQuick(lab, "up", file);
      await host.run(["ip", "link", "del", first!.interface]);
      await host.run(["nft", "flush", "ruleset"]);
      for (const file of rest) await wgQuick(lab, "down", file);
      await host.run(["rm", "-r", FOLDER]);
      expect(await snapshot(host)).toBe(clean);
    });
  });
});
