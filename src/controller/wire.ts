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
  /** Which it takes, of either end or of both. */
  readonly uplink?: string;
  readonly isDown: boolean;
  readonly delay?: Interval;
  /** p95 - p50. */
  readonly jitterMs?: number;
  /** Share of packets, 0 to 1. */
  readonly loss?: number;
}

/** What else happened. */
export interface ChangeNow {
  readonly atMs: number;
  readonly kind: "apply" | "rollback" | "start" | "left" | "joined" | "failover";
  readonly who?: string;
  readonly text: string;
  /** Of an apply: what it changed on the controller's machine; absent: nobody has noted it. */
  readonly what?: readonly ChangedNow[];
}

/** `settings`: sysctls. `files`: what the machine boots with, and nothing live. `all`: tofro has left. */
export interface ChangedNow {
  readonly kind:
    | "tunnels"
    | "routes"
    | "rules"
    | "addresses"
    | "settings"
    | "firewall"
    | "keys"
    | "files"
    | "all";
  readonly added?: number;
  readonly changed?: number;
  readonly removed?: number;
  /** Of tunnels, behind a `+` or `-`: the first of them. */
  readonly names?: readonly string[];
}

export interface DecisionNow {
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly reason: "gain" | "failed" | "recovered" | "limit" | "along";
  /** Node names, and between two of them `[x]` where the hop runs over a forwarder or uplink; empty: no way. So are all paths here. */
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
  /** Of the underlay, what this page has changed; absent: it may change nothing. */
  readonly changed?: readonly ChangedLink[];
}

/** One direction of the underlay of a lab or a simulation. */
export interface ChangedLink {
  readonly from: string;
  readonly to: string;
  /** The uplink, as in a lab file. */
  readonly over?: string;
  readonly was: LinkQualities;
  readonly is: LinkQualities;
}

interface LinkQualities {
  readonly delayMs: number;
  /** 0 to 1. */
  readonly loss: number;
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

/** A part of the time that is looked back on. What is absent is not known. */
export interface PastPoint {
  /** Its beginning. */
  readonly atMs: number;
  /** The lowest, the mean and the highest of it. */
  readonly delay?: Interval;
  readonly loss?: number;
  /** In `paths`, the one that was taken for longest; absent: no way, or not known. */
  readonly path?: number;
  /** By the direct tunnel. */
  readonly directMs?: number;
  readonly directLoss?: number;
}

export interface PastMove extends Pick<DecisionNow, "atMs" | "reason" | "was" | "is" | "gainMs"> {}

export interface PastWay {
  readonly paths: readonly (readonly string[])[];
  /** Oldest first; parts of which nothing is known are left out. */
  readonly points: readonly PastPoint[];
  /** Oldest first. */
  readonly moves: readonly PastMove[];
  /** More moves than are told, the older ones. */
  readonly untold: number;
  /** What the direct tunnel would have cost on top, a mean over the times when both are known. */
  readonly saved: { readonly delayMs?: number; readonly loss?: number };
  /** By relays on these ways, the most first; absent: nobody has counted any. */
  readonly carried?: readonly PastCarried[];
}

/** What a relay forwarded that came from `from` and went on to `to`, in all of the time. */
export interface PastCarried {
  readonly relay: string;
  readonly from: string;
  readonly to: string;
  readonly octets: number;
  /** Other pairs' packets may be among it: counters know tunnels, not pairs. */
  readonly isShared?: true;
}

export interface PairPast {
  readonly fromMs: number;
  readonly toMs: number;
  /** How long a point is. */
  readonly stepMs: number;
  readonly there: PastWay;
  readonly back: PastWay;
  /** Of both directions, octets; absent: not both ends have counted. */
  readonly exchanged?: {
    readonly octets: number;
    /** Of these came over relays. */
    readonly relayed: number;
  };
}

/** What might be otherwise. */
export interface Supposition {
  readonly links: readonly {
    readonly tunnel: string;
    readonly from: string;
    /** Than now. */
    readonly moreMs?: number;
    /** 0 to 1. */
    readonly loss?: number;
    readonly isDown?: boolean;
  }[];
  /** That are dead. */
  readonly nodes: readonly string[];
}

/** A pair for which something would be otherwise than now. */
export interface SupposedPair {
  readonly from: string;
  readonly to: string;
  /** Node names; empty: no way. */
  readonly was: readonly string[];
  readonly is: readonly string[];
  readonly reason?: DecisionNow["reason"];
  /** When it would move, after the figures have become known. */
  readonly afterMs?: number;
  /** It will move there also without what is supposed. */
  readonly isAnyway?: true;
  /** Than now: exact. */
  readonly moreDelayMs?: number;
  readonly wasLoss?: number;
  readonly loss?: number;
  /** What the present way would cost on top then; absent: it would be down, or is kept. */
  readonly stayMoreCostMs?: number;
}

export interface SupposedNow {
  /** Those without a way first, then those that move. */
  readonly pairs: readonly SupposedPair[];
  readonly untold: number;
  /** False: it would still be moving after a while. */
  readonly isSettled: boolean;
  /** The controller would be cut off, and nobody would choose: agents go around what is dead by themselves. */
  readonly isUnled?: true;
}
