// What the dashboard shows of a controller: the network now, and both directions of a pair. Never a raw delay.
import type { Controller } from "../core/agent/controller.ts";
import type { Links } from "../core/agent/links.ts";
import { explain, wayOf } from "../core/choose/choose.ts";
import type { Candidate, Decision } from "../core/choose/decision.ts";
import type { Network } from "../core/choose/network.ts";
import { oneWayDelays } from "../core/measure/one-way.ts";
import type { Tunnel } from "../core/topology.ts";
import { pathOf } from "./history-figures.ts";
import type { CandidateNow, DecisionNow, Interval, LinkNow, NetworkNow, PairNow, WayNow } from "./wire.ts";

/** Decisions that a picture has. */
const DECISIONS = 50;

export class Picture {
  readonly #tunnels: readonly Pick<Tunnel, "id" | "forwarder" | "uplink">[];
  readonly #links: Links;
  readonly #network: Network;
  #decisions: readonly DecisionNow[] = [];

  constructor(
    tunnels: readonly Pick<Tunnel, "id" | "forwarder" | "uplink">[],
    links: Links,
    network: Network,
  ) {
    this.#tunnels = tunnels;
    this.#links = links;
    this.#network = network;
  }

  decided(decisions: readonly Decision[], atMs: number): void {
    const readable = decisions.map(({ from, to, reason, was, is }) => ({
      atMs,
      from: this.#links.names[from]!,
      to: this.#links.names[to]!,
      reason,
      was: this.#path(was.links),
      is: this.#path(is.links),
      ...(was.figures && { gainMs: was.figures.moreCostMs }),
    }));
    this.#decisions = [...readable.toReversed(), ...this.#decisions].slice(0, DECISIONS);
  }

  /** `nowMs` is the controller's time, `atMs` the one that is shown. */
  network(core: Controller, nowMs: number, atMs: number, isSimulated: boolean): NetworkNow {
    const { names } = this.#links;
    return {
      atMs,
      isSimulated,
      nodes: names.map((name) => ({ name, isThere: core.members.has(name) })),
      links: this.#linksNow(core, nowMs),
      decisions: this.#decisions,
    };
  }

  /** Undefined: there is no such pair. */
  pair(core: Controller, from: string, to: string, nowMs: number): PairNow | undefined {
    const { names } = this.#links;
    const [source, target] = [names.indexOf(from), names.indexOf(to)];
    if (source === -1 || target === -1 || source === target) return undefined;
    const delays = this.#delays(core, nowMs);
    return {
      there: this.#way(core, source, target, delays, nowMs),
      back: this.#way(core, target, source, delays, nowMs),
    };
  }

  #way(core: Controller, from: number, to: number, delays: Delays, nowMs: number): WayNow {
    const view = core.view(nowMs);
    const links = wayOf(this.#network, core.state, from * this.#links.names.length + to);
    const losses = links.map((link) => view.quality(link)?.loss);
    const delay = delays(links);
    const isKnown = losses.length > 0 && !losses.includes(undefined);
    return {
      path: this.#path(links),
      links: [...links],
      ...(delay && { delay }),
      ...(isKnown && { loss: 1 - losses.reduce<number>((rest, loss) => rest * (1 - (loss ?? 0)), 1) }),
      candidates: explain(this.#network, core.state, view, from, to).map((each) => this.#candidate(each)),
    };
  }

  #linksNow(core: Controller, nowMs: number): LinkNow[] {
    const { names, senders, receivers } = this.#links;
    const delays = this.#delays(core, nowMs);
    const [down, view] = [core.down(), core.view(nowMs)];
    return Array.from(senders, (sender, link) => {
      const { id, forwarder, uplink } = this.#tunnels[link >> 1]!;
      const quality = view.quality(link);
      const delay = delays([link]);
      return {
        tunnel: id,
        from: names[sender]!,
        to: names[receivers[link]!]!,
        ...(forwarder !== undefined && { forwarder }),
        ...(uplink !== undefined && { uplink }),
        isDown: down.has(link),
        ...(delay && { delay }),
        ...(quality && { jitterMs: quality.jitterMs, loss: quality.loss }),
      };
    });
  }

  #delays(core: Controller, nowMs: number): Delays {
    const { names, senders, receivers } = this.#links;
    const reports = Array.from(senders, (from, link) => {
      const report = core.report(link, nowMs);
      return report && { from, to: receivers[link]!, rawMs: report.rawMs, boundMs: report.boundMs };
    });
    const intervalOf = oneWayDelays(names.length, reports);
    return (links) => {
      const found = intervalOf(links);
      return found && { lowMs: found.lowestMs, typicalMs: found.guessMs, highMs: found.highestMs };
    };
  }

  #candidate({ links, figures }: Candidate): CandidateNow {
    return { path: this.#path(links), ...figures };
  }

  #path(links: readonly number[]): string[] {
    return pathOf(this.#links, links);
  }
}

type Delays = (links: readonly number[]) => Interval | undefined;
