// Agents on real WireGuard: each direction comes to its best path by itself, and to another one when that dies.
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Host } from "../../src/linux/command.ts";
import type { PairPast } from "../../src/controller/wire.ts";
import type { Report } from "../../src/web/report.ts";
import { MEASURED, startAgent } from "../support/agents.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { PATIENCE } from "../support/patience.ts";
import { snapshotAll } from "../support/snapshot.ts";

const UNDERLAY = `underlay:
  a -> c: { delay: 55ms, jitter: 8ms, loss: 2% }
  c -> a: { delay: 15ms }
  a <-> b: { delay: 8ms }
  b <-> c: { delay: 7ms }
`;
const LIMITED = MEASURED.replace("198.51.100.1 }", "198.51.100.1, carries: { rate: 1mbit } }");
const ADDRESS = { a: "192.168.51.5", c: "192.168.51.2" } as const;
const PROBE_MS = 10;

interface Why {
  readonly way: readonly string[];
  readonly candidates: readonly { readonly path: readonly string[]; readonly moreCostMs: number }[];
  readonly decisions: readonly { readonly reason: string }[];
}

interface Status {
  readonly agents: Readonly<Record<string, { readonly kind: string }>>;
  readonly links: readonly {
    readonly from: string;
    readonly to: string;
    readonly delay?: { readonly highestMs: number };
  }[];
  readonly directions: readonly { readonly delay?: unknown }[];
}

async function status(lab: TestLab): Promise<Status> {
  const { stdout } = await tofro("status", "--no-measure", "--json", "--lab", lab.name);
  return JSON.parse(stdout) as Status;
}

const sh = async (host: Host, script: string): Promise<string> =>
  (await host.run(["sh", "-c", script], { timeoutMs: 120_000 })).stdout;

const way = async (lab: TestLab, from: "a" | "c", to: "a" | "c"): Promise<string | undefined> =>
  /dev (\S+)/.exec(await sh(await lab.host(from), `ip -o route get ${ADDRESS[to]}`))?.[1];

async function until(limitMs: number, look: () => Promise<boolean>): Promise<number> {
  const begunMs = performance.now();
  while (!(await look())) {
    if (performance.now() - begunMs > limitMs) throw new Error(`not within ${limitMs} ms`);
    await sleep(200);
  }
  return performance.now() - begunMs;
}

/** As packets of 1328 octets, 200 a second: 2 Mbit/s. */
const flood = async (lab: TestLab, seconds: number): Promise<string> =>
  sh(await lab.host("a"), `ping -q -n -i 0.005 -c ${seconds * 200} -s 1300 -W 1 ${ADDRESS.c} || true`);

/** What came to c from a by the tunnel of these two: packets. */
async function arrivedDirectly(lab: TestLab): Promise<number> {
  const listed = await sh(await lab.host("c"), "nft list set inet tofro arrivals4");
  return Number(/"wg-a" \. 192\.168\.51\.5 counter packets (\d+)/.exec(listed)?.[1]);
}

/** By b, from a on to c, and to both ends, as the controller has it of the last hour. */
async function carried(lab: TestLab): Promise<{ octets: number; exchanged: PairPast["exchanged"] }> {
  const { stdout } = await tofro("report", "a", "c", "--since", "1h", "--json", "--lab", lab.name);
  const { pairs } = JSON.parse(stdout) as Pick<Report, "pairs">;
  const found = pairs[0]!.past.there.carried?.find(({ relay }) => relay === "b");
  expect(found).toMatchObject({ relay: "b", from: "a", to: "c" });
  expect(found).not.toHaveProperty("isShared");
  return { octets: found!.octets, exchanged: pairs[0]!.past.exchanged };
}

/** Pings from a to c while `work` runs; returns the sequence numbers that were not answered. */
async function lost(lab: TestLab, seconds: number, work: () => Promise<void>): Promise<number[]> {
  const count = Math.round((seconds * 1000) / PROBE_MS);
  const pinging = sh(
    await lab.host("a"),
    `ping -n -i ${PROBE_MS / 1000} -c ${count} -W 1 ${ADDRESS.c} || true`,
  );
  await work();
  const answered = new Set(Array.from((await pinging).matchAll(/icmp_seq=(\d+)/g), ([, n]) => Number(n)));
  return Array.from({ length: count }, (_, index) => index + 1).filter((n) => !answered.has(n));
}

