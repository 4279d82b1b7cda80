// What probing a tunnel yields: the timestamps of every probe, each on the clock of the machine that read it.
//
//   sender  T1 ────────────> T2  reflector      T1, T4 on the sender's clock; T2, T3 on the reflector's. The two clocks
//           T4 <──────────── T3                 are monotonic, and nothing is known of how far they are apart.

/** One STAMP session (RFC 8762) over one tunnel. The sender is one end, so both of the tunnel's links are seen. */
export interface SessionSamples {
  /** Tunnel id. */
  readonly tunnel: string;
  /** Node names. */
  readonly sender: string;
  readonly reflector: string;
  /** In the order of sending; sequence numbers begin at 0 and have no gap. */
  readonly probes: readonly Probe[];
}

export interface Probe {
  /** T1, ms on the sender's clock. */
  readonly sentMs: number;
  /** Absent: none came back in time. */
  readonly answer?: Answer;
}

export interface Answer {
  /** T2, ms on the reflector's clock. */
  readonly receivedMs: number;
  /** T3, ms on the reflector's clock. */
  readonly returnedMs: number;
  /** T4, ms on the sender's clock. */
  readonly backMs: number;
  /** The stateful reflector's own sequence number: it counts what it received and sent back (RFC 8762, 4.3.1). */
  readonly reflectorSequence: number;
  /** Sequence number of arrival at the sender: 0 came first. */
  readonly arrival: number;
  /** How many times this answer came, beyond the first. */
  readonly duplicates: number;
}
