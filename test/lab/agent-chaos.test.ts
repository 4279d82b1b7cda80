// Chaos on real tunnels, by a seed, for a minute: no packet goes in a circle, nobody is cut off for long without need, no agent dies, and
// all is well again afterwards. The same happens to more nodes, more often, on simulated time: src/simulate/chaos.test.ts.
//
// TOFRO_CHAOS_SEED chooses another seed, TOFRO_CHAOS_TIMES how often each kind of thing happens (3).
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { linkCostMs } from "../../src/core/measure/cost.ts";
import { linksOf } from "../../src/core/agent/links.ts";
import { parseTold } from "../../src/core/agent/told.ts";
import { NONE } from "../../src/lab/impairment.ts";
import { askAgent } from "../../src/linux/agent.ts";
import { randomFrom } from "../../src/simulate/random.ts";
import { Underlay } from "../../src/simulate/underlay.ts";
import { tofro } from "../support/cli.ts";
import { LabChaos, type Happened } from "../support/lab-chaos.ts";
import { withLab, type TestLab } from "../support/lab.ts";
import { OneWay, type Flights } from "../support/one-way.ts";
import { PATIENCE } from "../support/patience.ts";
import type { Truth } from "../support/truth.ts";
import { waysOf } from "../support/ways.ts";

const SEED = Number(process.env["TOFRO_CHAOS_SEED"] ?? 1);
const TIMES = Number(process.env["TOFRO_CHAOS_TIMES"] ?? 3);
const EVERY_MS = 3_000;
const NODES = ["a", "b", "c", "d"];
const CONTROLLER = "b";
const HOLD_MS = 1_000;
/** One behind NAT. What waits for time waits less than usual; what notices is as always. */
const NETWORK = `overlay: 10.71.0.0/24
controller: ${CONTROLLER}
choose: { sustain: 1s, dwell: 2s }
failover: { hold: 1s }
nodes:
  a: {}
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
  d: { endpoint: 198.51.100.4 }
paths: [all <=> all]
`;
const PROBE_MS = 25;
/**
 * The longest way without a circle, twice: in the midst of a packet's way everybody may have moved. One that goes in a circle has used
 * them up before the circle is gone, so that no circle is too brief to be seen.
 */
const HOPS = 2 * (NODES.length - 1);
/** Fewer packets in a row are what links lose that lose a third. */
const FEWEST = 8;
/**
 * Of most outages without need, for everybody at any time. Noticing takes 0.2 s, at a link that loses a third up to 1.4 s; whom no
 * neighbour can help waits for the controller.
 */
const MEDIAN_MS = 1_000;
/** What a link has lost counts for a minute, and a hold has doubled where a link fell again and again. */
const CALM_MS = 180_000;
/** By how much dearer than the best a way may be: tunnels of the lab add some ms to each hop. */
const DEARER_MS = 15;

const between = NODES.flatMap((from) => NODES.flatMap((to) => (from === to ? [] : [{ from, to }])));

/** Any, but that it pays to go from a to c by another. */
function delays(): Map<string, number> {
  const random = randomFrom(SEED * 31 + 7);
  return new Map(
    between.map(({ from, to }) => [
      `${from} -> ${to}`,
      from === "a" && to === "c" ? 70 : 4 + Math.floor(26 * random()),
    ]),
  );
}

async function until(limitMs: number, look: () => Promise<readonly string[]>): Promise<number> {
  const begunMs = performance.now();
  for (;;) {
    const wrong = await look();
    const tookMs = performance.now() - begunMs;
    if (wrong.length === 0) return tookMs;
    if (tookMs > limitMs) throw new Error(`not within ${limitMs} ms: ${wrong.join("; ")}`);
    await sleep(500);
  }
}

