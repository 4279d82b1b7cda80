// Measuring on real WireGuard with known delays and wrong clocks: intervals hold, the best path is the truly best one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { linkCostMs } from "../../src/core/measure/cost.ts";
import { directionFigures } from "../../src/core/measure/directions.ts";
import { measure } from "../../src/core/measure/measurement.ts";
import type { SessionSamples } from "../../src/core/measure/samples.ts";
import { quantile, sorted, typical } from "../../src/core/measure/statistics.ts";
import type { Plan } from "../../src/core/plan.ts";
import { openNetwork, readNetwork } from "../../src/files/network.ts";
import type { Impairment } from "../../src/lab/impairment.ts";
import { parseChange, set } from "../../src/lab/set.ts";
import { currentLinks, readState } from "../../src/lab/state.ts";
import { probeTunnels, type ProbeOptions } from "../../src/probe/run.ts";
import type { ClockError } from "../../src/stamp/clock.ts";
import { tofro } from "../support/cli.ts";
import { withLab, type TestLab } from "../support/lab.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");
const example = (folder: string, file: string): string => readFileSync(join(EXAMPLES, folder, file), "utf8");
/** The underlay of an example's lab file, without what changes later. */
const underlayOf = (folder: string): string =>
  example(folder, "measured-lab.yaml")
    .replace(/^network:.*\n/m, "")
    .replace(/^schedule:[\s\S]*/m, "");

/** Each host's own constant from -5 s to 5 s, and drift of 50 ppm to either side: neighbours drift apart by 100 ppm. */
const wrongClocks = (plan: Plan): Map<string, ClockError> =>
  new Map(
    plan.topology.nodes.map(({ name }, index) => [
      name,
      { offsetMs: [-5000, 5000, -1234.567, 3210, -42][index % 5]!, driftPpm: index % 2 === 0 ? 50 : -50 },
    ]),
  );

async function probed(lab: TestLab, folder: string, options: ProbeOptions): Promise<SessionSamples[]> {
  const { secrets } = await openNetwork(await readNetwork(join(folder, "tofro.yaml")));
  const names = lab.plan.topology.nodes.map(({ name }) => name);
  const hosts = new Map(await Promise.all(names.map(async (name) => [name, await lab.host(name)] as const)));
  const { sessions, failures } = await probeTunnels(hosts, lab.plan, secrets, options);
  expect(failures).toEqual([]);
  return [...sessions];
}

/** What a link truly did to the probes. */
interface Truth {
  readonly delayMs: number;
  /** p95 - p50. */
  readonly jitterMs: number;
  /** Of its tunnel. */
  readonly roundTripMs: number;
}

/**
 * Hosts of a lab read one clock, so that what was done to it can be undone: the truth of each link, by its index. Drift
 * counts from the start of each prober, which nobody knows to the second: 50 ppm of it is 0.05 ms.
 */
function truthOf(
  plan: Plan,
  sessions: readonly SessionSamples[],
  clocks: ReadonlyMap<string, ClockError>,
  startMs: number,
): Truth[] {
  const undone = (node: string, stampMs: number): number => {
    const { offsetMs, driftPpm } = clocks.get(node)!;
    return startMs + (stampMs - offsetMs - startMs) / (1 + driftPpm / 1e6);
  };
  return plan.topology.tunnels.flatMap(({ id, ends }) => {
    const flights = sessions
      .filter(({ tunnel }) => tunnel === id)
      .flatMap(({ sender, reflector, probes }) =>
        probes.flatMap(({ sentMs, answer }) => {
          if (answer === undefined) return [];
          const there = undone(reflector, answer.receivedMs) - undone(sender, sentMs);
          const back = undone(sender, answer.backMs) - undone(reflector, answer.returnedMs);
          return [{ sender, there, back }];
        }),
      );
    const roundTripMs = typical(sorted(flights.map(({ there, back }) => there + back)));
    return ends.map(({ node }): Truth => {
      const delays = sorted(flights.map(({ sender, there, back }) => (sender === node ? there : back)));
      return {
        delayMs: typical(delays),
        jitterMs: quantile(delays, 0.95) - quantile(delays, 0.5),
        roundTripMs,
      };
    });
  });
}

/** What the lab was told to do to each link, by its index. */
async function configuredLinks(lab: TestLab): Promise<Impairment[]> {
  const links = await currentLinks(await readState(lab.name));
  return lab.plan.topology.tunnels.flatMap(({ ends: [a, b] }) =>
    [
      [a, b],
      [b, a],
    ].map(
      ([from, to]) =>
        links.find(({ link }) => link.from === from!.node && link.to === to!.node)!.link.impairment,
    ),
  );
}

