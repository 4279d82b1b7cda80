// The part of an agent that hears its links, speaks with the others and says what the machine shall be held at.
import { readFileSync } from "node:fs";
import { Agent, LAST, type Effect } from "../core/agent/agent.ts";
import { wholeOf } from "../core/agent/installed.ts";
import { linksOf, type Links } from "../core/agent/links.ts";
import { choiceToText, type ChoiceText, type ToAgent } from "../core/agent/messages.ts";
import { begin } from "../core/choose/choose.ts";
import { networkOf } from "../core/choose/network.ts";
import { TofroError } from "../core/error.ts";
import { MOST_COUNTED, type NodeState } from "../core/node-state.ts";
import { compile, type Plan } from "../core/plan.ts";
import { measuredPairs } from "../core/lines.ts";
import { tellLink } from "../core/agent/told.ts";
import { controllerOf } from "../core/spec.ts";
import { RunningController } from "../controller/controller.ts";
import { HISTORY } from "../render/agent.ts";
import { nodeKeyFile } from "../render/change.ts";
import type { AgentConfig } from "../core/agent/config.ts";
import type { Carried } from "../core/agent/meter.ts";
import { localHost } from "../linux/command.ts";
import { originsOf } from "./arrived.ts";
import { meter } from "./carried.ts";
import { callController, type AgentEnd } from "./control.ts";
import type { Metric } from "../core/metrics/exposition.ts";
import { agentMetrics, type AgentFigures } from "./metrics.ts";
import { octetsOf } from "./octets.ts";
import type { Kept } from "./kept.ts";
import { pairKeys, type Identity } from "./pair-keys.ts";
import { pinLines, probedEnds, type ProbedEnd, unpinLines } from "./pins.ts";
import { newSession, startProbes } from "./probes.ts";
import { RouteChannel } from "./route-channel.ts";
import { AGENT_ETC } from "./places.ts";
import { Router } from "./router.ts";
import { Signals, type Neighbour } from "./signals.ts";

const TICK_MS = 10;
/** Monotonic, of the clock that packets are stamped by; ms. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6;
/** An interface that was made anew has lost its pins. */
const PIN_MS = 5_000;

export interface ChoosingOptions {
  /** Tells this network from others, and from what it was before. */
  readonly print: string;
  /** What an earlier life of this agent, in the same network, left. */
  readonly kept: Kept | undefined;
}

export interface ChoosingEvents {
  /** The machine shall be held at this one. */
  readonly hold: (state: NodeState) => void;
  /** Something that the next life should know has changed. */
  readonly keep: (kept: Kept) => void;
}

export class Choosing {
  readonly #config: AgentConfig;
  readonly #options: ChoosingOptions;
  readonly #router: Router;
  readonly #links: Links;
  readonly #core: Agent;
  readonly #plan: Plan;
  readonly #channel = new RouteChannel();
  readonly #ends: readonly ProbedEnd[];
  #events: ChoosingEvents | undefined;
  #signals: Signals | undefined;
  #control: AgentEnd | undefined;
  #controller: RunningController | undefined;
  readonly #startedMs = Date.now();
  #isConnected = false;
  #isStopped = false;
  #carried: Carried | undefined;
  #meter: Promise<() => Promise<void>> | undefined;
  #stops: (() => void)[] = [];

