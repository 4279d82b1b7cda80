// The controller as a part of the agent on its node: listens for the others, and is one of them for itself.
import { Controller, type ControllerOptions, type Order } from "../core/agent/controller.ts";
import type { ToAgent, ToController } from "../core/agent/messages.ts";
import { explain, wayOf } from "../core/choose/choose.ts";
import { listenForAgents, type ControllerEnd } from "../agent/control.ts";
import type { PairKeys } from "../agent/pair-keys.ts";
import { History } from "./history.ts";

const TICK_MS = 50;

export interface RunOptions extends ControllerOptions {
  readonly node: string;
  readonly address: string;
  readonly keys: PairKeys;
  /** An order for the agent in this process. */
  readonly ordered: (message: ToAgent) => void;
}

export class RunningController {
  readonly #options: RunOptions;
  readonly #core: Controller;
  readonly #end: ControllerEnd;
  readonly #history = new History();
  readonly #timer: NodeJS.Timeout;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#core = new Controller(options, performance.now());
    this.#end = listenForAgents(options, {
      heard: (node, message) => this.#carryOut(this.#core.heard(node, message, performance.now())),
      left: (node) => this.#carryOut(this.#core.left(node)),
    });
    this.#timer = setInterval(() => this.#carryOut(this.#core.tick(performance.now())), TICK_MS);
  }

  /** What the agent in this process says. */
  heard(message: ToController): void {
    this.#carryOut(this.#core.heard(this.#options.node, message, performance.now()));
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
      decisions: this.#history.latest(20).map((each) => this.#readable(each)),
    };
  }

  /** The best ways of a pair now with their figures, and what was decided about it. */
  why(from: string, to: string): unknown {
    const { names } = this.#options.links;
    const [source, target] = [names.indexOf(from), names.indexOf(to)];
    if (source === -1 || target === -1 || source === target)
      throw new Error(`there is no pair ${from}, ${to}`);
    const { network } = this.#options;
    const view = this.#core.view(performance.now());
    const pair = source * names.length + target;
    return {
      from,
      to,
      way: this.#path(wayOf(network, this.#core.state, pair)),
      candidates: explain(network, this.#core.state, view, source, target).map(({ links, figures }) => ({
        path: this.#path(links),
        ...figures,
      })),
      closed: this.#closed().filter(({ node }) => node !== from && node !== to),
      decisions: this.#history.of(source, target).map((each) => this.#readable(each)),
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#end.stop();
  }

  #carryOut(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.kind === "decided") this.#history.add(order.decisions, Date.now());
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

  #path(links: readonly number[]): string[] {
    const { names, senders, receivers } = this.#options.links;
    const [first] = links;
    if (first === undefined) return [];
    return [names[senders[first]!]!, ...links.map((link) => names[receivers[link]!]!)];
  }

  #readable({ at, decision }: ReturnType<History["latest"]>[number]): unknown {
    const { names } = this.#options.links;
    const { from, to, reason, was, is, candidates } = decision;
    const way = ({ links, figures }: typeof was) => ({ path: this.#path(links), ...figures });
    return {
      at: new Date(at).toISOString(),
      from: names[from],
      to: names[to],
      reason,
      was: way(was),
      is: way(is),
      candidates: candidates.map(way),
    };
  }
}
