// What is supposed of a simulated network is what happens there when it comes true.
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { compile } from "../core/plan.ts";
import { controllerOf } from "../core/spec.ts";
import { loadLab } from "../lab/load.ts";
import { Simulation } from "../simulate/simulation.ts";
import { Underlay } from "../simulate/underlay.ts";
import { pathOf } from "./history-figures.ts";
import { supposing } from "./supposing.ts";
import type { SupposedNow, Supposition } from "./wire.ts";

const LAB = join(import.meta.dirname, "../../examples/five-nodes/measured-lab.yaml");
let simulation: Simulation;
let underlay: Underlay;
let tunnels: readonly string[];
let seat: string;

beforeEach(async () => {
  const { lab, spec } = await loadLab(LAB);
  const plan = compile(spec, undefined, { agents: true });
  underlay = new Underlay(plan.topology, lab);
  simulation = new Simulation(plan, underlay, 1);
  tunnels = plan.topology.tunnels.map(({ id }) => id);
  seat = controllerOf(spec)!;
  simulation.timeline.runUntil(60_000);
});

function suppose(what: Supposition): SupposedNow {
  const { links, network, controller, nowMs } = simulation;
  return supposing({ links, network, tunnels, seat }, controller!, JSON.stringify(what), nowMs);
}

const tunnelOf = (a: string, b: string): string => tunnels.find((id) => id.includes(a) && id.includes(b))!;
const wayOf = (pairs: SupposedNow, from: string, to: string) =>
  pairs.pairs.find((each) => each.from === from && each.to === to);
function walked(from: string, to: string): string {
  const { names } = simulation.links;
  const { links } = simulation.journey(names.indexOf(from), names.indexOf(to));
  return pathOf(simulation.links, links).join();
}

it("moves what moves when a link really becomes slow", () => {
  const from = "hkg";
  const said = suppose({ links: [{ tunnel: tunnelOf("hkg", "lax"), from, moreMs: 100 }], nodes: [] });
  const pair = wayOf(said, "home", "lax")!;
  expect(pair).toMatchObject({ was: ["home", "hkg", "lax"], is: ["home", "hkg", "office", "lax"] });
  expect(pair.isAnyway).toBeUndefined();
  // 50 by office instead of 38; who stayed would have 138.
  expect(Math.abs(pair.moreDelayMs! - 12)).toBeLessThan(10);
  expect(Math.abs(pair.stayMoreCostMs! - 88)).toBeLessThan(10);
  expect(walked("home", "lax")).toBe("home,hkg,lax");

  underlay.set({ from, to: "lax" }, { delayMs: 130 });
  simulation.timeline.runUntil(180_000);
  for (const each of said.pairs.filter(({ was, is }) => was.join() !== is.join()))
    expect(walked(each.from, each.to)).toBe(each.is.join());
});

it("fails over when a node really dies, and does not speak of the node's own pairs", () => {
  underlay.set({ from: "hkg", to: "lax" }, { delayMs: 160 });
  underlay.set({ from: "office", to: "lax" }, { delayMs: 200 });
  simulation.timeline.runUntil(180_000);
  expect(walked("home", "lax")).toBe("home,tyo,lax");
  const said = suppose({ links: [], nodes: ["tyo"] });
  expect(wayOf(said, "home", "lax")).toMatchObject({ is: ["home", "hkg", "lax"], afterMs: 0 });
  expect(wayOf(said, "home", "lax")!.stayMoreCostMs).toBeUndefined();
  expect(said.pairs.some(({ from, to }) => from === "tyo" || to === "tyo")).toBe(false);
  for (const other of ["home", "hkg", "office", "lax"]) {
    underlay.set({ from: "tyo", to: other }, { lossPercent: 100 });
    underlay.set({ from: other, to: "tyo" }, { lossPercent: 100 });
  }
  simulation.timeline.runUntil(300_000);
  for (const each of said.pairs.filter(({ was, is }) => was.join() !== is.join()))
    expect(walked(each.from, each.to)).toBe(each.is.join());
});

it("says that nobody chooses when the controller is cut off, by its death or by all its links", () => {
  expect(seat).toBe("hkg");
  const unled = { pairs: [], isUnled: true };
  expect(suppose({ links: [], nodes: ["hkg"] })).toMatchObject(unled);
  const own = tunnels.filter((id) => id.includes("hkg"));
  const links = own.map((tunnel) => ({ tunnel, from: "hkg", isDown: true }));
  expect(suppose({ links, nodes: [] })).toMatchObject(unled);
  expect(suppose({ links: links.slice(1), nodes: [] }).isUnled).toBeUndefined();
});

it("tells pairs that stay with what they would have, and refuses what cannot be", () => {
  const said = suppose({ links: [{ tunnel: tunnelOf("lax", "tyo"), from: "lax", moreMs: 3 }], nodes: [] });
  expect(wayOf(said, "lax", "tyo")).toMatchObject({ was: ["lax", "tyo"], is: ["lax", "tyo"] });
  expect(wayOf(said, "lax", "tyo")!.moreDelayMs).toBeCloseTo(3);
  expect(suppose({ links: [], nodes: [] })).toEqual({ pairs: [], untold: 0, isSettled: true });
  for (const [what, why] of [
    [{ links: [], nodes: ["nobody"] }, /no node nobody/],
    [{ links: [{ tunnel: "home - nobody", from: "home" }], nodes: [] }, /sends nothing/],
    [{ links: [{ tunnel: tunnels[0]!, from: "lax", loss: 2 }], nodes: [] }, /too_big/],
  ] as const)
    expect(() => suppose(what)).toThrow(why);
});
