// A network with its agents and their controller on simulated time: the classes that run on real machines, without sockets.
//
// Clocks are hours apart and never agree. Words travel by the ways that packets take at that moment, and get lost with them.
import { Agent, LAST, type Effect, type Holding } from "../core/agent/agent.ts";
import { Controller, type Order } from "../core/agent/controller.ts";
import type { Condition } from "../core/agent/incoming.ts";
import type { Installed } from "../core/agent/installed.ts";
import type { Carried } from "../core/agent/meter.ts";
import { linksOf, type Links } from "../core/agent/links.ts";
import { begin } from "../core/choose/choose.ts";
import type { Decision } from "../core/choose/decision.ts";
import { networkOf, type Network } from "../core/choose/network.ts";
import type { Plan } from "../core/plan.ts";
import type { LinkIndex } from "../core/route.ts";
import { controllerOf } from "../core/spec.ts";
import { Machines, type Journey } from "./forwarding.ts";
import { randomFrom } from "./random.ts";
import { Timeline, type Event } from "./timeline.ts";
import type { Underlay } from "./underlay.ts";

const TICK_MS = 10;
const CONTROLLER_TICK_MS = 50;
/** Until a stream tries again to get a word through, as TCP does; and until it gives up and begins anew. */
const RETRY_MS = 300;
const PATIENT_MS = 5_000;
/** Reading, deciding, and installing routes. */
const WORK_MS = 5;
const FARTHEST_CLOCK_MS = 1e7;
const DRIFT_PPM = 50;

type Notices = Extract<Effect, { readonly kind: "tell" }>["notices"];

interface Player {
  agent: Agent;
  /** False: the agent is dead; its routes stay as they are. */
  isRunning: boolean;
  holding: Holding;
  conditions: ReadonlyMap<LinkIndex, Condition>;
  installed: Installed;
  life: number;
  sequence: number;
  clockMs: number;
  readonly drift: number;
  /** To the controller, and back: when the last word arrives. Words do not overtake each other. */
  readonly lastMs: [number, number];
  /** Counts up with each connection. */
  connection: number;
  isConnected: boolean;
}

export class Simulation {
  readonly timeline = new Timeline();
  readonly links: Links;
  readonly network: Network;
  readonly #plan: Pick<Plan, "spec" | "topology">;
  readonly #underlay: Underlay;
  readonly #random: () => number;
  readonly #machines: Machines;
  readonly #players: Player[];
  readonly #seat: number;
  /** By what was said: to whom it has come, in which life. Copies and repetitions change nothing then, and are not followed further. */
  readonly #told = new WeakMap<Notices, Map<number, number>>();
  #controller: Controller | undefined;
  /** For whoever wants to know what the controller decides. */
  decided: (decisions: readonly Decision[]) => void = () => undefined;