/** The cost of the cheapest path of every pair, by Floyd and Warshall. */
function cheapest(plan: Plan, costs: readonly number[]): (from: string, to: string) => number {
  const names = plan.topology.nodes.map(({ name }) => name);
  const table = new Map<string, number>();
  const at = (from: string, to: string): number => table.get(`${from} ${to}`) ?? Infinity;
  plan.topology.tunnels.forEach(({ ends: [a, b] }, tunnel) => {
    table.set(`${a.node} ${b.node}`, costs[2 * tunnel]!);
    table.set(`${b.node} ${a.node}`, costs[2 * tunnel + 1]!);
  });
  for (const via of names)
    for (const from of names)
      for (const to of names) table.set(`${from} ${to}`, Math.min(at(from, to), at(from, via) + at(via, to)));
  return at;
}

/** What undoing the clocks may be wrong by: 100 ppm of the second in which the probers start. */
const UNDONE_MS = 0.1;

describe.each([
  {
    folder: "three-nodes",
    intervalMs: 20,
    clear: { from: "a", to: "c", path: ["a", "b", "c"] },
    // Over its shortest tunnels: then the likeliest values are right as well.
    symmetric: true,
  },
  {
    folder: "five-nodes",
    intervalMs: 50,
    clear: { from: "home", to: "lax", path: ["home", "hkg", "lax"] },
    symmetric: false,
  },
])("$folder on wrong clocks", ({ folder: name, intervalMs, clear, symmetric }) => {
  it("tells intervals that hold, figures that are right, and the truly best path each way", async () => {
    const underlay = underlayOf(name);
    await withLab(example(name, "measured.yaml"), { underlay }, async (lab, folder) => {
      const { plan } = lab;
      const clocks = wrongClocks(plan);
      const startMs = Number(process.hrtime.bigint()) / 1e6;
      const sessions = await probed(lab, folder, { seconds: 20, intervalMs, clocks });
      const truths = truthOf(plan, sessions, clocks, startMs + 500);
      const configured = await configuredLinks(lab);
      const { tunnels } = plan.topology;
      const measurement = measure(tunnels, sessions);
      expect(measurement.loosenedMs).toBe(0);

      const overheadsMs = truths.map(({ delayMs }, index) => delayMs - configured[index]!.delayMs);
      process.stderr.write(
        `${name}: the lab's own delay is ${Math.min(...overheadsMs).toFixed(2)} to ${Math.max(...overheadsMs).toFixed(2)} ms a link\n`,
      );
      measurement.links.forEach(({ packets, timing }, index) => {
        const { delay, roundTripMs, jitterMs } = timing!;
        const [truth, told] = [truths[index]!, configured[index]!];
        for (const delayMs of [truth.delayMs, told.delayMs]) {
          expect(delay.lowestMs).toBeLessThanOrEqual(delayMs + UNDONE_MS);
          expect(delay.highestMs).toBeGreaterThanOrEqual(delayMs - UNDONE_MS);
        }
        const uneven = Math.abs(overheadsMs[index]! - overheadsMs[index ^ 1]!);
        if (symmetric) expect(Math.abs(delay.guessMs - truth.delayMs)).toBeLessThan(1 + uneven);
        expect(Math.abs(roundTripMs - truth.roundTripMs)).toBeLessThan(0.1);
        // Left in, 100 ppm of twenty seconds would be almost a millisecond of jitter that is none.
        expect(Math.abs(jitterMs.p95 - jitterMs.p50 - truth.jitterMs)).toBeLessThan(0.5);
        const sixSigma = 6 * Math.sqrt((told.lossPercent * 100) / packets.sent);
        expect(Math.abs((100 * packets.lost) / packets.sent - told.lossPercent)).toBeLessThan(sixSigma + 0.5);
      });

      const { nodes } = plan.topology;
      const pairs = nodes.flatMap((_, from) =>
        nodes.flatMap((__, to) => (from === to ? [] : [from * nodes.length + to])),
      );
      const costs = truths.map(({ delayMs, jitterMs }, index) =>
        linkCostMs({ delayMs, jitterMs, loss: configured[index]!.lossPercent / 100 }),
      );
      const truthMs = truths.map(({ delayMs }) => delayMs);
      const least = cheapest(plan, costs);
      const indexOf = (id: string, from: string): number => {
        const tunnel = tunnels.findIndex((each) => each.id === id);
        return 2 * tunnel + tunnels[tunnel]!.ends.findIndex(({ node }) => node === from);
      };
      const sum = (values: readonly number[], way: { path: readonly string[]; tunnels: readonly string[] }) =>
        way.tunnels.reduce((total, id, hop) => total + values[indexOf(id, way.path[hop]!)]!, 0);
      const directions = directionFigures(plan, measurement, pairs);
      expect(directions.length).toBe(pairs.length);
      for (const { from, to, planned, best, gain } of directions) {
        // Two that are equal but for some tenths of a millisecond are both the best.
        const excess = sum(costs, best!) - least(from, to);
        expect({ from, to, path: best!.path, isBest: excess < 1 }).toEqual({
          from,
          to,
          path: best!.path,
          isBest: true,
        });
        const { delay } = best!.figures;
        expect(delay.lowestMs).toBeLessThanOrEqual(sum(truthMs, best!) + 2 * UNDONE_MS);
        expect(delay.highestMs).toBeGreaterThanOrEqual(sum(truthMs, best!) - 2 * UNDONE_MS);
        if (gain === undefined) continue;
        const truth = sum(truthMs, planned!) - sum(truthMs, best!);
        expect(Math.abs(gain.delayMs - truth)).toBeLessThan(0.5);
      }
      const found = directions.find(({ from, to }) => from === clear.from && to === clear.to)!;
      expect(found).toMatchObject({ best: { path: clear.path }, gain: { worthwhile: true } });
    });
  });
});

