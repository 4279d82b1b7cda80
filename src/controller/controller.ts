// The controller as a part of the agent on its node: listens for the others, and is one of them for itself.
import { readFile } from "node:fs/promises";
import { Controller, type ControllerOptions, type Order } from "../core/agent/controller.ts";
import type { ToAgent, ToController } from "../core/agent/messages.ts";
import { explain, wayOf } from "../core/choose/choose.ts";
import type { Decision } from "../core/choose/decision.ts";
import type { Topology } from "../core/topology.ts";
import { listenForAgents, type ControllerEnd } from "../agent/control.ts";
import type { PairKeys } from "../agent/pair-keys.ts";
import { OUTCOMES } from "../render/apply-scripts.ts";
import type { Metric } from "../core/metrics/exposition.ts";
import { appliesOf } from "./applies.ts";
import { carriedRecords } from "./carried-records.ts";
import { changesOf } from "./changes.ts";
import { HistoryKeeper } from "./history-keeper.ts";
import { LinkChanges } from "./link-changes.ts";
import { controllerMetrics } from "./metrics.ts";
import { layoutOf, pathOf } from "./history-figures.ts";
import { pastOf } from "./past.ts";
import { withCarried } from "./past-carried.ts";
import { Picture } from "./picture.ts";
import { recordsOf } from "./records.ts";
import { supposing } from "./supposing.ts";
import type { NetworkNow, PairNow, PairPast, SupposedNow } from "./wire.ts";
import { Sampler, type SampledNetwork } from "./history-sample.ts";
import type { ChangeRecord, DecisionRecord, HistoryReader } from "./history-types.ts";

const TICK_MS = 50;
const SAMPLE_MS = 1_000;
const APPLIES_MS = 5_000;
/** Of one pair, and of all. */
const TOLD_OF_PAIR = 200;
const TOLD = 20;
const REASONS: readonly Decision["reason"][] = ["gain", "failed", "recovered", "limit", "along"];

export interface RunOptions extends ControllerOptions, SampledNetwork {
  readonly node: string;
  readonly address: string;
  readonly keys: PairKeys;
  /** Where the history is kept, and the program that writes it when it is run as a thread. */
  readonly history: { readonly path: string; readonly program: string };
  readonly log: (line: string) => void;
  /** In the order of links. */
  readonly topology: Pick<Topology, "tunnels">;
  /** An order for the agent in this process. */
  readonly ordered: (message: ToAgent) => void;
}

export class RunningController {
  readonly #options: RunOptions;
  readonly #core: Controller;
  readonly #end: ControllerEnd;
  readonly #sampler: Sampler;
  readonly #history: HistoryKeeper;
  readonly #picture: Picture;
  readonly #linkChanges: LinkChanges;
  readonly #timers: readonly NodeJS.Timeout[];
  #appliedMs = -Infinity;
  #failovers = 0;
  readonly #reasons = new Map<string, number>(REASONS.map((reason) => [reason, 0]));