  constructor(plan: Pick<Plan, "spec" | "topology">, underlay: Underlay, seed: number) {
    this.#plan = plan;
    this.#underlay = underlay;
    this.#random = randomFrom(seed);
    this.links = linksOf(plan.topology);
    this.network = networkOf(plan.spec, plan.topology);
    this.#machines = new Machines(plan.spec, plan.topology);
    this.#seat = this.links.names.indexOf(controllerOf(plan.spec) ?? "");
    const installed = { choice: begin(this.network).choice, distance: LAST };
    this.#players = this.links.names.map((_, node) => {
      const clockMs = (2 * this.#random() - 1) * FARTHEST_CLOCK_MS;
      const drift = 1 + ((2 * this.#random() - 1) * DRIFT_PPM) / 1e6;
      const base = {
        isRunning: false,
        conditions: new Map(),
        installed,
        life: 0,
        sequence: 0,
        clockMs,
        drift,
      };
      const stream = { lastMs: [0, 0] as [number, number], connection: 0, isConnected: false };
      const player = { ...base, ...stream };
      const agent = this.#newAgent(node, player);
      return { ...player, agent, holding: agent.holding };
    });
    this.links.names.forEach((_, node) => this.startAgent(node));
    this.startController();
    // Agents do not tick in step.
    this.links.names.forEach((_, node) =>
      this.timeline.after(this.#random() * TICK_MS, () =>
        this.timeline.every(TICK_MS, () => this.#tick(node)),
      ),
    );
    this.links.names.forEach((_, node) => {
      const { intervalMs } = plan.spec.failover;
      this.timeline.after(this.#random() * intervalMs, () =>
        this.timeline.every(intervalMs, () => this.#probe(node)),
      );
    });
    this.timeline.every(CONTROLLER_TICK_MS, () =>
      this.#orders(this.#controller?.tick(this.timeline.nowMs) ?? []),
    );
  }

  get controller(): Controller | undefined {
    return this.#controller;
  }

  get nowMs(): number {
    return this.timeline.nowMs;
  }

  /** Where a packet goes now. */
  journey(from: number, to: number): Journey {
    return this.#machines.journey((node) => this.#players[node]!.holding, from, to);
  }

  holdings(): readonly Holding[] {
    return this.#players.map(({ holding }) => holding);
  }

  /**
   * Sends one packet, after so many ms, which meets each node as it is when it gets there; `done` has what became of it. As soon as it
   * `isIdle` to follow it further that ends.
   */
  send(
    from: number,
    to: number,
    done: (fate: "arrived" | "looped" | "lost") => void,
    { afterMs, isIdle }: { readonly afterMs?: number; readonly isIdle?: () => boolean } = {},
  ): void {
    const { receivers } = this.links;
    let [at, enter, hops] = [from, -1, 0];
    // The same event for each node: there are millions of them.
    const arrival: Event = {
      atMs: 0,
      order: 0,
      run: () => {
        if (isIdle?.() === true) return;
        if (at === to) return done("arrived");
        if (hops === 64) return done("looped");
        const link = this.#machines.next(this.#players[at]!.holding, at, enter, from, to);
        const ms = link === -1 ? undefined : this.#underlay.carry(link, this.#random);
        if (ms === undefined) return done("lost");
        at = receivers[link]!;
        enter = link ^ 1;
        hops++;
        this.timeline.put(arrival, ms);
      },
    };
    if (afterMs === undefined) arrival.run();
    else this.timeline.put(arrival, afterMs);
  }

  startAgent(node: number): void {
    const player = this.#players[node]!;
    if (player.isRunning) return;
    player.life++;
    player.sequence = 0;
    player.agent = this.#newAgent(node, player);
    player.isRunning = true;
    this.#effects(node, player.agent.begin());
    this.#connect(node);
  }

  /** As by SIGKILL: its routes stay, its test packets end. */
  killAgent(node: number): void {
    const player = this.#players[node]!;
    player.isRunning = false;
    player.connection++;
    player.isConnected = false;
    this.timeline.after(RETRY_MS, () => {
      if (!player.isRunning) this.#orders(this.#controller?.left(this.links.names[node]!) ?? []);
    });
  }

  startController(): void {
    if (this.#controller !== undefined || this.#seat === -1) return;
    const { spec } = this.#plan;
    this.#controller = new Controller(
      {
        nodes: spec.nodes,
        links: this.links,
        network: this.network,
        print: "simulated",
        patience: spec.choose,
        lossWeightMs: spec.choose.lossWeightMs,
      },
      this.nowMs,
    );
    this.links.names.forEach((_, node) => this.#connect(node));
  }

  killController(): void {
    this.#controller = undefined;
    for (const player of this.#players) this.#disconnect(player);
  }

  /** What it forwards for others, by its own counters; there is no traffic here. */
  carries(node: number, carried: Carried): void {
    this.#players[node]!.agent.carried(carried);
  }

  /** Its agent begins anew, on a clock that has been set, as after a reboot. */
  stepClock(node: number, ms: number): void {
    this.killAgent(node);
    this.#players[node]!.clockMs += ms;
    this.startAgent(node);
  }

  #newAgent(
    node: number,
    { installed, conditions, life, ...player }: Omit<Player, "agent" | "holding">,
  ): Agent {
    const { failover } = this.#plan.spec;
    return new Agent(
      {
        links: this.links,
        node,
        network: "simulated",
        session: 1 + ((node * 1000 + life) % 65_535),
        life,
        installed,
        // As a real one: only those that were down are remembered as such (src/agent/kept.ts).
        conditions: new Map([...conditions].filter(([, condition]) => condition === "down")),
        distances: (from, to) => this.#machines.distances(node, from, to),
        ...failover,
      },
      this.#clock(player),
    );
  }

  #clock({ clockMs, drift }: Pick<Player, "clockMs" | "drift">, atMs = this.timeline.nowMs): number {
    return clockMs + atMs * drift;
  }

  #tick(node: number): void {
    const player = this.#players[node]!;
    if (player.isRunning) this.#effects(node, player.agent.tick(this.#clock(player)));
  }

  /** One test packet on each link that the node sends. */
  #probe(node: number): void {
    const player = this.#players[node]!;
    if (!player.isRunning) return;
    const sequence = player.sequence++;
    const [life, sentMs] = [player.agent.session, this.#clock(player)];
    for (const link of this.links.outgoing[node]!) {
      const ms = this.#underlay.carry(link, this.#random);
      if (ms === undefined) continue;
      this.timeline.after(ms, () => {
        const receiver = this.#players[this.links.receivers[link]!]!;
        if (receiver.isRunning)
          receiver.agent.hear(link, { life, sequence, sentMs, heardMs: this.#clock(receiver) });
      });
    }
  }

  #effects(node: number, effects: readonly Effect[]): void {
    const player = this.#players[node]!;
    for (const effect of effects) {
      if (effect.kind === "hold") {
        const { holding } = effect;
        this.timeline.after(WORK_MS, () => (player.holding = holding));
        player.installed = player.agent.installed;
        player.conditions = new Map(
          Array.from(player.agent.incoming, ([link, { condition }]) => [link, condition] as const),
        );
      } else if (effect.kind === "tell")
        this.#tell(node, this.links.names.indexOf(effect.to), effect.notices);
      else {
        const { message } = effect;
        this.#stream(node, 0, () =>
          this.#orders(this.#controller?.heard(this.links.names[node]!, message, this.nowMs) ?? []),
        );
      }
    }
  }

  /** By its own way, and a copy by each neighbour that it hears. */
  #tell(from: number, to: number, notices: Notices): void {
    const told = this.#told.get(notices) ?? new Map<number, number>();
    this.#told.set(notices, told);
    const isKnown = (): boolean => told.get(to) === this.#players[to]!.life;
    const arrive = (): void => {
      const { isRunning, agent, life } = this.#players[to]!;
      if (!isRunning) return;
      told.set(to, life);
      this.#effects(to, agent.told(from, notices));
    };
    if (isKnown()) return;
    const done = (fate: string): void => {
      if (fate === "arrived") arrive();
    };
    this.send(from, to, done, { afterMs: WORK_MS, isIdle: isKnown });
    const { agent } = this.#players[from]!;
    for (const [link, { condition }] of agent.incoming) {
      if (condition !== "up") continue;
      const ms = this.#underlay.carry(link ^ 1, this.#random);
      if (ms === undefined) continue;
      this.send(this.links.senders[link]!, to, done, { afterMs: WORK_MS + ms, isIdle: isKnown });
    }
  }

  #orders(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.kind === "decided") {
        this.decided(order.decisions);
        continue;
      }
      const node = this.links.names.indexOf(order.to);
      this.#stream(node, 1, () => {
        const { isRunning, agent } = this.#players[node]!;
        if (isRunning) this.#effects(node, agent.ordered(order.message));
      });
    }
  }

  /** A word on the stream of a node to the controller (0) or back (1): late or not at all, but in order. */
  #stream(node: number, side: 0 | 1, arrive: () => void): void {
    const player = this.#players[node]!;
    const { connection } = player;
    const [controller, begunMs] = [this.#controller, this.nowMs];
    if (controller === undefined || !player.isConnected) return;
    const isOver = (): boolean => player.connection !== connection || this.#controller !== controller;
    const hand = (): void => {
      const waitMs = player.lastMs[side] - this.nowMs;
      player.lastMs[side] = Math.max(player.lastMs[side], this.nowMs) + 0.001;
      this.timeline.after(waitMs, () => isOver() || arrive());
    };
    const attempt = (): void => {
      if (isOver()) return;
      if (node === this.#seat) return hand();
      const [from, to] = side === 0 ? [node, this.#seat] : [this.#seat, node];
      this.send(from, to, (fate) => {
        if (isOver()) return;
        if (fate === "arrived") return hand();
        if (this.nowMs - begunMs > PATIENT_MS) {
          this.#disconnect(player);
          this.#orders(controller.left(this.links.names[node]!));
          this.timeline.after(1000, () => this.#connect(node));
        } else this.timeline.after(RETRY_MS, attempt);
      });
    };
    this.timeline.after(WORK_MS, attempt);
  }

  /** Once packets come through both ways; until then it tries. */
  #connect(node: number): void {
    const player = this.#players[node]!;
    const connection = ++player.connection;
    const controller = this.#controller;
    if (controller === undefined || !player.isRunning) return;
    const isOver = (): boolean => player.connection !== connection || this.#controller !== controller;
    const open = (): void => {
      if (isOver()) return;
      player.isConnected = true;
      player.lastMs.fill(0);
      this.#effects(node, player.agent.connected());
    };
    const attempt = (): void => {
      if (isOver()) return;
      const again = (): void => this.timeline.after(1000, attempt);
      if (node === this.#seat) return open();
      this.send(node, this.#seat, (there) => {
        if (there !== "arrived") return again();
        this.send(this.#seat, node, (back) => (back === "arrived" ? open() : again()));
      });
    };
    this.timeline.after(WORK_MS, attempt);
  }

  #disconnect(player: Player): void {
    player.connection++;
    player.isConnected = false;
    if (player.isRunning) player.agent.disconnected();
  }
}
