// Which interface of one machine talks to which of another: by public keys, both ways, and by ports where keys say too little.
import type { ConfigFile, PeerSection } from "./config-file.ts";
import type { Machine } from "./machine.ts";

export interface End {
  readonly machine: Machine;
  readonly file: ConfigFile;
  readonly peer: PeerSection;
}

export interface Match {
  readonly ends: readonly [End, End];
}

export interface Pairs {
  readonly matches: readonly Match[];
  /** Ends whose peer is none of the machines' interfaces. */
  readonly strangers: readonly End[];
  /** Ends whose peer is known and does not know them. */
  readonly unanswered: readonly End[];
}

/** Endpoints that were learnt are none. */
export interface Matched extends Pairs {
  readonly learnt: readonly End[];
}

export function match(machines: readonly Machine[]): Pairs {
  const ends = machines.flatMap((machine) =>
    machine.files.flatMap((file) => file.peers.map((peer): End => ({ machine, file, peer }))),
  );
  const knows = (one: End, other: End): boolean =>
    one.peer.publicKey?.value !== undefined && one.peer.publicKey.value === other.file.publicKey?.value;
  const taken = new Set<End>();
  const matches: Match[] = [];
  for (const end of ends) {
    if (taken.has(end)) continue;
    const candidates = ends.filter(
      (other) => !taken.has(other) && other.file !== end.file && knows(end, other) && knows(other, end),
    );
    const [best] = candidates.toSorted((x, y) => fit(end, y) - fit(end, x));
    if (best === undefined) continue;
    taken.add(end).add(best);
    matches.push({ ends: [end, best] });
  }
  const known = new Set(
    machines.flatMap(({ files }) => files.flatMap(({ publicKey }) => publicKey?.value ?? [])),
  );
  const left = ends.filter((end) => !taken.has(end) && end.peer.publicKey !== undefined);
  const isKnown = (end: End): boolean => known.has(end.peer.publicKey!.value);
  return { matches, strangers: left.filter((end) => !isKnown(end)), unanswered: left.filter(isKnown) };
}

/** How well two interfaces with each other's keys fit: machines often have one key on several. */
function fit(one: End, other: End): number {
  const dials = (from: End, to: End): number => {
    const endpoint = from.peer.endpoint?.value;
    if (endpoint === undefined) return 0;
    return endpoint.port === to.file.listenPort?.value ? 2 : -1;
  };
  const samePsk = canBeSamePsk(one.peer, other.peer) ? 1 : -4;
  return dials(one, other) + dials(other, one) + samePsk;
}

/** One that an output hides is any key, and not none. */
export function canBeSamePsk(one: PeerSection, other: PeerSection): boolean {
  const [hidden, shown] = one.isPresharedKeyHidden ? [one, other] : [other, one];
  if (hidden.isPresharedKeyHidden)
    return shown.isPresharedKeyHidden === true || shown.presharedKey !== undefined;
  return one.presharedKey === other.presharedKey;
}
