// What the dashboard is told, as types alone: the page imports nothing else of ours.

/** Lies between the two, whatever the clocks say; `typicalMs` is the likeliest. */
export interface Interval {
  readonly lowMs: number;
  readonly typicalMs: number;
  readonly highMs: number;
}

interface NodeNow {
  readonly name: string;
  /** Its agent speaks with the controller. */
  readonly isThere: boolean;
}

/** One direction of a tunnel; what is absent is not known. */
export interface LinkNow {
  readonly tunnel: string;
  readonly from: string;
  readonly to: string;
  /** Carries it encrypted, and holds no key. */
  readonly forwarder?: string;
  readonly isDown: boolean;
  readonly delay?: Interval;
  /** p95 - p50. */
  readonly jitterMs?: number;
  /** Share of packets, 0 to 1. */
  readonly loss?: number;
}

export interface DecisionNow {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly reason: "gain" | "failed" | "recovered" | "limit" | "along";
  /** Node names; empty: no way. */
  readonly was: readonly string[];
  readonly is: readonly string[];
  /** By how much the way before costs more, ms; absent: it was down. */
  readonly gainMs?: number;
}

export interface NetworkNow {
  /** ms since 1970, or since the simulation began. */
  readonly atMs: number;
  readonly isSimulated: boolean;
  /** The controller did not answer the last time: this is what it said before. */
  readonly isOld?: true;
  readonly nodes: readonly NodeNow[];
  readonly links: readonly LinkNow[];
  /** The latest first. */
  readonly decisions: readonly DecisionNow[];
}

export interface CandidateNow {
  readonly path: readonly string[];
  /** Than the way that is taken: exact, for both have the same two ends. Absent: down, or not measured. */
  readonly moreCostMs?: number;
  readonly moreDelayMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
}

export interface WayNow {
  readonly path: readonly string[];
  /** Their places in `links` of the network. */
  readonly links: readonly number[];
  readonly delay?: Interval;
  readonly loss?: number;
  /** The best few, best first. */
  readonly candidates: readonly CandidateNow[];
}

export interface PairNow {
  readonly there: WayNow;
  readonly back: WayNow;
}
