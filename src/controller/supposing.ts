// "What if" for people: suppositions by name, and what would be otherwise than now for each pair that a line names.
import { z } from "zod";
import type { Controller } from "../core/agent/controller.ts";
import type { Links } from "../core/agent/links.ts";
import { wayOf, type View } from "../core/choose/choose.ts";
import { candidate } from "../core/choose/decision.ts";
import type { Network } from "../core/choose/network.ts";
import type { SupposedLink } from "../core/choose/suppose.ts";
import type { LinkIndex } from "../core/route.ts";
import { pathOf } from "./history-figures.ts";
import type { SupposedNow, SupposedPair, Supposition } from "./wire.ts";

const MOST = 100;
const PAIRS = 200;
const LONGEST_MS = 60_000;

const supposition = z.strictObject({
  links: z
    .array(
      z.strictObject({
        tunnel: z.string(),
        from: z.string(),
        moreMs: z.number().min(-LONGEST_MS).max(LONGEST_MS).exactOptional(),
        loss: z.number().min(0).max(1).exactOptional(),
        isDown: z.boolean().exactOptional(),
      }),
    )
    .max(MOST),
  nodes: z.array(z.string()).max(MOST),
});

/** Throws when the text is no `Supposition` as JSON. */
export const readSupposition = (text: string): Supposition => supposition.parse(JSON.parse(text));

export interface SupposingNetwork {
  readonly links: Links;
  readonly network: Network;
  /** Ids, by index. */
  readonly tunnels: readonly string[];
  /** The node that the controller runs on. */
  readonly seat: string;
}

/** `text` is a `Supposition` as JSON. Throws when it is none, or names what is not there. */
export function supposing(all: SupposingNetwork, core: Controller, text: string, nowMs: number): SupposedNow {
  const { network, links } = all;
  const { supposed, dead } = read(all, text);
  const { view, ifSo, settled, anyway } = core.suppose(supposed, nowMs);
  // Agents go around what is dead by themselves then, and nobody chooses.
  if (isCutOff(all, ifSo)) return { pairs: [], untold: 0, isSettled: true, isUnled: true };
  const size = network.graph.nodes;
  const found: SupposedPair[] = [];
  for (let pair = 0; pair < size * size; pair++) {
    const [from, to] = [Math.floor(pair / size), pair % size];
    if (!network.isFree(pair) && !network.rules.has(pair)) continue;
    // Who is dead misses nothing.
    if (dead.has(from) || dead.has(to)) continue;
    const was = wayOf(network, core.state, pair);
    const is = wayOf(network, settled.state, pair);
    const isMoved = was.join() !== is.join();
    if (!isMoved && !was.some((link) => supposed.has(link))) continue;
    const decision = isMoved ? settled.decisions.get(pair) : undefined;
    found.push({
      from: links.names[from]!,
      to: links.names[to]!,
      was: pathOf(links, was),
      is: pathOf(links, is),
      ...(decision && { reason: decision.reason, afterMs: decision.atMs - nowMs }),
      ...(isMoved && wayOf(network, anyway.state, pair).join() === is.join() && { isAnyway: true }),
      ...figures(view, ifSo, was, is),
    });
  }
  found.sort((x, y) => rank(x) - rank(y));
  return {
    pairs: found.slice(0, PAIRS),
    untold: Math.max(0, found.length - PAIRS),
    isSettled: settled.isSettled,
  };
}

function isCutOff({ links, seat }: SupposingNetwork, { costs }: View): boolean {
  const node = links.names.indexOf(seat);
  return [links.outgoing[node], links.incoming[node]].some((own) =>
    own?.every((link) => costs[link] === Infinity),
  );
}

function read({ links, tunnels }: SupposingNetwork, text: string) {
  const given = readSupposition(text);
  const supposed = new Map<LinkIndex, SupposedLink>();
  for (const { tunnel, from, ...change } of given.links) {
    const first = 2 * tunnels.indexOf(tunnel);
    const link = [first, first + 1].find((each) => links.names[links.senders[each] ?? -1] === from);
    if (link === undefined) throw new Error(`${from} sends nothing by a tunnel ${tunnel}`);
    supposed.set(link, change);
  }
  const dead = new Set<number>();
  for (const name of given.nodes) {
    const node = links.names.indexOf(name);
    if (node === -1) throw new Error(`there is no node ${name}`);
    dead.add(node);
    for (const link of [...links.outgoing[node]!, ...links.incoming[node]!])
      supposed.set(link, { isDown: true });
  }
  return { supposed, dead };
}

/** Differences between ways with the same two ends: exact, whatever the clocks. */
function figures(now: View, ifSo: View, was: readonly LinkIndex[], is: readonly LinkIndex[]) {
  const [before, after] = [sum(now, was), sum(ifSo, is)];
  const stay = candidate(ifSo, was, is).figures;
  return {
    ...(before && { wasLoss: before.loss }),
    ...(after && { loss: after.loss }),
    ...(before && after && { moreDelayMs: after.delayMs - before.delayMs }),
    ...(stay && was.join() !== is.join() && { stayMoreCostMs: stay.moreCostMs }),
  };
}

function sum({ costs, quality }: View, way: readonly LinkIndex[]) {
  let [delayMs, arriving] = [0, 1];
  for (const link of way) {
    const known = quality(link);
    if (known === undefined || !Number.isFinite(costs[link]!)) return undefined;
    delayMs += known.delayMs;
    arriving *= 1 - known.loss;
  }
  return way.length === 0 ? undefined : { delayMs, loss: 1 - arriving };
}

/** Those without a way first, then those that move. */
const rank = ({ was, is }: SupposedPair): number => (is.length === 0 ? 0 : was.join() === is.join() ? 2 : 1);