/** What is not as it should be when nothing has happened for a while. */
async function unsettled(lab: TestLab, underlay: Underlay): Promise<string[]> {
  const told = await Promise.all(
    NODES.map(async (node) =>
      parseTold(await askAgent(await lab.host(node), { get: "choice", with: "status" })),
    ),
  );
  const epochs = new Set(told.map((each) => each?.choice.epoch));
  const wrong = epochs.size === 1 ? [] : [`choices ${[...epochs].join(", ")}`];
  told.forEach((each, index) => {
    const { keeper, controller, links } = each?.status ?? {};
    if (controller?.isConnected !== true) wrong.push(`${NODES[index]} without a controller`);
    if (keeper?.trouble !== undefined) wrong.push(`${NODES[index]}: ${keeper.trouble}`);
    for (const { tunnel, from, condition } of links ?? [])
      if (condition !== "up") wrong.push(`${tunnel} from ${from} ${condition}`);
  });
  if (wrong.length > 0) return wrong;
  const costs = costsOf(lab, underlay);
  for (const [pair, way] of await waysOf(lab)) {
    const dearer = costs.along(way) - costs.best(pair);
    if (way.at(-1) === pair.split(" ")[1] && dearer <= DEARER_MS) continue;
    const { stdout } = await tofro("why", ...pair.split(" "), "--lab", lab.name);
    wrong.push(`${pair} by ${way.join(" ")}, ${dearer.toFixed(1)} ms dearer:\n${stdout}`);
  }
  if (wrong.length > 0) return wrong;
  const { stdout } = await tofro("plan", "--lab", lab.name);
  return stdout === NODES.map((node) => `${node}: nothing to do\n`).join("") ? [] : [stdout];
}

/** Of the underlay as it truly is. */
function costsOf({ plan }: TestLab, underlay: Underlay) {
  const { names, senders, receivers } = linksOf(plan.topology);
  const costs = new Map(
    Array.from(senders, (sender, link) => [
      `${names[sender]} ${names[receivers[link]!]}`,
      linkCostMs(underlay.quality(link)),
    ]),
  );
  const along = (way: readonly string[]): number =>
    way.slice(1).reduce((sum, to, index) => sum + (costs.get(`${way[index]} ${to}`) ?? Infinity), 0);
  const best = (pair: string): number => {
    const [from, to] = pair.split(" ") as [string, string];
    const beyond = (way: readonly string[]): number =>
      Math.min(
        along([...way, to]),
        ...NODES.filter((each) => each !== to && !way.includes(each)).map((each) => beyond([...way, each])),
      );
    return beyond([from]);
  };
  return { along, best };
}