  constructor(options: RunOptions) {
    this.#options = options;
    this.#core = new Controller(options, performance.now());
    this.#sampler = new Sampler(options);
    this.#picture = new Picture(options.topology.tunnels, options.links, options.network);
    this.#linkChanges = new LinkChanges(options.links, options.tunnels);
    this.#history = new HistoryKeeper({
      ...options.history,
      sampled: this.#sampler.sampled,
      log: options.log,
    });
    this.#changed("start", `the controller began on ${options.node}`);
    this.#end = listenForAgents(options, {
      heard: (node, message) => this.#heard(node, message),
      left: (node) => {
        if (this.#core.members.has(node)) this.#changed("left", `the agent of ${node} is away`, node);
        this.#carryOut(this.#core.left(node));
      },
    });
    this.#timers = [
      setInterval(() => {
        this.#carryOut(this.#core.tick(performance.now()));
        this.#lookForDead();
      }, TICK_MS),
      setInterval(
        () => this.#history.write(this.#sampler.sample(this.#core, performance.now(), Date.now())),
        SAMPLE_MS,
      ),
      setInterval(() => void this.#lookForApplies(), APPLIES_MS),
    ];
  }

  get history(): HistoryReader {
    return this.#history;
  }

  metrics(): Metric[] {
    const { links } = this.#options;
    return controllerMetrics({
      layout: layoutOf(this.#sampler.sampled),
      figures: this.#history.figures,
      hops: this.#sampler.hops,
      receivers: Array.from(links.receivers, (node) => links.names[node]!),
      agents: links.names.map((node) => ({ node, isThere: this.#core.members.has(node) })),
      decisions: this.#reasons,
      failovers: this.#failovers,
      closed: this.#closed(),
      isOnDisk: this.#history.status().kept === "disk",
    });
  }

  /** For a dashboard. */
  picture(): NetworkNow {
    return this.#picture.network(this.#core, performance.now(), Date.now(), false);
  }

  /** Throws when there is no such pair. */
  pair(from: string, to: string): PairNow {
    const found = this.#picture.pair(this.#core, from, to, performance.now());
    if (found === undefined) throw new Error(`there is no pair ${from}, ${to}`);
    return found;
  }

  /** Throws when `text` supposes nothing that can be. */
  suppose(text: string): SupposedNow {
    return supposing({ ...this.#options, seat: this.#options.node }, this.#core, text, performance.now());
  }

  /** The last `forMs` of a pair, and what was decided about it meanwhile. */
  past(from: string, to: string, forMs: number): PairPast {
    const past = pastOf(this.#history, from, to, forMs, Date.now());
    return withCarried(past, this.#history, this.#options.links, from, to);
  }

  /** What else happened, the latest first. */
  changes(): ChangeRecord[] {
    return changesOf(this.#history);
  }

  /** What the agent in this process says. */
  heard(message: ToController): void {
    this.#heard(this.#options.node, message);
  }

  /** Who is there, and what was chosen last. */
  status(): unknown {
    const { names } = this.#options.links;
    return {
      epoch: this.#core.state.choice.epoch,
      agents: names.map((node) => ({
        node,
        ...this.#core.members.get(node),
        isThere: this.#core.members.has(node),
      })),
      closed: this.#closed(),
      history: this.#history.status(),
      decisions: this.#history.decisions({ count: TOLD }).map(readable),
    };
  }

  /** The best ways of a pair now with their figures, and what was decided about it, up to a moment. */
  why(from: string, to: string, beforeMs?: number): unknown {
    const { names } = this.#options.links;
    const [source, target] = [names.indexOf(from), names.indexOf(to)];
    if (source === -1 || target === -1 || source === target)
      throw new Error(`there is no pair ${from}, ${to}`);
    const { network, links: all } = this.#options;
    const view = this.#core.view(performance.now());
    const pair = source * names.length + target;
    const filter = { from, to, count: TOLD_OF_PAIR, ...(beforeMs !== undefined && { beforeMs }) };
    return {
      from,
      to,
      way: pathOf(all, wayOf(network, this.#core.state, pair)),
      candidates: explain(network, this.#core.state, view, source, target).map(({ links, figures }) => ({
        path: pathOf(all, links),
        ...figures,
      })),
      closed: this.#closed().filter(({ node }) => node !== from && node !== to),
      decisions: this.#history.decisions(filter).map(readable),
    };
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#end.stop();
    await this.#history.stop();
  }

  #heard(node: string, message: ToController): void {
    const wasThere = this.#core.members.has(node);
    this.#carryOut(this.#core.heard(node, message, performance.now()));
    if (!wasThere && this.#core.members.has(node))
      this.#changed("joined", `the agent of ${node} is there`, node);
    if (message.kind === "report" && message.forwarded !== undefined && wasThere)
      this.#history.relayed(carriedRecords(this.#options.links, node, message.forwarded, Date.now()));
  }

  #carryOut(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.kind === "decided") this.#decided(order.decisions);
      else if (order.to === this.#options.node) this.#options.ordered(order.message);
      else this.#end.send(order.to, order.message);
    }
  }

  #closed() {
    const { names } = this.#options.links;
    return this.#core
      .closed(performance.now())
      .map(({ node, why, isNeeded }) => ({ node: names[node]!, why, isNeeded }));
  }

  #decided(decisions: readonly Decision[]): void {
    const atMs = Date.now();
    for (const { reason } of decisions) this.#reasons.set(reason, this.#reasons.get(reason)! + 1);
    this.#picture.decided(decisions, atMs);
    this.#history.decided(recordsOf(this.#options.links, decisions, atMs));
  }

  #lookForDead(): void {
    const { died, back } = this.#linkChanges.look(this.#core.down(), Date.now());
    this.#failovers += died.length;
    for (const each of [...died, ...back]) this.#history.changed(each);
  }

  /** None: there has been no apply since the machine's boot. */
  async #lookForApplies(): Promise<void> {
    const text = await readFile(OUTCOMES, "utf8").catch(() => "");
    for (const each of appliesOf(text)) {
      if (each.atMs <= this.#appliedMs) continue;
      this.#appliedMs = each.atMs;
      this.#history.changed(each);
    }
  }

  #changed(kind: ChangeRecord["kind"], text: string, who?: string): void {
    this.#history.changed({ atMs: Date.now(), kind, text, ...(who !== undefined && { who }) });
  }
}

const readable = ({ atMs, ...rest }: DecisionRecord): unknown => ({
  at: new Date(atMs).toISOString(),
  ...rest,
});
