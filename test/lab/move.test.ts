// A path that moves while packets are under way on it: none is lost, and tunnels that stay are not restarted.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { PATIENT } from "../support/patience.ts";
import { probe, type Probes } from "./traffic.ts";

const THREE = readFileSync(
  join(import.meta.dirname, "..", "..", "examples", "three-nodes", "tofro.yaml"),
  "utf8",
);
const MOVED = THREE.replace("- a -> b -> c", "- a -> c").replace("- c -> a", "- c -> b -> a");
const UNDERLAY = "underlay: { default: { delay: 15ms }, a <-> b: { delay: 8ms }, b <-> c: { delay: 7ms } }\n";
const [A, C] = ["192.168.51.5", "192.168.51.2"];
// Slow enough that no buffer runs over while a busy machine looks elsewhere for a second.
const INTERVAL_MS = 5;

/** Both directions while `change` runs: 6 s of packets, one every 5 ms. */
async function streams(lab: TestLab, change: () => Promise<void>): Promise<[Probes, Probes]> {
  const [a, c] = await Promise.all([lab.host("a"), lab.host("c")]);
  const count = 6000 / INTERVAL_MS;
  const both = Promise.all([
    probe(a, { address: C, port: 9000 }, { host: c, port: 9000 }, count, INTERVAL_MS),
    probe(c, { address: A, port: 9001 }, { host: a, port: 9001 }, count, INTERVAL_MS),
  ]);
  await change();
  return both;
}

/** Unix seconds, by host and interface. */
async function handshakes(lab: TestLab): Promise<Map<string, number>> {
  const found = await Promise.all(
    ["a", "b", "c"].map(async (name) => {
      const { stdout } = await (await lab.host(name)).run(["wg", "show", "all", "latest-handshakes"]);
      return Array.from(
        stdout.matchAll(/^(\S+)\t\S+\t(\d+)$/gm),
        ([, each, at]) => [`${name} ${each}`, Number(at)] as const,
      );
    }),
  );
  return new Map(found.flat());
}

describe("apply", () => {
  it("moves both directions there and back and loses no packet", async () => {
    await withLab(THREE, { bare: true, underlay: UNDERLAY }, async (lab, folder) => {
      const apply = async (network: string): Promise<void> => {
        writeFileSync(join(folder, "tofro.yaml"), network);
        expect((await tofro("apply", ...PATIENT, "--lab", lab.name)).code).toBe(0);
      };
      await apply(THREE);
      // Every tunnel has its session before anything counts.
      await streams(lab, () => apply(MOVED));
      const before = await handshakes(lab);
      for (const network of [THREE, MOVED]) {
        const [there, back] = await streams(lab, () => apply(network));
        expect([there.delaysMs.length, back.delaysMs.length]).toEqual([1200, 1200]);
      }
      expect(before.size).toBe(6);
      // A session in use is renewed after two minutes (REKEY_AFTER_TIME); who is restarted needs one at once.
      const restarted = [...(await handshakes(lab))].filter(([each, at]) => {
        const was = before.get(each) ?? 0;
        return at !== was && at - was < 120;
      });
      expect(restarted).toEqual([]);
    });
  });
});