/** By node: packets that had no hop left there (RFC 4293's ipSystemStatsInHdrErrors; Linux counts those there). */
async function expired(lab: TestLab): Promise<Record<string, number>> {
  const counts = NODES.map(async (node) => {
    const { stdout } = await (await lab.host(node)).run(["cat", "/proc/net/snmp"]);
    const [names, values] = stdout.split("\n").filter((line) => line.startsWith("Ip: "));
    return [node, Number(values!.split(" ")[names!.split(" ").indexOf("InHdrErrors")])] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

/**
 * Has each node count packets that came back: its own, and those that it would send where they came from. Neither gets any further, by the
 * kernel's care and by our table's, so that two nodes alone cannot lead a packet in a circle, and no packet's hops are used up.
 */
async function watchTurns(lab: TestLab): Promise<void> {
  const { nodes, tunnels } = lab.plan.topology;
  await Promise.all(
    nodes.map(async ({ name, addresses: [own] }) => {
      const interfaces = tunnels.flatMap(({ ends }) =>
        ends.flatMap((end) => (end.node === name ? [end.interface] : [])),
      );
      const input = `table inet circles {
  counter back {}
  chain came {
    type filter hook prerouting priority -400;
    iifname "wg-*" ip saddr ${own} counter name back
  }
  chain passes {
    type filter hook forward priority -400;
${interfaces.map((each) => `    iifname "${each}" oifname "${each}" counter name back\n`).join("")}  }
}
`;
      await (await lab.host(name)).run(["nft", "-f", "-"], { input });
    }),
  );
}

async function turns(lab: TestLab): Promise<number> {
  const counts = NODES.map(async (node) => {
    const host = await lab.host(node);
    const { stdout } = await host.run(["nft", "list", "counter", "inet", "circles", "back"]);
    return Number(/packets (\d+)/.exec(stdout)![1]);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

interface Outage {
  readonly ms: number;
  readonly text: string;
}

/** Longest first, each with what happened last before it. */
function outagesOf({ gaps }: Flights, happened: readonly Happened[], truth: Truth): Outage[] {
  return gaps
    .flatMap((gap) => {
      const ms = truth.needlessMs(gap);
      const last = happened.findLast(({ atMs }) => atMs <= gap.fromMs)?.what;
      const lostMs = Math.round(gap.untilMs - gap.fromMs);
      return ms === 0
        ? []
        : [{ ms, text: `${Math.round(ms)} of ${lostMs} ms, ${gap.from} to ${gap.to}: ${last}` }];
    })
    .sort((x, y) => y.ms - x.ms);
}

it(`leads no packet in a circle, mends most outages within a second, and settles when it is over (seed ${SEED})`, async () => {
  const lines = Array.from(delays(), ([link, ms]) => `  ${link}: { delay: ${ms}ms, jitter: 1ms }\n`);
  await withLab(NETWORK, { bare: true, underlay: `underlay:\n${lines.join("")}` }, async (lab) => {
    const known = delays();
    const underlay = new Underlay(lab.plan.topology, {
      links: between.map((each) => ({
        ...each,
        impairment: { ...NONE, delayMs: known.get(`${each.from} -> ${each.to}`)!, jitterMs: 1 },
      })),
      fallback: NONE,
    });
    expect(await tofro("apply", "--agent", "--lab", lab.name)).toMatchObject({ code: 0 });
    await until(60_000 * PATIENCE, () => unsettled(lab, underlay));

    // What is counted is counted: with one hop to go a packet ends at the node between.
    const [a, address] = [await lab.host("a"), lab.plan.topology.nodes[2]!.addresses[0]!];
    await until(20_000 * PATIENCE, async () => {
      await a.run(["ping", "-c", "1", "-t", "1", "-W", "1", address], { anyExit: true });
      return Object.values(await expired(lab)).some((count) => count > 0) ? [] : ["no hop was counted"];
    });
    const before = await expired(lab);
    await watchTurns(lab);

    const chaos = await LabChaos.begin({
      lab,
      underlay,
      controller: CONTROLLER,
      holdMs: HOLD_MS,
      seed: SEED,
    });
    const oneWay = await OneWay.begin(lab, PROBE_MS, HOPS);
    try {
      await chaos.run(TIMES, EVERY_MS);
      expect(await expired(lab)).toEqual(before);
      const calmMs = await until(CALM_MS * PATIENCE, () => unsettled(lab, underlay));
      const flights = await oneWay.end(FEWEST);
      const outages = outagesOf(flights, chaos.happened, chaos.truth);
      const at = (share: number): number =>
        Math.round(outages[Math.floor((1 - share) * outages.length)]?.ms ?? 0);
      const turned = await turns(lab);
      process.stderr.write(
        `chaos of seed ${SEED}: ${Math.floor(chaos.happened.length / 2)} events, ${flights.packets} packets, ${flights.lost} lost, ${turned} came back; ${outages.length} outages without need, ` +
          `median ${at(0.5)} ms, 95 % ${at(0.95)} ms; settled after ${Math.round(calmMs)} ms\n${outages
            .slice(0, 5)
            .map(({ text }) => `  ${text}\n`)
            .join("")}`,
      );
      expect(chaos.crashes).toEqual([]);
      expect(await expired(lab)).toEqual(before);
      // The longest are printed: a link that has relapsed is held for longer, and nothing takes it when what is left dies meanwhile.
      expect(at(0.5)).toBeLessThan(MEDIAN_MS);
      // Under way when everybody moves one may come back, but none after it.
      expect(turned).toBeLessThan(flights.packets / 1_000);
      // It was chaos, and what was lost without need was counted.
      expect(flights.lost).toBeGreaterThan(flights.packets / 200);
      expect(outages.length).toBeGreaterThan(0);
    } finally {
      oneWay.stop();
    }
  });
}, 600_000);
