// What relays carried while a pair is looked back on, of each relay on its ways: by the relay's own counters, which know
// tunnels and not pairs. And what the two got from each other, by relays or not: by the counters of both, which know the pair.
import type { Links } from "../core/agent/links.ts";
import { nodesOf } from "./history-figures.ts";
import { DIRECT, RELAYED, type CarriedReader } from "./history-types.ts";
import type { PairPast, PastCarried, PastWay } from "./wire.ts";

/** Of a direction. */
const MOST = 10;

type Between = Pick<Links, "names" | "senders" | "receivers">;

export function withCarried(
  past: PairPast,
  reader: CarriedReader,
  links: Between,
  from: string,
  to: string,
): PairPast {
  const way = (each: PastWay, ends: readonly [string, string]): PastWay => {
    const carried = carriedOn(each, reader, past).map((one) =>
      isShared(links, one, ends) ? { ...one, isShared: true as const } : one,
    );
    return carried.length === 0 ? each : { ...each, carried };
  };
  const [there, back] = [arrived(reader, from, to, past), arrived(reader, to, from, past)];
  return {
    ...past,
    there: way(past.there, [from, to]),
    back: way(past.back, [to, from]),
    ...(there &&
      back && {
        exchanged: { octets: there.octets + back.octets, relayed: there.relayed + back.relayed },
      }),
  };
}

function arrived(
  reader: CarriedReader,
  from: string,
  to: string,
  { fromMs, toMs }: PairPast,
): PairPast["exchanged"] {
  const [direct, relayed] = [DIRECT, RELAYED].map((how) => reader.carried(how, from, to, fromMs, toMs));
  if (direct === undefined && relayed === undefined) return undefined;
  return { octets: (direct ?? 0) + (relayed ?? 0), relayed: relayed ?? 0 };
}

/** The most first. */
function carriedOn({ paths }: PastWay, reader: CarriedReader, { fromMs, toMs }: PairPast): PastCarried[] {
  const found = new Map<string, PastCarried>();
  for (const path of paths.map(nodesOf)) {
    path.slice(2).forEach((to, at) => {
      const [from, relay] = [path[at]!, path[at + 1]!];
      const key = [from, relay, to].join(" ");
      const octets = found.has(key) ? undefined : reader.carried(relay, from, to, fromMs, toMs);
      if (octets !== undefined) found.set(key, { relay, from, to, octets });
    });
  }
  return [...found.values()].sort((x, y) => y.octets - x.octets).slice(0, MOST);
}

/**
 * Whether another pair's packets may have taken the same two tunnels: those of a node behind `from` or `to`, or of these two
 * themselves when the pair lies around them.
 */
function isShared(
  links: Between,
  { relay, from, to }: PastCarried,
  ends: readonly [string, string],
): boolean {
  if (ends[0] !== from || ends[1] !== to) return true;
  const own = new Set([relay, from, to]);
  const { names, senders, receivers } = links;
  return Array.from(senders, (sender, link) => [names[sender]!, names[receivers[link]!]!] as const).some(
    ([end, other]) => (end === from || end === to) && !own.has(other),
  );
}