describe("loss and silence", () => {
  it("are told of their own direction, and of their own tunnel", async () => {
    const underlay = "underlay:\n  a -> c: { delay: 5ms, loss: 5% }\n  c -> a: { delay: 5ms }\n";
    await withLab(example("three-nodes", "measured.yaml"), { underlay }, async (lab, folder) => {
      const { tunnels } = lab.plan.topology;
      // 4,000 probes: one standard deviation of 5 % is 0.34 %, so that 1.5 % is passed by chance once in 70,000 times.
      const options = { seconds: 20, intervalMs: 5, tunnels: new Set(["a - c"]) };
      const { links } = measure(tunnels, await probed(lab, folder, options));
      const lossPercent = ["a", "c"].map((from) => {
        const { packets } = links.find((link) => link.tunnel === "a - c" && link.from === from)!;
        expect(packets.sent).toBeGreaterThan(3_500);
        return (100 * packets.lost) / packets.sent;
      });
      expect(Math.abs(lossPercent[0]! - 5)).toBeLessThan(1.5);
      expect(lossPercent[1]).toBeLessThan(0.2);

      const whole = await tofro("measure", "a", "c", "--lab", lab.name, "--for", "2s");
      expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining("a to c\n") as string });
      expect(whole.stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
      expect(whole.stdout).toMatch(/^a -> c {2}\d+\.\d ms \(\d+\.\d to \d+\.\d\) /m);

      await set(lab.name, parseChange("a -> b", ["loss=100%"], ["a", "b", "c"]));
      const silent = await tofro("measure", "--lab", lab.name, "--for", "2s", "--json");
      expect(silent.code).toBe(3);
      expect(silent.stderr).toContain("Nothing came through a - b: ");
      const told = JSON.parse(silent.stdout) as {
        links: { tunnel: string; delay?: unknown }[];
        failures: { tunnel: string }[];
      };
      expect(told.links.map(({ tunnel, delay }) => [tunnel, delay !== undefined])).toEqual([
        ["a - b", false],
        ["a - b", false],
        ["a - c", true],
        ["a - c", true],
        ["b - c", true],
        ["b - c", true],
      ]);
      expect(told.failures).toMatchObject([{ kind: "tunnel", tunnel: "a - b" }]);
    });
  });
});

describe("the command line", () => {
  it.each([
    [["measure", "a"], "Give two nodes"],
    [["measure", "--node", "a"], "no tunnel is between nodes of a"],
    [["measure", "a", "c", "--all"], "Give two nodes"],
    [["measure", "a", "cc"], 'There is no node "cc"; did you mean "c"?'],
    [["measure", "--for", "3"], "--for must be a time"],
    [["measure", "--rate", "0"], "--rate must be a number"],
    [["measure"], "only one node can be this machine"],
  ])("refuses %j", async (argv, message) => {
    const file = join(EXAMPLES, "three-nodes", "tofro.yaml");
    const { code, stdout, stderr } = await tofro(...argv, "-f", file);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});
