// What was true of a lab at each moment of its chaos: which links and agents were gone, and so between whom packets could have come through.
import type { LinkIndex } from "../../src/core/route.ts";
import type { Links } from "../../src/core/agent/links.ts";
import type { Gap } from "./one-way.ts";

interface Span {
  readonly fromMs: number;
  untilMs: number;
}

/** Until an agent that can speak with the controller again has done so, and all is chosen with it; ms. */
const RETURN_MS = 3_000;
/** Until all have noticed that a hold is over. */
const NOTICE_MS = 500;
/** As `Incoming` has it: so many holds without a relapse, and the hold is as long as at first. */
const FORGIVEN = 10;

export class Truth {
  readonly #links: Links;
  readonly #controller: number;
  readonly #holdMs: number;
  /** By link, by node. */
  readonly #dead: readonly Span[][];
  readonly #absent: readonly Span[][];

  constructor(links: Links, controller: number, holdMs: number) {
    this.#links = links;
    this.#controller = controller;
    this.#holdMs = holdMs;
    this.#dead = Array.from(links.senders, () => []);
    this.#absent = links.names.map(() => []);
  }

  /** Nothing comes over the link from now on; what is returned says when it does again. */
  dies(link: LinkIndex, atMs: number): (atMs: number) => void {
    return begin(this.#dead[link]!, atMs);
  }

  /** A node has no agent from now on; what is returned says when there is one. */
  leaves(node: number, atMs: number): (atMs: number) => void {
    return begin(this.#absent[node]!, atMs);
  }

  /** How long a pair was cut off at a stretch although something could have led it on all the time, ms. */
  needlessMs({ from, to, fromMs, untilMs }: Gap): number {
    const [source, target] = [this.#links.names.indexOf(from), this.#links.names.indexOf(to)];
    const spans = Array.from(this.#links.senders, (_, link) => this.#unwell(link));
    const away = this.#absent.map((own, node) => own.map((span) => this.#unaware(node, span)));
    const ends = [...spans, ...away].flatMap((own) => own.flatMap((each) => [each.fromMs, each.untilMs]));
    const inside = ends.filter((atMs) => atMs > fromMs && atMs < untilMs).sort((x, y) => x - y);
    const moments = [fromMs, ...inside, untilMs];
    let [longest, sinceMs] = [0, fromMs];
    for (let index = 1; index < moments.length; index++) {
      const [startMs, endMs] = [moments[index - 1]!, moments[index]!];
      if (!this.#isPossible(source, target, (startMs + endMs) / 2, spans, away)) sinceMs = endMs;
      longest = Math.max(longest, endMs - sinceMs);
    }
    return longest;
  }

  /**
   * By links that nobody mistrusts, over nodes that can move. Without the controller there is one way that a node always finds by itself:
   * its own link to where the packets go. Others depend on how its neighbours send them on.
   */
  #isPossible(
    source: number,
    target: number,
    atMs: number,
    spans: readonly (readonly Span[])[],
    away: readonly (readonly Span[])[],
  ): boolean {
    const isAbsent = (node: number): boolean => isWithin(away[node]!, atMs);
    // Of such a node everything stays as it is: that is well as long as nothing else happens.
    if (isAbsent(source) || isAbsent(target)) return this.#isElseWell([source, target], atMs, away);
    const most = isAbsent(this.#controller) ? 1 : Infinity;
    const { outgoing, receivers } = this.#links;
    const hops = new Map([[source, 0]]);
    for (const [node, hop] of hops) {
      if (node === target) return true;
      if (hop === most || isAbsent(node)) continue;
      for (const link of outgoing[node]!)
        if (!isWithin(spans[link]!, atMs) && !hops.has(receivers[link]!)) hops.set(receivers[link]!, hop + 1);
    }
    return false;
  }

  /** Whether nothing happens, or has of late, but that these nodes have no agents. */
  #isElseWell(but: readonly number[], atMs: number, away: readonly (readonly Span[])[]): boolean {
    const sinceMs = Math.min(
      ...but.flatMap((node) =>
        away[node]!.flatMap((each) => (each.fromMs <= atMs && atMs < each.untilMs ? [each.fromMs] : [])),
      ),
    );
    const isCalm = (spans: readonly Span[]): boolean =>
      spans.every(({ fromMs, untilMs }) => fromMs > atMs || untilMs + RETURN_MS < sinceMs);
    return (
      this.#dead.every((spans) => isCalm(spans)) &&
      this.#absent.every((spans, node) => but.includes(node) || isCalm(spans))
    );
  }

  /**
   * Until an agent that has begun anew knows of more than its own links: what others said before, nobody but the controller says again, and
   * as long as it is cut off from that it may lead packets where nothing comes through.
   */
  #unaware(node: number, { fromMs, untilMs }: Span): Span {
    const moments = [...this.#dead.flat(), ...this.#absent[this.#controller]!]
      .map((each) => each.untilMs)
      .filter((atMs) => atMs > untilMs)
      .sort((x, y) => x - y);
    const speaks = (atMs: number): boolean =>
      !isWithin(this.#absent[this.#controller]!, atMs) &&
      this.#reaches(node, this.#controller, atMs) &&
      this.#reaches(this.#controller, node, atMs);
    return { fromMs, untilMs: ([untilMs, ...moments].find(speaks) ?? Infinity) + RETURN_MS };
  }

  #reaches(from: number, to: number, atMs: number): boolean {
    const { outgoing, receivers } = this.#links;
    const seen = new Set([from]);
    for (const node of seen)
      for (const link of outgoing[node]!) if (!isWithin(this.#dead[link]!, atMs)) seen.add(receivers[link]!);
    return seen.has(to);
  }

  /** When a link cannot be used, or is not trusted yet: its receiver does not know a dead agent from a dead link. */
  #unwell(link: LinkIndex): Span[] {
    const spans = [...this.#dead[link]!, ...this.#absent[this.#links.senders[link]!]!];
    let [holdMs, upMs] = [this.#holdMs, -Infinity];
    return spans
      .toSorted((x, y) => x.fromMs - y.fromMs)
      .map(({ fromMs, untilMs }) => {
        if (fromMs - upMs > FORGIVEN * holdMs) holdMs = this.#holdMs;
        upMs = untilMs + holdMs;
        holdMs *= 2;
        return { fromMs, untilMs: upMs + NOTICE_MS };
      });
  }
}

function begin(spans: Span[], fromMs: number): (atMs: number) => void {
  const span = { fromMs, untilMs: Infinity };
  spans.push(span);
  return (atMs) => (span.untilMs = atMs);
}

const isWithin = (spans: readonly Span[], atMs: number): boolean =>
  spans.some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
