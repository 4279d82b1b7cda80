// What the dashboard of a simulation says is true: bounds hold what the underlay does, and a link that dies is down.
import { join } from "node:path";
import { expect, it } from "vitest";
import { pastOf } from "../controller/past.ts";
import { Picture } from "../controller/picture.ts";
import { compile } from "../core/plan.ts";
import { loadLab } from "../lab/load.ts";
import { Simulation } from "../simulate/simulation.ts";
import { Underlay } from "../simulate/underlay.ts";
import { simulatedHistory } from "./simulated-history.ts";

const LAB = join(import.meta.dirname, "../../examples/five-nodes/measured-lab.yaml");

it("bounds every delay though no two clocks agree, and shows a failover", async () => {
  const { lab, spec } = await loadLab(LAB);
  const plan = compile(spec, undefined, { agents: true });
  const underlay = new Underlay(plan.topology, lab);
  const simulation = new Simulation(plan, underlay, 1);
  const picture = new Picture(plan.topology.tunnels, simulation.links, simulation.network);
  simulation.decided = (decisions) => picture.decided(decisions, simulation.nowMs);
  const now = () => picture.network(simulation.controller!, simulation.nowMs, simulation.nowMs, true);
  const there = () => picture.pair(simulation.controller!, "home", "lax", simulation.nowMs)!.there;

  simulation.timeline.runUntil(15_000);
  const { links, nodes } = now();
  expect(nodes.every(({ isThere }) => isThere)).toBe(true);
  links.forEach(({ delay, isDown }, link) => {
    const { delayMs, jitterMs } = underlay.quality(link);
    expect(isDown).toBe(false);
    expect(delay!.lowMs).toBeLessThanOrEqual(delayMs + jitterMs);
    expect(delay!.highMs).toBeGreaterThanOrEqual(delayMs - jitterMs);
  });
  expect(there().path).toEqual(["home", "hkg", "lax"]);
  const direct = there().candidates.find(({ path }) => path.length === 2)!;
  // 140 ms by the direct way, 8 + 30 by hkg.
  expect(Math.abs(direct.moreDelayMs! - 102)).toBeLessThan(10);

  underlay.set({ from: "hkg", to: "lax" }, { lossPercent: 100 });
  simulation.timeline.runUntil(20_000);
  const after = now();
  expect(after.links.filter(({ isDown }) => isDown)).toMatchObject([{ from: "hkg", to: "lax" }]);
  const decided = (from: string) =>
    after.decisions.find((each) => each.from === from && each.to === "lax" && each.atMs > 15_000);
  expect(decided("hkg")).toMatchObject({ reason: "failed", was: ["hkg", "lax"] });
  // Its way leads over hkg, where the link died.
  expect(decided("home")).toMatchObject({ reason: "along", was: ["home", "hkg", "lax"] });
  expect(there().path.join(" ")).not.toContain("hkg lax");
});

it("keeps a history, which says what the direct tunnels would have cost and when a pair moved", async () => {
  const { lab, spec } = await loadLab(LAB);
  const plan = compile(spec, undefined, { agents: true });
  const simulation = new Simulation(plan, new Underlay(plan.topology, lab), 1);
  const history = (await simulatedHistory(plan, simulation))!;
  simulation.decided = history.decided;
  simulation.timeline.runUntil(90_000);
  const { there, back } = pastOf(history.reader, "home", "lax", 60_000, simulation.nowMs);
  // 140 ms by the direct way, 8 + 30 by hkg; 5 % of loss, and none.
  expect(Math.abs(there.saved.delayMs! - 102)).toBeLessThan(10);
  expect(Math.abs(there.saved.loss! - 0.05)).toBeLessThan(0.03);
  expect(Math.abs(back.saved.delayMs! - 37)).toBeLessThan(10);
  expect(there.paths).toEqual([["home", "hkg", "lax"]]);
  expect(there.points.length).toBeGreaterThan(50);
  const whole = pastOf(history.reader, "home", "lax", simulation.nowMs + 1, simulation.nowMs).there;
  expect(whole.moves).toMatchObject([{ was: ["home", "lax"], is: ["home", "hkg", "lax"], reason: "gain" }]);
});
