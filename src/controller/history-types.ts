// What the history tells: of links, of pairs of nodes, of what was decided and what else happened. Names, not indices.
import type { AppliedPart } from "../core/applied.ts";

/** How far back from a moment, and by how much at a time. */
export type Span = "hour" | "day" | "month" | "years";

/** A one-way delay lies between `low` and `high`, whatever the clocks say; `typical` is the likeliest. */
export interface DelayBand {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

/** A slot of time. What is absent is not known. */
export interface LinkPoint {
  /** ms since 1970, start of the slot. */
  readonly atMs: number;
  readonly delayMs?: DelayBand;
  /** p95 - p50. */
  readonly jitterMs?: number;
  /** Share of packets, 0 to 1; all of them while the link is down. */
  readonly loss?: number;
  /** At some time in the slot. */
  readonly isDown: boolean;
}

export interface PairPoint {
  readonly atMs: number;
  readonly delayMs?: DelayBand;
  readonly loss?: number;
  /** Node names, as for most of the slot; empty: no way, or not known. */
  readonly path: readonly string[];
  /** By the direct tunnel, where there is one: differences of typical delays are exact. */
  readonly directDelayMs?: DelayBand;
  readonly directLoss?: number;
}

export interface WayRecord {
  /** Node names; empty: no way. */
  readonly path: readonly string[];
  /** Than the way that was taken; these four are absent when a link of it was down, or gave no figures. */
  readonly moreCostMs?: number;
  readonly moreDelayMs?: number;
  readonly jitterMs?: number;
  /** 0 to 1. */
  readonly loss?: number;
}

export interface DecisionRecord {
  /** ms since 1970, by the controller's clock. */
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly reason: "gain" | "failed" | "recovered" | "limit" | "along";
  readonly was: WayRecord;
  readonly is: WayRecord;
  /** The best few, best first. */
  readonly candidates: readonly WayRecord[];
}

export interface ChangeRecord {
  readonly atMs: number;
  /** `start`: the controller began. `left`, `joined`: an agent. `failover`: a link went down, or came back. */
  readonly kind: "apply" | "rollback" | "start" | "left" | "joined" | "failover";
  /** The agent's node, or who applied, as far as the controller's machine knows. */
  readonly who?: string;
  readonly text: string;
  /** What an apply changed on the controller's machine; absent: nobody has noted it. */
  readonly what?: readonly AppliedPart[];
}

/** In the place of a relay, by the counters of `to`: what came from `from` by a tunnel of these two, and over whatever relay. */
export const [DIRECT, RELAYED] = ["", "*"] as const;

/** What a relay forwarded that came from `from` and went on to `to`, each by the tunnel that it has with the relay. */
export interface CarriedRecord {
  readonly atMs: number;
  /** Or `DIRECT`, or `RELAYED`. */
  readonly relay: string;
  readonly from: string;
  readonly to: string;
  /** Of IP. */
  readonly octets: number;
}

export interface CarriedReader {
  /** Octets; undefined: nobody has counted any. */
  carried(relay: string, from: string, to: string, fromMs: number, toMs: number): number | undefined;
}

export interface DecisionFilter {
  readonly from?: string;
  readonly to?: string;
  /** Before this moment, or at it. */
  readonly beforeMs?: number;
  readonly count: number;
}

export interface HistoryReader {
  /** Oldest first. Empty: nothing is known of such a link. */
  link(tunnel: string, from: string, span: Span, nowMs: number): readonly LinkPoint[];
  /** Of pairs that a line has measured. */
  pair(from: string, to: string, span: Span, nowMs: number): readonly PairPoint[];
  /** Newest first. */
  decisions(filter: DecisionFilter): readonly DecisionRecord[];
  /** The last ones, newest first. */
  changes(count: number): readonly ChangeRecord[];
}
