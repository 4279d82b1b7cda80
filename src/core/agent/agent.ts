// An agent without sockets and clocks: what it hears of its links and of others goes in, what it holds and says comes out.
import type { Choice } from "../choose/choice.ts";
import type { LinkIndex } from "../route.ts";
import { Incoming, type Condition, type IncomingOptions } from "./incoming.ts";
import { begunOf, wholeOf, type Installed } from "./installed.ts";
import { unusable, type Links } from "./links.ts";
import {
  choiceFromText,
  choiceToText,
  type Forwarded,
  type Notice,
  type ToAgent,
  type ToController,
} from "./messages.ts";
import type { Carried } from "./meter.ts";
import { Notices } from "./notices.ts";
import type { HeardPacket } from "./window.ts";

export interface Holding extends Installed {
  /** Whatever would use one of these is moved, where there is an unaffected way. */
  readonly down: ReadonlySet<LinkIndex>;
}

export type Effect =
  | { readonly kind: "hold"; readonly holding: Holding }
  /** By every way there is. */
  | { readonly kind: "tell"; readonly to: string; readonly notices: readonly Notice[] }
  /** On the stream to the controller; lost when there is none. */
  | { readonly kind: "control"; readonly message: ToController };

export interface AgentOptions extends IncomingOptions {
  readonly links: Links;
  readonly node: number;
  /** Tells this network from others. */
  readonly network: string;
  /** STAMP session id of its own test packets. */
  readonly session: number;
  /** Larger with each start, unless the clock was set back; it becomes so when that is noticed. */
  readonly life: number;
  /** As an earlier life left it: also a move that it was in the midst of. */
  readonly installed: Installed;
  /** The same. */
  readonly conditions?: ReadonlyMap<LinkIndex, Condition>;
  /** At which distances the node differs from a choice, ascending. */
  readonly distances: (from: Installed, to: Choice) => readonly number[];
}

/** Beyond all distances: what comes last. */
export const LAST = 1_000_000;
const REPORT_MS = 1_000;
/** A datagram may get lost: each word is said again so long after the first time. */
const REPEAT_MS = [100, 400];
/** An agent that did not run for so long reads what has come meanwhile before it judges. */
const STALL_MS = 40;
/** A machine that stood still for so long may not have been there to receive. Not again and again: a busy one is no excuse. */
const STANDSTILL_MS = 150;
const FORGIVE_MS = 2_000;
/** Without a controller, half-way between two choices. */
const ALONE_MS = 3_000;

export class Agent {
  readonly #options: AgentOptions;
  readonly #incoming: ReadonlyMap<LinkIndex, Incoming>;
  /** The same, for the hundred times a second. */
  readonly #ends: readonly (readonly [LinkIndex, Incoming])[];
  readonly #notices = new Notices();
  #life: number;
  #number = 0;
  /** With what was told, and not begun with. */
  #installed: Installed;
  #down: ReadonlySet<LinkIndex> = new Set();
  #connected = false;
  #aloneMs: number;
  #reportMs = -Infinity;
  #tickMs = NaN;
  #hasWaited = false;
  #forgivenMs = -Infinity;
  #repeats: { readonly atMs: number; readonly notices: readonly Notice[] }[] = [];
  #carried: Carried | undefined;
  readonly #forwarded = new Map<string, Forwarded>();

