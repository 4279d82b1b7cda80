// On real WireGuard: every direction of every pair is traced on the wire, and is what `check` predicted.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../src/core/check/check.ts";
import type { Plan } from "../../src/core/plan.ts";
import { kernelLane } from "../support/patience.ts";
import { expectedStamps, traceAll, withLab, type TestLab } from "../support/lab.ts";
import { randomNetwork } from "../support/random-network.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");
/** Few in the real-kernel lane: another kernel is wrong with all of them or with none. */
const RANDOM_NETWORKS = kernelLane === undefined ? 20 : 2;

async function comesTrue(lab: TestLab, plan: Plan): Promise<void> {
  const predicted = check(plan.spec, plan.states);
  expect(predicted.ok).toBe(true);
  const paths = new Map(predicted.directions.map(({ from, to, path }) => [`${from} ${to}`, path]));
  const traces = await traceAll(lab, new Set(paths.keys()));
  expect(traces.length).toBeGreaterThan(0);
  for (const { from, to, family, hops, stamps } of traces) {
    const [there, back] = [paths.get(`${from} ${to}`)!, paths.get(`${to} ${from}`)!];
    expect({ from, to, family, hops }).toEqual({ from, to, family, hops: there });
    if (stamps !== undefined) {
      expect({ from, to, stamps }).toEqual({ from, to, stamps: expectedStamps(there, back) });
    }
  }
  await transitsOnly(lab, plan);
}

/** Every transit counted packets for each of its pairs of tunnels, and its table dropped none. */
async function transitsOnly(lab: TestLab, plan: Plan): Promise<void> {
  for (const { node, firewall } of plan.states) {
    const { stdout } = await (await lab.host(node)).run(["nft", "list", "table", "inet", "tofro"]);
    const counted = stdout.matchAll(/"([^"]+)" \. "([^"]+)" counter packets (\d+)/g);
    const used = Array.from(counted, ([, enter, leave, packets]) => [
      `${enter} ${leave}`,
      Number(packets) > 0,
    ]);
    expect({ node, used: Object.fromEntries(used) }).toEqual({
      node,
      used: Object.fromEntries(firewall.transits.map((pair) => [`${pair.in} ${pair.out}`, true])),
    });
    expect({ node, drops: stdout.match(/counter packets [1-9]\d* bytes \d+ drop/g) }).toEqual({
      node,
      drops: null,
    });
  }
}

describe("the examples", () => {
  it.each(["three-nodes", "port-forward", "five-nodes"])("%s", async (example) => {
    const network = readFileSync(join(EXAMPLES, example, "tofro.yaml"), "utf8");
    await withLab(network, {}, async (lab) => {
      await comesTrue(lab, lab.plan);
    });
  });
});

describe("random networks", () => {
  // Fixed: a failure can be looked at again. Another seed each time would find no more in twenty networks.
  const networks = fc.sample(randomNetwork({ nodes: { min: 3, max: 6 }, rich: true }), {
    numRuns: RANDOM_NETWORKS,
    seed: 20_260_101,
  });

  it.each(networks.map(({ text }, index) => ({ text, number: index + 1 })))(
    "number $number",
    async ({ text }) => {
      await withLab(text, {}, async (lab) => {
        await comesTrue(lab, lab.plan);
      });
    },
  );
});
