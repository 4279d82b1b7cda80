// A controller without sockets and clocks: reports of agents go in, choices and the order of their installing come out.
//
//   steady --a new choice--> preparing --all ready--> moving, one distance after the other --> steady
import { begin, choose, type State, type View } from "../choose/choose.ts";
import type { Decision } from "../choose/decision.ts";
import type { Patience } from "../choose/defaults.ts";
import type { Network } from "../choose/network.ts";
import { foresee, supposedView, type Supposed } from "../choose/suppose.ts";
import type { LinkIndex } from "../route.ts";
import { LAST } from "./agent.ts";
import { unusable, type Links } from "./links.ts";
import { LinkTable } from "./link-table.ts";
import {
  choiceFromText,
  choiceToText,
  type LinkReport,
  type Notice,
  type ToAgent,
  type ToController,
} from "./messages.ts";
import { Notices } from "./notices.ts";
import { Quota, type Closed } from "./quota.ts";
import type { NodeSpec } from "../spec.ts";

export interface ControllerOptions {
  readonly links: Links;
  readonly network: Network;
  /** In the order of `links`. */
  readonly nodes: readonly Pick<NodeSpec, "carries">[];
  /** Tells this network from others: agents of another one are not spoken to. */
  readonly print: string;
  readonly patience: Patience;
  readonly lossWeightMs: number;
}

export type Order =
  | { readonly kind: "send"; readonly to: string; readonly message: ToAgent }
  /** Of the network as a whole, for the history. */
  | { readonly kind: "decided"; readonly decisions: readonly Decision[] };

interface Member {
  epoch: number;
  /** Did not answer in time: it gets no part in what is chosen until it answers again. */
  isMute: boolean;
  heardMs: number;
}

type Phase =
  /** Who is there, and what do they hold? */
  | { readonly kind: "gathering"; readonly untilMs: number; readonly asked?: string }
  | { readonly kind: "steady" }
  | Move;

interface Move {
  readonly kind: "preparing" | "moving";
  readonly waiting: Set<string>;
  readonly untilMs: number;
  /** By node, ascending. */
  readonly distances: Map<string, readonly number[]>;
  readonly now: number;
}

const GATHER_MS = 5_000;
const ANSWER_MS = 1_500;
const CHOOSE_MS = 250;
const SYNC_MS = 1_000;
/** Between two looks for those that are behind. */
const LAG_MS = 1_000;
/** An agent reports every second. */
const HEARD_MS = 4_000;

export class Controller {
  readonly #options: ControllerOptions;
  readonly #table: LinkTable;
  readonly #notices = new Notices();
  readonly #members = new Map<string, Member>();
  readonly #quota: Quota;
  /** Nodes that have been here: what they hold is of this controller, or older than what it began with. */
  readonly #met = new Set<string>();
  #begunEpoch = 0;
  #state: State;
  #phase: Phase;
  #chooseMs = -Infinity;
  #syncMs = -Infinity;
  #lagMs = -Infinity;

  constructor(options: ControllerOptions, nowMs: number) {
    this.#options = options;
    this.#table = new LinkTable(options.links, options.lossWeightMs);
    this.#quota = new Quota(options.links, options.nodes);
    this.#state = begin(options.network);
    this.#phase = { kind: "gathering", untilMs: nowMs + GATHER_MS };
  }

  get state(): State {
    return this.#state;
  }

  get members(): ReadonlyMap<string, Readonly<Member>> {
    return this.#members;
  }

  /** Relays that have carried what the file lets them. */
  closed(nowMs: number): readonly Closed[] {
    return this.#quota.closed(this.#costs(nowMs), nowMs);
  }

  /** Links that their receivers call down. */
  down(): ReadonlySet<LinkIndex> {
    return this.#notices.down();
  }

  /** What a link's receiver said last; undefined: nothing of late that can be compared with the rest. */
  report(link: LinkIndex, nowMs: number): LinkReport | undefined {
    return this.#table.latest(link, nowMs);
  }

