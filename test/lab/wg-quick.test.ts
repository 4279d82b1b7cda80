// The exported files with the real wg-quick, in any order; and down again, leaving everything as it was.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../src/core/check/check.ts";
import { readNetwork, settle } from "../../src/files/network.ts";
import type { Host } from "../../src/linux/command.ts";
import { wgQuickFiles, type WgQuickFile } from "../../src/render/wg-quick.ts";
import { traceAll, withLab, type TestLab } from "../support/lab.ts";

const read = (...path: string[]): string => readFileSync(join(import.meta.dirname, "..", ...path), "utf8");
const FOLDER = "/run/wg-quick-test";

const NETWORKS: Readonly<Record<string, string>> = {
  "three-nodes": read("..", "examples", "three-nodes", "tofro.yaml"),
  "port-forward": read("..", "examples", "port-forward", "tofro.yaml"),
  "five-nodes": read("..", "examples", "five-nodes", "tofro.yaml"),
  // Both families with a transit, different MTUs, and subnets behind nodes.
  mtu: read("golden", "mtu", "tofro.yaml"),
  prefixes: read("golden", "prefixes", "tofro.yaml"),
};

/** Everything that tofro may touch on a machine, as text. */
async function snapshot(host: Host): Promise<string> {
  const commands = [
    "ip -o address",
    // Carrier comes a moment after a lab does, and with it the kernel's multicast routes.
    "ip -br link | cut -d' ' -f1",
    "ip -4 route show table all",
    "ip -6 route show table all | grep -v ^multicast",
    "ip rule",
    "ip -6 rule",
    "nft -s list ruleset",
    // The kernel's WireGuard turns this one off with every interface that goes up (wg_open), for good.
    "sysctl -a 2>/dev/null | grep -E '^net[.](ipv4|ipv6)[.](ip_forward|conf)' | grep -v ipv4.conf.all.send_redirects | sort",
    "ls -A /run/tofro 2>/dev/null || true",
    "ls -A /run/tofro/wg-quick 2>/dev/null || true",
  ];
  const { stdout } = await host.run(["sh", "-c", commands.join("; echo ---; ")]);
  // wireguard-go's own log and the lab's files lie in /run/tofro too; addresses' lifetimes count down.
  return stdout.replaceAll(/(valid_lft|preferred_lft|expires) \S+/g, "").replaceAll(/^\S+[.]log$\n/gm, "");
}

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
  await host.run(["wg-quick", verb, `${FOLDER}/${name}.conf`], { timeoutMs: 60_000 });
};

/** Another order each time, the same every run. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  return items
    .map((item, index) => ({ item, rank: Math.sin((index + 1) * 12.9898 + seed * 78.233) * 43_758.5453 }))
    .sort((a, b) => (a.rank % 1) - (b.rank % 1))
    .map(({ item }) => item);
}

describe.each(Object.entries(NETWORKS))("%s", (_, network) => {
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

      const predicted = check(plan.spec, plan.states);
      const paths = new Map(predicted.directions.map(({ from, to, path }) => [`${from} ${to}`, path]));
      for (const { from, to, hops } of await traceAll(lab, new Set(paths.keys()))) {
        expect({ from, to, hops }).toEqual({ from, to, hops: paths.get(`${from} ${to}`) });
      }

      for (const file of shuffled(files, 2)) await wgQuick(lab, "down", file);
      for (const { node } of plan.states) await (await lab.host(node)).run(["rm", "-r", FOLDER]);
      expect(await snapshotAll(lab)).toEqual(before);
    });
  });
});

async function snapshotAll(lab: TestLab): Promise<Record<string, string>> {
  const names = lab.plan.topology.nodes.map(({ name }) => name);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await snapshot(await lab.host(name))] as const)),
  );
}

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
