// Agents and a controller together, on one clock and without any socket: what they say arrives a little later.
import { describe, expect, it } from "vitest";
import { begin } from "../choose/choose.ts";
import { LOSS_WEIGHT_MS, PATIENCE } from "../choose/defaults.ts";
import { networkOf } from "../choose/network.ts";
import { repair, forwardingOf } from "../failover/repair.ts";
import { parse } from "../parse.ts";
import { compile } from "../plan.ts";
import { route } from "../route.ts";
import { Agent, type Effect } from "./agent.ts";
import { Controller, type Order } from "./controller.ts";
import { linksOf } from "./links.ts";

const TEXT = `overlay: 192.168.51.0/24
nodes:
  a: { address: 192.168.51.5 }
  b: { address: 192.168.51.1, endpoint: 198.51.100.1 }
  c: { address: 192.168.51.2, endpoint: 198.51.100.2 }
paths: [all <=> all]
`;
const { spec, topology } = (() => {
  const plan = compile(parse(TEXT, "tofro.yaml").spec!);
  return { spec: plan.spec, topology: plan.topology };
})();
const links = linksOf(topology);
const network = networkOf(spec, topology);
const link = (from: string, to: string): number =>
  links.outgoing[links.names.indexOf(from)]!.find((each) => links.names[links.receivers[each]!] === to)!;

const INTERVAL_MS = 50;
const SPEECH_MS = 20;

class Together {
  /** By link; Infinity: nothing comes through. */
  readonly delays = new Map<number, number>();
  readonly #clocks = [0, 1e7, -3e6];
  readonly #agents: Agent[];
  #controller: Controller | undefined;
  #queue: { readonly atMs: number; readonly run: () => void }[] = [];
  #sequence = 0;
  nowMs = 0;

  constructor() {
    for (let each = 0; each < links.senders.length; each++) this.delays.set(each, 10);
    this.#agents = links.names.map((_, node) => {
      const options = {
        links,
        node,
        network: "n",
        session: node + 1,
        life: 1,
        choice: begin(network).choice,
      };
      return new Agent(
        { ...options, distances: () => [0, 1, 2], intervalMs: INTERVAL_MS, holdMs: 10_000 },
        this.#clock(node),
      );
    });
    this.startController();
  }

  startController(): void {
    this.#controller = new Controller(
      { links, network, print: "n", patience: PATIENCE, lossWeightMs: LOSS_WEIGHT_MS },
      this.nowMs,
    );
    this.#agents.forEach((agent, node) => this.#effects(node, agent.connected()));
  }

  stopController(): void {
    this.#controller = undefined;
    for (const agent of this.#agents) agent.disconnected();
  }

  /** The nodes that a packet passes now, as all agents hold it; "lost" at a dead link. */
  way(from: string, to: string): string[] {
    const [source, target] = [links.names.indexOf(from), links.names.indexOf(to)];
    const path = [from];
    for (let at = source; at !== target;) {
      const next = this.#next(at, target);
      if (this.delays.get(next) === Infinity) return [...path, "lost"];
      at = links.receivers[next]!;
      path.push(links.names[at]!);
      if (path.length > 10) return [...path, "loop"];
    }
    return path;
  }

  epoch(node: string): number {
    return this.#agents[links.names.indexOf(node)]!.holding.choice.epoch;
  }

  run(ms: number, each: () => void = () => undefined): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 10) {
      const due = this.#queue.filter(({ atMs }) => atMs <= this.nowMs);
      this.#queue = this.#queue.filter(({ atMs }) => atMs > this.nowMs);
      for (const { run } of due.sort((x, y) => x.atMs - y.atMs)) run();
      if (this.nowMs % INTERVAL_MS === 0) this.#probe();
      this.#agents.forEach((agent, node) => this.#effects(node, agent.tick(this.#clock(node))));
      this.#orders(this.#controller?.tick(this.nowMs) ?? []);
      each();
    }
  }

  #clock(node: number, atMs = this.nowMs): number {
    return atMs + this.#clocks[node]!;
  }

  #probe(): void {
    const sequence = this.#sequence++;
    for (const [each, delayMs] of this.delays) {
      if (delayMs === Infinity) continue;
      const [sender, receiver] = [links.senders[each]!, links.receivers[each]!];
      const [sentMs, heardMs] = [this.#clock(sender), this.#clock(receiver, this.nowMs + delayMs)];
      const packet = { life: sender + 1, sequence, sentMs, heardMs };
      this.#later(delayMs, () => this.#agents[receiver]!.hear(each, packet));
    }
  }

  #next(node: number, to: number): number {
    const { choice, before, distance, down } = this.#agents[node]!.holding;
    const base = before !== undefined && distance < 3 ? before : choice;
    const forwarding = forwardingOf(route(spec, topology, base));
    const mended = repair(forwarding, node, down).find((each) => each.to === to);
    return mended?.link ?? forwarding.traffic.own[node * links.names.length + to]!;
  }

  #later(ms: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + ms, run });
  }

  #effects(node: number, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "tell") {
        const to = links.names.indexOf(effect.to);
        this.#later(SPEECH_MS, () => this.#effects(to, this.#agents[to]!.told(node, effect.notices)));
      } else if (effect.kind === "control") {
        const controller = this.#controller;
        this.#later(SPEECH_MS, () => {
          if (controller !== undefined && controller === this.#controller)
            this.#orders(controller.heard(links.names[node]!, effect.message, this.nowMs));
        });
      }
    }
  }

  #orders(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.kind !== "send") continue;
      const to = links.names.indexOf(order.to);
      this.#later(SPEECH_MS, () => this.#effects(to, this.#agents[to]!.ordered(order.message)));
    }
  }
}