  constructor(options: AgentOptions, nowMs: number) {
    this.#options = options;
    this.#life = options.life;
    this.#installed = options.installed;
    this.#aloneMs = nowMs;
    const { links, node, conditions } = options;
    this.#incoming = new Map(
      links.incoming[node]!.map((link) => [link, new Incoming(options, nowMs, conditions?.get(link))]),
    );
    this.#ends = [...this.#incoming];
  }

  get holding(): Holding {
    return { ...begunOf(this.#installed), down: this.#down };
  }

  /** What its next life begins with. */
  get installed(): Installed {
    return this.#installed;
  }

  get session(): number {
    return this.#options.session;
  }

  get incoming(): ReadonlyMap<LinkIndex, Incoming> {
    return this.#incoming;
  }

  /** What a start needs to say first: what it holds, and what it inherited. */
  begin(): Effect[] {
    const inherited = [...this.#incoming].flatMap(([link, { condition }]) =>
      condition === "down" ? [this.#notice(link, true)] : [],
    );
    this.#down = this.#unusable();
    return [this.#hold(), ...this.#tellAll(inherited)];
  }

  hear(link: LinkIndex, packet: HeardPacket): void {
    this.#incoming.get(link)?.hear(packet);
  }

  /** What the node forwards for others. */
  carried(carried: Carried): void {
    this.#carried = carried;
  }

  /** What it forwarded between its links, and what came for it, since this was last called. */
  forwarded(all: readonly Forwarded[]): void {
    // What nobody can be told now would be told as of later.
    if (!this.#connected) return;
    for (const [came, went, octets] of all) {
      const key = `${came} ${went}`;
      this.#forwarded.set(key, [came, went, octets + (this.#forwarded.get(key)?.[2] ?? 0)]);
    }
  }

  /** To be called every few ms. */
  tick(nowMs: number): Effect[] {
    if (this.#isBehind(nowMs)) return [];
    const effects: Effect[] = [];
    const changed: Notice[] = [];
    for (const [link, incoming] of this.#ends) {
      const before = incoming.condition;
      const now = incoming.tick(nowMs);
      if (now === "down" || (now === "up" && before === "down"))
        changed.push(this.#notice(link, now === "down"));
    }
    if (changed.length > 0) {
      effects.push(...this.#reconsider(), ...this.#tellAll(changed));
      this.#repeats.push(...REPEAT_MS.map((ms) => ({ atMs: nowMs + ms, notices: changed })));
      this.#reportMs = -Infinity;
    }
    if (this.#repeats.length > 0 && this.#repeats.some(({ atMs }) => atMs <= nowMs)) {
      const due = this.#repeats.filter(({ atMs }) => atMs <= nowMs);
      this.#repeats = this.#repeats.filter(({ atMs }) => atMs > nowMs);
      effects.push(...due.flatMap(({ notices }) => this.#tellAll(notices)));
    }
    effects.push(...this.#giveUp(nowMs));
    if (this.#connected && nowMs - this.#reportMs >= REPORT_MS) {
      this.#reportMs = nowMs;
      effects.push({ kind: "control", message: this.#report(nowMs) });
    }
    return effects;
  }

  /**
   * Nobody will end the move that it is in the midst of, and who else is left behind may be in the midst of another: the last choice that
   * was whole is what they have in common.
   */
  #giveUp(nowMs: number): Effect[] {
    if (this.#connected || begunOf(this.#installed).before === undefined) this.#aloneMs = nowMs;
    if (nowMs - this.#aloneMs < ALONE_MS) return [];
    this.#installed = { choice: wholeOf(this.#installed), distance: LAST };
    return this.#reconsider();
  }

  /** Whether to judge nothing this time; never twice in a row. */
  #isBehind(nowMs: number): boolean {
    const stalledMs = nowMs - this.#tickMs;
    this.#tickMs = nowMs;
    if (stalledMs > STANDSTILL_MS && nowMs - this.#forgivenMs > FORGIVE_MS) {
      this.#forgivenMs = nowMs;
      for (const incoming of this.#incoming.values()) incoming.forgive(stalledMs);
    }
    this.#hasWaited = stalledMs > STALL_MS && !this.#hasWaited;
    return this.#hasWaited;
  }

  /** A word of another agent, of its own incoming links only. */
  told(from: number, notices: readonly Notice[]): Effect[] {
    const { receivers } = this.#options.links;
    const changed = notices.filter(
      (notice) => receivers[notice.link] === from && this.#notices.take(notice, "receiver"),
    );
    return changed.length > 0 ? this.#reconsider() : [];
  }

  connected(): Effect[] {
    this.#connected = true;
    this.#reportMs = -Infinity;
    const { network, session } = this.#options;
    return [{ kind: "control", message: { kind: "join", network, life: session, epoch: this.#epoch } }];
  }

  disconnected(): void {
    this.#connected = false;
    this.#forwarded.clear();
  }

  ordered(message: ToAgent): Effect[] {
    switch (message.kind) {
      case "prepare":
        return this.#prepare(message);
      case "go":
        return this.#go(message);
      case "sync":
        return this.#synchronise(message.notices);
      case "ask":
        return [
          { kind: "control", message: { kind: "choice", choice: choiceToText(wholeOf(this.#installed)) } },
        ];
    }
  }

  #prepare({ choice: text, settle }: Extract<ToAgent, { readonly kind: "prepare" }>): Effect[] {
    const { links, distances } = this.#options;
    const choice = choiceFromText(text, links.names.length, links.senders.length);
    if (choice === undefined) return [];
    if (settle) {
      this.#installed = { choice, distance: LAST };
      return [...this.#reconsider(), done(choice.epoch, LAST)];
    }
    // Also over one that was told and never begun with here: others may have begun with it.
    const { choice: last, before: known, distance } = this.#installed;
    const isAgain = known !== undefined && distance < 0 && last.epoch === choice.epoch;
    const before = isAgain ? known : this.#installed;
    this.#installed = { choice, before, distance: -1 };
    const message: ToController = {
      kind: "ready",
      epoch: choice.epoch,
      distances: [...distances(before, choice)],
    };
    return [this.#hold(), { kind: "control", message }];
  }

  #go({ epoch, distance }: Extract<ToAgent, { readonly kind: "go" }>): Effect[] {
    const { choice, before } = this.#installed;
    if (choice.epoch !== epoch) return [];
    if (before === undefined) return [done(epoch, distance)];
    this.#installed = distance >= LAST ? { choice, distance } : { choice, before, distance };
    return [...this.#reconsider(), done(epoch, distance)];
  }

  #synchronise(notices: readonly Notice[]): Effect[] {
    const { links, node } = this.#options;
    const isOwn = ({ link }: Notice): boolean => links.receivers[link] === node;
    // Of its own links it knows better.
    const news = notices.filter((notice) => !isOwn(notice) && this.#notices.take(notice, "hearsay"));
    const answers = this.#contradict(notices.filter(isOwn));
    return [...(news.length > 0 ? this.#reconsider() : []), ...answers];
  }

  /**
   * Of its own links, what an earlier life said and nobody took back, or one of a clock that was ahead. It is said anew, as of a life
   * that is later than that (as in RFC 2328, 13.4).
   */
  #contradict(notices: readonly Notice[]): Effect[] {
    const wrong = notices.filter(({ link, down, life }) => {
      const { condition = "unheard" } = this.#incoming.get(link) ?? {};
      return life !== this.#life && condition === (down ? "up" : "down");
    });
    if (wrong.length === 0) return [];
    this.#life = Math.max(this.#life, ...wrong.map(({ life }) => life + 1));
    this.#reportMs = -Infinity;
    const said = wrong.map(({ link, down }) => this.#notice(link, !down));
    return [...this.#reconsider(), ...this.#tellAll(said)];
  }

  #reconsider(): Effect[] {
    this.#down = this.#unusable();
    return [this.#hold()];
  }

  #unusable(): ReadonlySet<LinkIndex> {
    return unusable(this.#options.links, this.#notices.down());
  }

  get #epoch(): number {
    return wholeOf(this.#installed).epoch;
  }

  #hold(): Effect {
    return { kind: "hold", holding: this.holding };
  }

  #notice(link: LinkIndex, down: boolean): Notice {
    const notice = { link, down, life: this.#life, number: ++this.#number };
    this.#notices.take(notice, "receiver");
    return notice;
  }

  /** The senders of the links first: they are nearest to what broke. */
  #tellAll(notices: readonly Notice[]): Effect[] {
    if (notices.length === 0) return [];
    const { links, node } = this.#options;
    const first = new Set(notices.map(({ link }) => links.senders[link]!));
    const others = links.names
      .map((_, index) => index)
      .filter((index) => index !== node && !first.has(index));
    return [...first, ...others].map((to) => ({ kind: "tell", to: links.names[to]!, notices }));
  }

  #report(nowMs: number): ToController {
    const reports = [...this.#incoming].flatMap(([link, incoming]) => {
      const figures = incoming.figures(nowMs);
      return figures === undefined ? [] : [{ link, ...figures, losses: [...figures.losses] }];
    });
    const forwarded = [...this.#forwarded.values()];
    this.#forwarded.clear();
    return {
      kind: "report",
      epoch: this.#epoch,
      links: reports,
      notices: this.#notices.all(),
      ...(this.#carried && { carried: this.#carried }),
      ...(forwarded.length > 0 && { forwarded }),
    };
  }
}

const done = (epoch: number, distance: number): Effect => ({
  kind: "control",
  message: { kind: "done", epoch, distance },
});