  constructor(config: AgentConfig, options: ChoosingOptions) {
    this.#config = config;
    this.#options = options;
    const { spec, lock, node } = config;
    this.#plan = compile(spec, lock, { agents: true });
    this.#links = linksOf(this.#plan.topology);
    const index = this.#links.names.indexOf(node);
    if (index === -1) throw new TofroError(`Cannot start: the plan has no node "${node}"`);
    this.#ends = probedEnds(this.#plan.topology, node);
    this.#router = new Router(spec, lock, node);
    this.#core = new Agent(
      {
        links: this.#links,
        node: index,
        network: options.print,
        session: newSession(),
        life: Date.now(),
        installed: options.kept?.installed ?? {
          choice: begin(networkOf(spec, this.#plan.topology)).choice,
          distance: LAST,
        },
        ...(options.kept && { conditions: options.kept.conditions }),
        distances: (from, to) => this.#router.distances(from, to),
        ...spec.failover,
      },
      now(),
    );
  }

  /** What the machine is held at now. */
  get state(): NodeState {
    return this.#router.state(this.#core.holding);
  }

  start(events: ChoosingEvents): void {
    this.#events = events;
    const { topology } = this.#plan;
    const identity = this.#identity();
    const addresses = new Map(topology.nodes.map(({ name, addresses: [first] }) => [name, first!]));
    const ends = this.#ends;
    this.pin();
    const probes = startProbes({
      ends,
      intervalMs: this.#config.spec.failover.intervalMs,
      session: this.#core.session,
      clock: () => process.hrtime.bigint(),
      heard: (link, packet) => this.#core.hear(link, packet),
    });
    this.#signals = new Signals({
      identity,
      addresses,
      neighbours: () => this.#neighbours(),
      sendBy: ({ link }, bytes, port) => probes.send(link, bytes, port),
      told: (from, notices) => this.#carryOut(this.#core.told(this.#links.names.indexOf(from), notices)),
    });
    const timers = [
      setInterval(() => this.#carryOut(this.#core.tick(now())), TICK_MS),
      setInterval(() => this.pin(), PIN_MS),
    ];
    this.#stops = [probes.stop, ...timers.map((timer) => () => clearInterval(timer))];
    const carries = this.#config.spec.nodes.find(({ name }) => name === this.#config.node)?.carries;
    const isLimited = carries?.rateBps !== undefined || carries?.monthBytes !== undefined;
    const { transits, counts } = this.state.firewall;
    const isRelay = transits.length > 0 && transits.length <= MOST_COUNTED;
    if (isLimited || isRelay || counts === true)
      this.#meter = meter(localHost, {
        ends,
        ...(counts === true && {
          origins: originsOf(this.#config.spec, this.#plan.topology, this.#config.node),
        }),
        onForwarded: (forwarded) => this.#core.forwarded(forwarded),
        ...(isLimited && {
          onCarried: (carried) => {
            this.#carried = carried;
            this.#core.carried(carried);
          },
        }),
      });
    this.#carryOut(this.#core.begin());
    this.#join(identity, addresses);
  }

  /** Puts the test packets' routes there, or back. */
  pin(): void {
    if (this.#isStopped) return;
    // `ip` remembers interfaces by number, and one that was made anew has another.
    this.#channel.restart();
    void this.#channel.run(pinLines(this.#ends)).catch(() => undefined);
  }

  /** The machine keeps what was chosen, but not the test packets' routes. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const stop of this.#stops) stop();
    await (
      await this.#meter
    )?.();
    this.#signals?.stop();
    this.#control?.stop();
    await this.#controller?.stop();
    this.#channel.restart();
    await this.#channel.run(unpinLines(this.#ends)).catch(() => undefined);
    this.#channel.restart();
  }

  status(): unknown {
    const nowMs = now();
    const { senders, names } = this.#links;
    const { choice, down } = this.#core.holding;
    return {
      epoch: choice.epoch,
      life: this.#core.session,
      controller: { node: controllerOf(this.#config.spec), isConnected: this.#isConnected },
      links: Array.from(this.#core.incoming, ([link, incoming]) =>
        tellLink(this.#plan.topology.tunnels[link >> 1]!.id, names[senders[link]!]!, incoming, nowMs),
      ),
      ...(this.#carried && { carried: this.#carried }),
      down: Array.from(down, (link) => ({
        tunnel: this.#plan.topology.tunnels[link >> 1]!.id,
        from: names[senders[link]!],
      })),
      ...(this.#controller && { network: this.#controller.status() }),
    };
  }

  metrics(keeper: Pick<AgentFigures, "repairs" | "isTroubled">): Metric[] {
    const nowMs = now();
    const { senders, names } = this.#links;
    const { tunnels } = this.#plan.topology;
    const { carries } = this.#config.spec.nodes.find(({ name }) => name === this.#config.node)!;
    const own = agentMetrics({
      ...keeper,
      node: this.#config.node,
      startedMs: this.#startedMs,
      isConnected: this.#isConnected,
      epoch: this.#core.holding.choice.epoch,
      ...(carries && { carries }),
      ...(this.#carried && { carried: this.#carried }),
      links: Array.from(this.#core.incoming, ([link, incoming]) => {
        const figures = incoming.figures(nowMs);
        return {
          tunnel: tunnels[link >> 1]!.id,
          from: names[senders[link]!]!,
          condition: incoming.condition,
          ...(figures && { figures }),
        };
      }),
      tunnels: this.#ends.map(({ tunnel, incoming, interface: name }) => ({
        tunnel,
        peer: names[senders[incoming]!]!,
        received: octetsOf(name, "rx"),
        sent: octetsOf(name, "tx"),
      })),
    });
    return [...own, ...(this.#controller?.metrics() ?? [])];
  }

  /** Of the node, in the overlay. */
  get addresses(): readonly string[] {
    return this.#plan.topology.nodes.find(({ name }) => name === this.#config.node)!.addresses;
  }

  /** The last that was installed whole. */
  choice(): ChoiceText {
    return choiceToText(wholeOf(this.#core.holding));
  }

  /** Asked of the agent that runs the controller. */
  why(from: string, to: string, beforeMs?: number): unknown {
    return this.#theController().why(from, to, beforeMs);
  }

  /** For a dashboard, of the agent that runs the controller. */
  picture(): unknown {
    return this.#theController().picture();
  }

  pair(from: string, to: string): unknown {
    return this.#theController().pair(from, to);
  }

  past(from: string, to: string, forMs: number): unknown {
    return this.#theController().past(from, to, forMs);
  }

  suppose(what: string): unknown {
    return this.#theController().suppose(what);
  }

  changes(): unknown {
    return this.#theController().changes();
  }

  #theController(): RunningController {
    if (this.#controller !== undefined) return this.#controller;
    throw new Error(`the controller runs on ${controllerOf(this.#config.spec) ?? "no node"}`);
  }

  #identity(): Identity {
    const { topology } = this.#plan;
    const { node } = this.#config;
    return {
      node,
      privateKey: readFileSync(nodeKeyFile(AGENT_ETC), "utf8").trim(),
      publicKeys: new Map(topology.nodes.map(({ name, publicKey }) => [name, publicKey])),
    };
  }

  #join(identity: Identity, addresses: ReadonlyMap<string, string>): void {
    const { node, spec } = this.#config;
    const controller = controllerOf(spec);
    if (controller === undefined) return;
    const keys = pairKeys(identity, "control");
    const address = addresses.get(controller)!;
    if (controller !== node) {
      this.#control = callController(
        { node, controller, address, keys },
        {
          connected: () => this.#connected(),
          ordered: (message) => this.#ordered(message),
          disconnected: () => {
            this.#isConnected = false;
            this.#core.disconnected();
          },
        },
      );
      return;
    }
    this.#controller = new RunningController({
      links: this.#links,
      network: networkOf(spec, this.#plan.topology),
      nodes: spec.nodes,
      print: this.#options.print,
      patience: spec.choose,
      lossWeightMs: spec.choose.lossWeightMs,
      node,
      address,
      keys,
      topology: this.#plan.topology,
      tunnels: this.#plan.topology.tunnels.map(({ id }) => id),
      measured: measuredPairs(spec),
      history: { path: HISTORY, program: process.argv[1]! },
      log: (line) => process.stderr.write(`${line}\n`),
      ordered: (message) => this.#ordered(message),
    });
    this.#connected();
  }

  #connected(): void {
    this.#isConnected = true;
    this.#carryOut(this.#core.connected());
  }

  #ordered(message: ToAgent): void {
    this.#carryOut(this.#core.ordered(message));
  }

  #carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "tell") this.#signals?.tell(effect.to, effect.notices);
      else if (effect.kind === "control") {
        if (this.#controller !== undefined) this.#controller.heard(effect.message);
        else this.#control?.send(effect.message);
      } else {
        this.#events?.hold(this.#router.state(effect.holding));
        this.#events?.keep({
          print: this.#options.print,
          installed: this.#core.installed,
          conditions: new Map(
            Array.from(this.#core.incoming, ([link, { condition }]) => [link, condition] as const),
          ),
        });
      }
    }
  }

  /** Peers that are heard, and that hear us as far as is known. */
  #neighbours(): Neighbour[] {
    const { senders, names } = this.#links;
    const { down } = this.#core.holding;
    const found = new Map<string, Neighbour>();
    for (const [link, { condition }] of this.#core.incoming) {
      const node = names[senders[link]!]!;
      if (condition === "up" && !down.has(link ^ 1) && !found.has(node)) found.set(node, { node, link });
    }
    return [...found.values()];
  }
}
