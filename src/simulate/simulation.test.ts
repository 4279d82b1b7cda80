// Agents and a controller together, on one clock and without any socket.
import { describe, expect, it } from "vitest";
import { parse } from "../core/parse.ts";
import { compile } from "../core/plan.ts";
import { NONE, type Impairment } from "../lab/impairment.ts";
import { Simulation } from "./simulation.ts";
import { Underlay } from "./underlay.ts";

const planWith = (b: string) =>
  compile(
    parse(
      `overlay: 192.168.51.0/24
nodes:
  a: { address: 192.168.51.5 }
  b: { address: 192.168.51.1, endpoint: 198.51.100.1${b} }
  c: { address: 192.168.51.2, endpoint: 198.51.100.2 }
paths: [all <=> all]
`,
      "tofro.yaml",
    ).spec!,
    undefined,
    { agents: true },
  );
const plan = planWith("");
const { names } = new Simulation(plan, underlayOf({}), 1).links;
const [a, b, c] = ["a", "b", "c"].map((name) => names.indexOf(name)) as [number, number, number];

/** 10 ms everywhere, but the long way there from a to c, as in the evening, when nothing else is said. */
function underlayOf(said: Readonly<Record<string, Partial<Impairment>>>): Underlay {
  const links = Object.entries<Partial<Impairment>>({ "a -> c": { delayMs: 55 }, ...said }).map(
    ([name, change]) => {
      const [from, to] = name.split(" -> ") as [string, string];
      return { from, to, impairment: { ...NONE, delayMs: 10, ...change } };
    },
  );
  return new Underlay(plan.topology, { links, fallback: { ...NONE, delayMs: 10 } });
}

class Scene {
  readonly underlay: Underlay;
  readonly simulation: Simulation;

  constructor(said: Readonly<Record<string, Partial<Impairment>>> = {}, seed = 1, network = plan) {
    this.underlay = underlayOf(said);
    this.simulation = new Simulation(network, this.underlay, seed);
  }

  set(name: string, change: Partial<Impairment>): void {
    const [from, to] = name.split(" -> ") as [string, string];
    this.underlay.set({ from, to }, change);
  }

  /** `each` is called every 10 ms. */
  run(ms: number, each: () => void = () => undefined): void {
    const endMs = this.simulation.nowMs + ms;
    while (this.simulation.nowMs < endMs) {
      this.simulation.timeline.runUntil(this.simulation.nowMs + 10);
      each();
    }
  }

  /** The nodes that a packet passes now; ends with "lost" at a link that is dead, with "looped" in a circle. */
  way(from: number, to: number): string {
    const { kind, links } = this.simulation.journey(from, to);
    const path = [names[from]!];
    for (const link of links.slice(0, 9)) {
      if (this.underlay.quality(link).loss === 1) return [...path, "lost"].join(" ");
      path.push(names[this.simulation.links.receivers[link]!]!);
    }
    return kind === "arrived" ? path.join(" ") : [...path, kind].join(" ");
  }

  get epoch(): number {
    return this.simulation.holdings()[a]!.choice.epoch;
  }
}

