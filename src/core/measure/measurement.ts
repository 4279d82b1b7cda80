// Samples to figures: every link's, and those of any path over them.
import type { LinkIndex } from "../route.ts";
import type { Tunnel } from "../topology.ts";
import { linkCostMs } from "./cost.ts";
import { flightsOf, MOST_DRIFT, splitAtClockSteps } from "./flights.ts";
import { rawLinks, type RawLink } from "./links.ts";
import { boundOffsets, type Offsets } from "./offsets.ts";
import type { SessionSamples } from "./samples.ts";
import { addTallies, NOTHING, ratioOf, tally, type Tally } from "./tally.ts";

/** A one-way delay that clocks apart cannot falsify. */
export interface DelayInterval {
  /** The typical delay lies between these, whatever the clocks say. */
  readonly lowestMs: number;
  readonly highestMs: number;
  /** The likeliest value in between: as if near nodes were equally far both ways. */
  readonly guessMs: number;
}

export interface LinkFigures {
  readonly tunnel: string;
  readonly from: string;
  readonly to: string;
  readonly packets: Tally;
  /** Probes of the whole tunnel that were lost nobody knows which way. */
  readonly undecided: number;
  /** Absent: nothing came back. */
  readonly timing?: LinkTiming;
}

interface LinkTiming {
  readonly delay: DelayInterval;
  /** Typical round trip over the tunnel: exact. */
  readonly roundTripMs: number;
  /** Delay beyond the smallest. */
  readonly jitterMs: { readonly p50: number; readonly p95: number };
}

export interface PathFigures {
  readonly delay: DelayInterval;
  /** The typical delay on the guessed clocks: sums and differences between the same two ends are exact. */
  readonly comparableMs: number;
  /** p95 - p50, added up. */
  readonly jitterMs: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss: number;
  /** Of use for comparing paths between the same two ends only. */
  readonly costMs: number;
}

export interface Measurement {
  /** By link index: `2 * tunnel + end`, the end that sends. */
  readonly links: readonly LinkFigures[];
  /** Undefined when a link of the path gave nothing. */
  readonly path: (links: readonly LinkIndex[]) => PathFigures | undefined;
  /** Above 0: some clock did not run evenly, and the intervals allow for that many ms. */
  readonly loosenedMs: number;
}

/** Figures of all links from sessions over the tunnels, in their order of time; not every tunnel needs to have one. */
export function measure(tunnels: readonly Tunnel[], sessions: readonly SessionSamples[]): Measurement {
  const byTunnel = Map.groupBy(sessions, ({ tunnel }) => tunnel);
  const flights = tunnels.map(({ id, ends: [a, b] }) => ({
    tunnel: id,
    ends: [a.node, b.node] as const,
    // What was before a step of a clock cannot be compared with what is after it.
    flights: splitAtClockSteps((byTunnel.get(id) ?? []).flatMap(flightsOf)).at(-1) ?? [],
  }));
  const raw = new Map(rawLinks(flights).map((link) => [`${link.tunnel} ${link.from}`, link]));
  const names = [...new Set(tunnels.flatMap(({ ends }) => ends.map(({ node }) => node)))];
  const indices = new Map(names.map((name, index) => [name, index]));
  const rawByIndex = tunnels.flatMap(({ id, ends }) => ends.map(({ node }) => raw.get(`${id} ${node}`)));
  const known = rawByIndex.filter((link) => link !== undefined);
  const bounds = known.map(({ from, to, boundMs, roundTripMs }) => ({
    from: indices.get(from)!,
    to: indices.get(to)!,
    boundMs,
    roundTripMs,
  }));
  const offsets = boundOffsets(names.length, bounds);
  const delay = (links: readonly RawLink[]): Pick<PathFigures, "delay" | "comparableMs"> =>
    delayOf(links, offsets, indices.get(links[0]!.from)!, indices.get(links.at(-1)!.to)!);

  const links = tunnels.flatMap(({ id, ends }, tunnel) =>
    ends.map(({ node }, end): LinkFigures => {
      const own = rawByIndex[2 * tunnel + end];
      const counts = countsOf(byTunnel.get(id) ?? [], node);
      const base = { tunnel: id, from: node, to: ends[1 - end]!.node, ...counts };
      if (own === undefined) return base;
      const { roundTripMs, jitterMs } = own;
      return { ...base, timing: { delay: delay([own]).delay, roundTripMs, jitterMs } };
    }),
  );
  return {
    links,
    loosenedMs: offsets.loosenedMs,
    path: (path) => {
      const raws = path.map((link) => rawByIndex[link]).filter((link) => link !== undefined);
      if (raws.length < path.length || raws.length === 0) return undefined;
      const jitterMs = raws.reduce((sum, each) => sum + spreadOf(each), 0);
      const through = path.reduce((share, link) => share * (1 - lossOf(links[link]!)), 1);
      const loss = 1 - through;
      const { comparableMs, ...rest } = delay(raws);
      const costMs = linkCostMs({ delayMs: comparableMs, jitterMs, loss });
      return { ...rest, comparableMs, jitterMs, loss, costMs };
    },
  };
}

const spreadOf = ({ jitterMs }: Pick<RawLink, "jitterMs">): number => jitterMs.p95 - jitterMs.p50;

/** The share of a link's packets that were lost, 0 to 1; 0 of none. */
export const lossOf = ({ packets }: Pick<LinkFigures, "packets">): number =>
  ratioOf(packets.lost, packets.sent);

/** Along a path the offsets of the nodes between cancel out; what is left are those of its two ends. */
function delayOf(
  links: readonly RawLink[],
  offsets: Offsets,
  from: number,
  to: number,
): Pick<PathFigures, "delay" | "comparableMs"> {
  const sum = (of: (link: RawLink) => number): number => links.reduce((total, link) => total + of(link), 0);
  const least = sum(({ rawRangeMs }) => rawRangeMs[0]) - offsets.mostMs(from, to);
  const most = sum(({ rawRangeMs }) => rawRangeMs[1]) + offsets.mostMs(to, from);
  // Without a word of clocks: no delay is below 0, and none is longer than the round trip that it is a part of.
  const lowestMs = Math.max(0, least);
  const longest = sum(({ roundTripMs }) => roundTripMs) * (1 + MOST_DRIFT);
  const highestMs = Math.min(longest, most);
  const comparableMs = sum(({ rawMs }) => rawMs) - (offsets.guessMs[to]! - offsets.guessMs[from]!);
  const guessMs = Math.min(Math.max(comparableMs, lowestMs), highestMs);
  return { delay: { lowestMs, highestMs, guessMs }, comparableMs };
}

/** The packets that a node sent over a tunnel, over all sessions. */
function countsOf(
  sessions: readonly SessionSamples[],
  node: string,
): Pick<LinkFigures, "packets" | "undecided"> {
  let [packets, undecided] = [NOTHING, 0];
  for (const session of sessions) {
    const counts = tally(session);
    packets = addTallies(packets, session.sender === node ? counts.there : counts.back);
    undecided += counts.undecided;
  }
  return { packets, undecided };
}