describe("agents", () => {
  it("bring both directions to their best paths, and around what dies, and back", async () => {
    await withLab(LIMITED, { bare: true, underlay: UNDERLAY }, async (lab) => {
      expect(await tofro("apply", "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await way(lab, "a", "c")).toBe("wg-c");
      const before = await snapshotAll(lab);
      const agents = await Promise.all(["a", "b", "c"].map((node) => startAgent(lab, node)));
      await until(60_000 * PATIENCE, async () => (await way(lab, "a", "c")) === "wg-b");
      await until(60_000 * PATIENCE, async () => (await way(lab, "c", "a")) === "wg-a");
      // What agents know of their links, and of ways over them, without a probe. A busy machine may take a link for dead.
      await until(60_000 * PATIENCE, async () => {
        const { agents: there, links, directions: named } = await status(lab);
        // Of an agent that does not answer in time there are none.
        const direct = links.find(({ from, to }) => from === "a" && to === "c");
        if (links.length < 6 || direct?.delay === undefined) return false;
        expect(there).toMatchObject({ a: { kind: "there" }, b: { kind: "there" }, c: { kind: "there" } });
        expect(direct.delay.highestMs).toBeGreaterThan(47);
        return named.length === 2 && named.every(({ delay }) => delay !== undefined);
      });

      // Over b there, which its counters show, and directly back.
      const traced = await tofro("trace", "a", "c", "--no-measure", "--json", "--lab", lab.name);
      const { directions } = JSON.parse(traced.stdout) as {
        directions: { hops: { node: string; sent?: number; received?: number }[]; delay?: unknown }[];
      };
      expect(directions.map(({ hops }) => hops.map(({ node }) => node))).toEqual([
        ["a", "b", "c"],
        ["c", "a"],
      ]);
      expect(directions.map(({ delay }) => delay !== undefined)).toEqual([true, true]);

      // Silently: no link goes down, nothing says so. The direction back is not touched.
      const set = (what: string) => tofro("lab", "set", "b -> c", what, "--name", lab.name);
      const gone = await lost(lab, 4, async () => {
        await sleep(1000);
        expect((await set("loss=100%")).code).toBe(0);
      });
      expect(await way(lab, "a", "c")).toBe("wg-c");
      expect(await way(lab, "c", "a")).toBe("wg-a");
      // Of 400, a few until it is noticed, and 2 in 100 of the direct way from then on.
      expect(gone.length).toBeGreaterThan(0);
      expect(gone.length).toBeLessThan(200);

      const down = await tofro("status", "--no-measure", "--lab", lab.name);
      expect(down).toMatchObject({ code: 3, stdout: expect.stringMatching(/^! +-> +DOWN \d+s$/m) as string });

      expect((await set("loss=0%")).code).toBe(0);
      const asked = () => tofro("why", "a", "c", "--json", "--lab", lab.name);
      // By choice: a busy machine may move a's packets there around a link that only seems to be dead.
      const isBack = async (): Promise<boolean> =>
        (await way(lab, "a", "c")) === "wg-b" &&
        (JSON.parse((await asked()).stdout) as Why).way.join() === "a,b,c";
      const backMs = await until(90_000 * PATIENCE, isBack);
      // Not before it has been good for a while.
      expect(backMs).toBeGreaterThan(9_000);

      const why = await asked();
      expect(why.code).toBe(0);
      const answer = JSON.parse(why.stdout) as Why;
      expect(answer.way).toEqual(["a", "b", "c"]);
      expect(answer.candidates.map(({ path }) => path)).toEqual([
        ["a", "b", "c"],
        ["a", "c"],
      ]);
      // 55 ms, jitter and losses against 15 ms.
      expect(answer.candidates[1]!.moreCostMs).toBeGreaterThan(35);
      const reasons = answer.decisions.map(({ reason }) => reason);
      expect(reasons.at(-1)).toBe("gain");
      expect(reasons).toContain("failed");
      const text = await tofro("why", "a", "c", "--lab", lab.name);
      expect(text.stdout).toMatch(/^a => c: a -> b -> c\n/);
      expect(text.stdout).toContain("it was better for long enough");

      // Test packets arrive all the time, twenty a second, and count for nobody; what agents tell each other does.
      const arrived = await arrivedDirectly(lab);
      await sleep(1000);
      expect((await arrivedDirectly(lab)) - arrived).toBeLessThan(10);

      // More than b may carry, by its own counters.
      await flood(lab, 14);
      expect(await way(lab, "a", "c")).toBe("wg-c");
      expect((await tofro("why", "a", "c", "--lab", lab.name)).stdout).toContain(
        "b has carried more than its rate of late: kept free",
      );
      // No less than 1 Mbit/s of ten seconds, or it would not have been too much; the flood is 3.7 MB in all.
      let told = await carried(lab);
      const isTold = async (): Promise<boolean> => {
        told = await carried(lab);
        const { octets = 0, relayed = 0 } = told.exchanged ?? {};
        // What b forwarded came to c; all of the flood came there, and its answers came back directly.
        return told.octets > 1.2e6 && relayed > 1.1e6 && octets > 6e6;
      };
      await until(30_000 * PATIENCE, isTold);
      expect(told.octets).toBeLessThan(4.5e6);
      expect(told.exchanged!.relayed).toBeLessThan(4.5e6);
      expect(told.exchanged!.octets).toBeLessThan(8e6);

      // Taken off under them: they end, and nothing is left. A second agent is refused before.
      const second = await tofro("agent", "a", "--lab", lab.name);
      expect(second).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("one runs there already") as string,
      });
      expect(await agents[0]!.stop()).toBe(0);
      expect(await tofro("apply", "--lab", lab.name)).toMatchObject({ code: 0 });
      expect(await snapshotAll(lab)).toMatchObject({ a: before["a"] });
      const ending = await tofro("down", "--lab", lab.name);
      expect(ending.code, ending.stderr).toBe(0);
      expect(await Promise.all(agents.slice(1).map(({ ended }) => ended))).toEqual([0, 0]);
      await sleep(1000);
      for (const state of Object.values(await snapshotAll(lab)))
        expect(state).not.toMatch(/wg-|tofro|proto 11[68]/);
    });
  });
});
