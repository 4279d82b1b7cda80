import { describe, expect, it } from "vitest";
import { begin } from "../choose/choose.ts";
import { PATIENCE } from "../choose/defaults.ts";
import { climb } from "../choose/moves.ts";
import { networkOf } from "../choose/network.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { Controller, type Order } from "./controller.ts";
import { linksOf } from "./links.ts";
import { choiceToText, type ToAgent } from "./messages.ts";

const { spec } = parse(
  `overlay: 10.0.0.0/24
nodes:
  a: { endpoint: 198.51.100.1 }
  b: { endpoint: 198.51.100.2 }
  c: { endpoint: 198.51.100.3 }
  d: { endpoint: 198.51.100.4 }
paths: [all <=> all]
`,
  "tofro.yaml",
);
const { topology } = compile(spec!);
const links = linksOf(topology);
const network = networkOf(spec!, topology);
const GATHERED_MS = 10_000;

const controller = (): Controller =>
  new Controller(
    { links, network, nodes: spec!.nodes, print: "x", patience: PATIENCE, lossWeightMs: 1000 },
    0,
  );
const join = (core: Controller, node: string, epoch: number, nowMs: number): Order[] =>
  core.heard(node, { kind: "join", network: "x", life: 1, epoch }, nowMs);
const linkOf = (from: string, to: string): number =>
  links.outgoing[links.names.indexOf(from)]!.find(
    (link) => links.receivers[link] === links.names.indexOf(to),
  )!;

/** What is said to a node. */
const told = (orders: readonly Order[], node: string): ToAgent[] =>
  orders.flatMap((each) => (each.kind === "send" && each.to === node ? [each.message] : []));

/** One that took over choice 8 of another. */
function heir(): Controller {
  const core = controller();
  join(core, "a", 8, 0);
  core.tick(GATHERED_MS);
  const choice = choiceToText({ ...begin(network).choice, epoch: 8 });
  core.heard("a", { kind: "choice", choice }, GATHERED_MS);
  return core;
}

describe("a controller", () => {
  it("leads nothing through a node that has not joined, as that may forward by any choice", () => {
    const core = controller();
    for (const node of ["a", "c", "d"]) join(core, node, 0, 0);
    core.tick(GATHERED_MS);
    const notices = [{ link: linkOf("a", "c"), down: true, life: 1, number: 1 }];
    core.heard("c", { kind: "report", epoch: 0, links: [], notices }, GATHERED_MS);
    const [a, c] = ["a", "c"].map((name) => links.names.indexOf(name)) as [number, number];
    const way = climb(links.receivers, core.state.choice.trees[c]!, a, c);
    expect(way).toEqual([linkOf("a", "d"), linkOf("d", "c")]);
  });

  it("passes on at once what is new of a link, and once a second all that it knows", () => {
    const core = controller();
    for (const node of ["a", "b", "c", "d"]) join(core, node, 0, 0);
    const synced = (orders: readonly Order[]): number[][] =>
      told(orders, "d").flatMap((each) =>
        each.kind === "sync" ? [each.notices.map(({ link }) => link)] : [],
      );
    const report = (node: string, from: string, nowMs: number): Order[] => {
      const notices = [{ link: linkOf(from, node), down: true, life: 1, number: 1 }];
      return core.heard(node, { kind: "report", epoch: 0, links: [], notices }, nowMs);
    };
    core.tick(1_000);
    expect(synced(report("c", "a", 1_100))).toEqual([[linkOf("a", "c")]]);
    expect(synced(report("c", "a", 1_200))).toEqual([]);
    expect(synced(report("b", "a", 1_300))).toEqual([[linkOf("a", "b")]]);
    expect(synced(core.tick(2_000))).toEqual([[linkOf("a", "c"), linkOf("a", "b")]]);
  });

  it("numbers its choices beyond one that somebody comes late with, who is told", () => {
    const core = heir();
    const { epoch } = core.state.choice;
    expect(epoch).toBeGreaterThan(8);
    const orders = join(core, "b", epoch, GATHERED_MS + 1);
    expect(core.state.choice.epoch).toBeGreaterThan(epoch);
    expect(told(orders, "b")).toContainEqual({
      kind: "prepare",
      choice: choiceToText(core.state.choice),
      settle: false,
    });
  });

  it("knows its own choices again", () => {
    const core = heir();
    const { epoch } = core.state.choice;
    core.heard("a", { kind: "done", epoch, distance: 1_000_000 }, GATHERED_MS + 1);
    core.left("a");
    join(core, "a", epoch, GATHERED_MS + 2);
    expect(core.state.choice.epoch).toBe(epoch);
  });

  it("numbers them beyond what nobody tells it", () => {
    const core = controller();
    join(core, "a", 8, 0);
    core.tick(GATHERED_MS);
    core.tick(2 * GATHERED_MS);
    expect(core.state.choice.epoch).toBeGreaterThan(8);
  });
});