describe("agents and a controller", () => {
  it.each([1, 2, 3])(
    "come to the best way in each direction on clocks hours apart, soon after a cold start (%i)",
    (seed) => {
      const scene = new Scene({}, seed);
      expect(scene.way(a, c)).toBe("a c");
      scene.run(15_000);
      expect(scene.way(a, c)).toBe("a b c");
      expect(scene.way(c, a)).toBe("c a");
    },
  );

  it.each([1, 2, 3])(
    "go around a link that falls silent within 300 ms, in its direction only, and back when it was good for a while (%i)",
    (seed) => {
      const scene = new Scene({}, seed);
      scene.run(15_000);
      const deadMs = scene.simulation.nowMs;
      scene.set("b -> c", { lossPercent: 100 });
      let outageMs = NaN;
      scene.run(2000, () => {
        expect(scene.way(c, b)).toBe("c b");
        expect(scene.way(a, c)).not.toContain("looped");
        if (Number.isNaN(outageMs) && scene.way(a, c) === "a c") outageMs = scene.simulation.nowMs - deadMs;
      });
      expect(scene.way(a, c)).toBe("a c");
      expect(outageMs).toBeGreaterThan(0);
      expect(outageMs).toBeLessThan(300);
      scene.set("b -> c", { lossPercent: 0 });
      scene.run(9_000);
      expect(scene.way(a, c)).toBe("a c");
      scene.run(60_000);
      expect(scene.way(a, c)).toBe("a b c");
    },
  );

  it("keep the choice, and fail over, without a controller; one that returns changes nothing", () => {
    const scene = new Scene();
    scene.run(15_000);
    const { epoch } = scene;
    scene.simulation.killController();
    scene.run(5_000);
    expect(scene.way(a, c)).toBe("a b c");
    scene.set("a -> b", { lossPercent: 100 });
    scene.run(1_000);
    expect(scene.way(a, c)).toBe("a c");
    scene.set("a -> b", { lossPercent: 0 });
    scene.run(12_000);
    expect(scene.way(a, c)).toBe("a b c");
    scene.simulation.startController();
    scene.run(20_000, () => expect(scene.way(a, c)).toBe("a b c"));
    expect(scene.epoch).toBe(epoch);
  });

  it("are not moved by a difference of 1 ms, and follow a step of 20 ms within 10 s", () => {
    const scene = new Scene({ "a -> c": { delayMs: 21 } });
    scene.run(60_000, () => expect(scene.way(a, c)).toBe("a c"));
    scene.set("a -> c", { delayMs: 41 });
    scene.run(10_000);
    expect(scene.way(a, c)).toBe("a b c");
  });

  it("leave a fast way that loses packets for a slower one that does not", () => {
    const scene = new Scene({ "a -> c": { delayMs: 5, lossPercent: 5 } });
    scene.run(60_000);
    expect(scene.way(a, c)).toBe("a b c");
  });

  it("keep their last way when nothing lives, and use it when it is back", () => {
    const scene = new Scene();
    scene.run(15_000);
    for (const name of ["a -> b", "a -> c"]) scene.set(name, { lossPercent: 100 });
    scene.run(5_000);
    expect(scene.way(a, c)).toMatch(/^a lost$/);
    for (const name of ["a -> b", "a -> c"]) scene.set(name, { lossPercent: 0 });
    scene.run(60_000);
    expect(scene.way(a, c)).toBe("a b c");
  });

  it("go on when an agent dies and comes back, and when its clock begins anew", () => {
    const scene = new Scene();
    scene.run(15_000);
    scene.simulation.killAgent(b);
    scene.run(3_000);
    expect(scene.way(a, c)).toBe("a c");
    scene.simulation.startAgent(b);
    scene.simulation.stepClock(c, -5_000);
    scene.run(60_000);
    expect(scene.way(a, c)).toBe("a b c");
    expect(scene.way(c, a)).toBe("c a");
  });

  it("stay half-way through a move when they begin anew, for others count on it", () => {
    const scene = new Scene();
    const halfWay = (): number => scene.simulation.holdings().findIndex(({ before }) => before !== undefined);
    for (let ms = 0; ms < 20_000 && halfWay() === -1; ms++) scene.run(1);
    const node = halfWay();
    const held = scene.simulation.holdings()[node]!;
    scene.simulation.killAgent(node);
    scene.simulation.startAgent(node);
    scene.run(10);
    const { choice, distance, before } = scene.simulation.holdings()[node]!;
    expect([choice, distance, before]).toEqual([held.choice, held.distance, held.before]);
    expect(before).toBeDefined();
    scene.run(20_000);
    expect(scene.simulation.holdings()[node]!.before).toBeUndefined();
    expect(scene.way(a, c)).toBe("a b c");
  });

  it("keep off a relay that carries more than it may, for ten minutes, but for whom it is the only way", () => {
    const scene = new Scene({}, 1, planWith(", carries: { rate: 10mbit, month: 1GB }"));
    scene.run(15_000);
    scene.simulation.carries(b, { bps: 11e6, monthBytes: 0 });
    scene.run(3_000);
    expect(scene.way(a, c)).toBe("a c");
    scene.simulation.carries(b, { bps: 0, monthBytes: 0 });
    scene.run(9 * 60_000, () => expect(scene.way(a, c)).toBe("a c"));
    scene.set("a -> c", { lossPercent: 100 });
    scene.run(3_000);
    expect(scene.way(a, c)).toBe("a b c");
    scene.set("a -> c", { lossPercent: 0 });
    scene.run(2 * 60_000);
    expect(scene.way(a, c)).toBe("a b c");
    // The month's end is not in sight.
    scene.simulation.carries(b, { bps: 0, monthBytes: 1e9 });
    scene.run(3_000);
    expect(scene.way(a, c)).toBe("a c");
  });
});

describe("two tunnels of one pair", () => {
  const text = `overlay: 10.0.0.0/24
nodes:
  a: { uplinks: { lte: { table: 102 } } }
  c: { endpoint: 203.0.113.2 }
paths: [a => c, c -> a]
`;
  const twice = compile(parse(text, "tofro.yaml").spec!, undefined, { agents: true });
  const impaired = (delayMs: number): Impairment => ({ ...NONE, delayMs });
  const LTE = { from: "a", to: "c", over: "lte" } as const;

  it("are two links: the better is taken, the other when that one dies, and the better again", () => {
    const underlay = new Underlay(twice.topology, {
      links: [
        { from: "a", to: "c", impairment: impaired(60) },
        { ...LTE, impairment: impaired(20) },
      ],
      fallback: impaired(10),
    });
    const simulation = new Simulation(twice, underlay, 1);
    const run = (ms: number): void => simulation.timeline.runUntil(simulation.nowMs + ms);
    const over = (from: number, to: number): string[] =>
      simulation.journey(from, to).links.map((link) => twice.topology.tunnels[link >> 1]!.id);
    const [one, other] = ["a", "c"].map((name) => simulation.links.names.indexOf(name)) as [number, number];
    expect(over(one, other)).toEqual(["a - c"]);
    run(15_000);
    expect(over(one, other)).toEqual(["a - c [lte]"]);
    underlay.set(LTE, { lossPercent: 100 });
    run(300);
    expect(over(one, other)).toEqual(["a - c"]);
    expect(over(other, one)).toEqual(["a - c"]);
    underlay.set(LTE, { lossPercent: 0 });
    run(60_000);
    expect(over(one, other)).toEqual(["a - c [lte]"]);
  });
});