/** The long way there from a to c, as in the evening. */
function evening(): Together {
  const all = new Together();
  all.delays.set(link("a", "c"), 55);
  return all;
}

describe("agents and a controller", () => {
  it("come to the best way in each direction on clocks hours apart, soon after a cold start", () => {
    const all = evening();
    expect(all.way("a", "c")).toEqual(["a", "c"]);
    all.run(15_000);
    expect(all.way("a", "c")).toEqual(["a", "b", "c"]);
    expect(all.way("c", "a")).toEqual(["c", "a"]);
  });

  it("go around a link that falls silent within 300 ms, in its direction only, and back when it was good for a while", () => {
    const all = evening();
    all.run(15_000);
    const deadMs = all.nowMs;
    all.delays.set(link("b", "c"), Infinity);
    let outageMs = NaN;
    all.run(2000, () => {
      expect(all.way("c", "b")).toEqual(["c", "b"]);
      expect(all.way("a", "c")).not.toContain("loop");
      if (Number.isNaN(outageMs) && !all.way("a", "c").includes("lost")) outageMs = all.nowMs - deadMs;
    });
    expect(all.way("a", "c")).toEqual(["a", "c"]);
    expect(outageMs).toBeGreaterThan(0);
    expect(outageMs).toBeLessThan(300);
    all.delays.set(link("b", "c"), 10);
    all.run(9_000);
    expect(all.way("a", "c")).toEqual(["a", "c"]);
    all.run(60_000);
    expect(all.way("a", "c")).toEqual(["a", "b", "c"]);
  });

  it("keep the choice, and fail over, without a controller; one that returns changes nothing", () => {
    const all = evening();
    all.run(15_000);
    const epoch = all.epoch("a");
    all.stopController();
    all.run(5_000);
    expect(all.way("a", "c")).toEqual(["a", "b", "c"]);
    all.delays.set(link("a", "b"), Infinity);
    all.run(1_000);
    expect(all.way("a", "c")).toEqual(["a", "c"]);
    all.delays.set(link("a", "b"), 10);
    all.run(12_000);
    expect(all.way("a", "c")).toEqual(["a", "b", "c"]);
    all.startController();
    all.run(20_000, () => expect(all.way("a", "c")).toEqual(["a", "b", "c"]));
    expect(all.epoch("a")).toBe(epoch);
  });

  it("are not moved by a difference of 1 ms, and follow a step of 20 ms within 10 s", () => {
    const all = new Together();
    all.delays.set(link("a", "c"), 21);
    all.run(60_000, () => expect(all.way("a", "c")).toEqual(["a", "c"]));
    all.delays.set(link("a", "c"), 41);
    all.run(10_000);
    expect(all.way("a", "c")).toEqual(["a", "b", "c"]);
  });
});