  view(nowMs: number): View {
    const { patience } = this.#options;
    const costs = this.#costs(nowMs);
    const quality: View["quality"] = (link) => this.#table.quality(link, nowMs);
    return { costs, quality, closed: this.#shut(costs, nowMs), patience };
  }

  /** What is known now and then, what would come of it, and what will come without it. Nothing of it happens. */
  suppose(supposed: Supposed, nowMs: number) {
    const { network, lossWeightMs } = this.#options;
    const view = this.view(nowMs);
    const ifSo = supposedView(view, supposed, lossWeightMs, (costs) => this.#shut(costs, nowMs));
    return {
      view,
      ifSo,
      settled: foresee(network, this.#state, ifSo, nowMs),
      anyway: foresee(network, this.#state, view, nowMs),
    };
  }

  #shut(costs: Float64Array, nowMs: number): ReadonlySet<number> {
    const closed = this.#quota.closed(costs, nowMs);
    return new Set(closed.flatMap(({ node, isNeeded }) => (isNeeded ? [] : [node])));
  }

  #costs(nowMs: number): Float64Array {
    const { links } = this.#options;
    const down = unusable(links, this.#notices.down());
    const costs = this.#table.costs(down, nowMs);
    // Who does not listen cannot be told, and may forward by any choice there ever was: what is chosen now must not need it.
    links.names.forEach((name, node) => {
      if (this.#members.get(name)?.isMute === false) return;
      for (const link of links.outgoing[node]!) costs[link] = Infinity;
    });
    return costs;
  }

  /** What is being installed may lead over it: it ends where it is, and what is chosen next does without. */
  left(node: string): Order[] {
    this.#members.delete(node);
    if (this.#phase.kind === "preparing" || this.#phase.kind === "moving") {
      this.#phase = { kind: "steady" };
      this.#chooseMs = -Infinity;
    }
    return [];
  }

  heard(node: string, message: ToController, nowMs: number): Order[] {
    if (message.kind === "join") return this.#joined(node, message, nowMs);
    const member = this.#members.get(node);
    if (member === undefined) return [];
    switch (message.kind) {
      case "report": {
        const index = this.#options.links.names.indexOf(node);
        const { receivers } = this.#options.links;
        this.#table.report(index, message.links, nowMs);
        if (message.carried !== undefined) this.#quota.report(index, message.carried, nowMs);
        [member.epoch, member.heardMs] = [message.epoch, nowMs];
        // A receiver that is cut off from here may still have told others.
        const news = message.notices.filter((each) =>
          this.#notices.take(each, receivers[each.link] === index ? "receiver" : "hearsay"),
        );
        if (news.length === 0) return [];
        // A link that died is no matter of patience.
        this.#chooseMs = -Infinity;
        // The rest they know, or are told once a second.
        return [...this.#passOn(news), ...this.tick(nowMs)];
      }
      case "ready":
        if (this.#phase.kind !== "preparing" || message.epoch !== this.#state.choice.epoch) return [];
        this.#phase.distances.set(node, message.distances);
        return this.#answered(node, nowMs);
      case "done":
        if (message.distance >= LAST) member.epoch = message.epoch;
        member.isMute = false;
        if (this.#phase.kind !== "moving" || message.epoch !== this.#state.choice.epoch) return [];
        return message.distance === this.#phase.now ? this.#answered(node, nowMs) : [];
      case "choice":
        return this.#adopt(node, message.choice, nowMs);
    }
  }

  /** To be called every 100 ms or so. */
  tick(nowMs: number): Order[] {
    const orders: Order[] = [];
    if (nowMs - this.#syncMs >= SYNC_MS) orders.push(...this.#sync(nowMs));
    const phase = this.#phase;
    if (phase.kind === "gathering") {
      const isWhole = phase.asked === undefined && this.#members.size === this.#options.links.names.length;
      if (nowMs >= phase.untilMs || isWhole) orders.push(...this.#gathered(nowMs));
    } else if (phase.kind === "steady") {
      if (nowMs - this.#chooseMs >= CHOOSE_MS) orders.push(...this.#choose(nowMs));
      if (this.#phase.kind === "steady" && nowMs - this.#lagMs >= LAG_MS)
        orders.push(...this.#catchUp(nowMs));
    } else if (nowMs >= phase.untilMs) {
      // The others have what they have; the next choice does without these.
      for (const name of phase.waiting) {
        const member = this.#members.get(name);
        if (member !== undefined) member.isMute = true;
      }
      this.#phase = { kind: "steady" };
      this.#chooseMs = -Infinity;
    }
    return orders;
  }

  #joined(
    node: string,
    { network, life, epoch }: Extract<ToController, { kind: "join" }>,
    nowMs: number,
  ): Order[] {
    const index = this.#options.links.names.indexOf(node);
    if (index === -1 || network !== this.#options.print) return [];
    this.#table.joined(index, life);
    this.#members.set(node, { epoch, isMute: false, heardMs: nowMs });
    if (this.#phase.kind !== "gathering") this.#meet(node, epoch);
    const sync: ToAgent = { kind: "sync", notices: this.#notices.all() };
    // What it is behind by it gets as soon as nobody else is moving, but nothing that was chosen as if it did not listen.
    this.#lagMs = -Infinity;
    this.#chooseMs = -Infinity;
    return [{ kind: "send", to: node, message: sync }, ...this.tick(nowMs)];
  }

  /** Whoever holds the latest choice tells it; with nobody's, it begins anew. */
  #gathered(nowMs: number): Order[] {
    const phase = this.#phase;
    if (phase.kind !== "gathering" || this.#members.size === 0) return [];
    const [latest] = [...this.#members].sort(([, x], [, y]) => y.epoch - x.epoch);
    if (latest === undefined || latest[1].epoch === 0 || phase.asked !== undefined) {
      this.#start();
      return [];
    }
    this.#phase = { kind: "gathering", untilMs: nowMs + ANSWER_MS, asked: latest[0] };
    return [{ kind: "send", to: latest[0], message: { kind: "ask" } }];
  }

  #adopt(node: string, text: Parameters<typeof choiceFromText>[0], nowMs: number): Order[] {
    if (this.#phase.kind !== "gathering" || this.#phase.asked !== node) return [];
    const { links, network } = this.#options;
    const choice = choiceFromText(text, links.names.length, links.senders.length);
    if (choice !== undefined) {
      this.#state = begin(network, choice);
      this.#begunEpoch = choice.epoch;
    }
    this.#start();
    return this.tick(nowMs);
  }

  #start(): void {
    this.#phase = { kind: "steady" };
    for (const [name, { epoch }] of this.#members) this.#meet(name, epoch);
  }

  /**
   * A node may come late and hold a choice of a controller before this one, later than the one that was taken over. Ours are numbered
   * beyond it, so that no two have the same number and it is told.
   */
  #meet(node: string, epoch: number): void {
    const isUnknown = !this.#met.has(node) && epoch > this.#begunEpoch;
    this.#met.add(node);
    const { choice } = this.#state;
    if (!isUnknown || epoch < choice.epoch) return;
    this.#state = { ...this.#state, choice: { ...choice, epoch: epoch + 1 } };
    this.#phase = { kind: "steady" };
  }

  #choose(nowMs: number): Order[] {
    this.#chooseMs = nowMs;
    const before = this.#state.choice;
    const { state, decisions } = choose(this.#options.network, this.#state, this.view(nowMs), nowMs);
    this.#state = state;
    const told: Order[] = decisions.length === 0 ? [] : [{ kind: "decided", decisions }];
    if (state.choice === before) return told;
    const names = [...this.#members].flatMap(([name, { isMute }]) => (isMute ? [] : [name]));
    return [...told, ...this.#begin(names, nowMs)];
  }

  /** Those that a move left behind. */
  #catchUp(nowMs: number): Order[] {
    this.#lagMs = nowMs;
    const { epoch } = this.#state.choice;
    const heard = [...this.#members].filter(([, { heardMs }]) => nowMs - heardMs < HEARD_MS);
    const behind = heard.flatMap(([name, each]) => (!each.isMute && each.epoch !== epoch ? [name] : []));
    if (behind.length > 0) return this.#begin(behind, nowMs);
    // Nobody sends anything over one that is mute: it may have all at once, when those it sends over have it, too.
    const mute = heard.flatMap(([name, { isMute }]) => (isMute ? [name] : []));
    const settle = this.#prepare(true);
    return mute.map((to): Order => ({ kind: "send", to, message: settle }));
  }

  /** The present choice, to these. */
  #begin(names: readonly string[], nowMs: number): Order[] {
    this.#phase = {
      kind: "preparing",
      waiting: new Set(names),
      untilMs: nowMs + ANSWER_MS,
      distances: new Map(),
      now: -1,
    };
    const message = this.#prepare(false);
    return names.map((to): Order => ({ kind: "send", to, message }));
  }

  #prepare(settle: boolean): ToAgent {
    return { kind: "prepare", choice: choiceToText(this.#state.choice), settle };
  }

  /** One of those that are waited for has answered. */
  #answered(node: string, nowMs: number): Order[] {
    const phase = this.#phase;
    if (phase.kind !== "preparing" && phase.kind !== "moving") return [];
    phase.waiting.delete(node);
    if (phase.waiting.size > 0) return [];
    return this.#next(phase, nowMs);
  }

  /** The next distance at which somebody has something to change; at the last, everybody. */
  #next({ distances, now }: Move, nowMs: number): Order[] {
    if (now >= LAST) {
      this.#phase = { kind: "steady" };
      return [];
    }
    const ahead = [...distances.values()].flat().filter((each) => each > now);
    const distance = ahead.reduce((least, each) => Math.min(least, each), LAST);
    const waiting = new Set(
      [...distances].flatMap(([name, own]) => (distance >= LAST || own.includes(distance) ? [name] : [])),
    );
    this.#phase = { kind: "moving", waiting, untilMs: nowMs + ANSWER_MS, distances, now: distance };
    if (waiting.size === 0) return this.#next(this.#phase, nowMs);
    const { epoch } = this.#state.choice;
    return Array.from(waiting, (to): Order => ({
      kind: "send",
      to,
      message: { kind: "go", epoch, distance },
    }));
  }

  #sync(nowMs: number): Order[] {
    this.#syncMs = nowMs;
    return this.#passOn(this.#notices.all());
  }

  #passOn(notices: readonly Notice[]): Order[] {
    const message: ToAgent = { kind: "sync", notices: [...notices] };
    return Array.from(this.#members.keys(), (to) => ({ kind: "send", to, message }));
  }
}
