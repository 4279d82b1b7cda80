// What choosing goes by where nothing else is said.

export interface Patience {
  /** A gain below this is not worth a move, ms. */
  readonly gainMs: number;
  /** How long it must have lasted, ms. */
  readonly sustainMs: number;
  /** After a move, how long until the next voluntary one, ms. */
  readonly dwellMs: number;
}

/** Milliseconds by which another path must be better before it is worth a word, or a switch. */
export const WORTHWHILE_MS = 2;

export const PATIENCE: Patience = { gainMs: WORTHWHILE_MS, sustainMs: 3000, dwellMs: 30_000 };

/**
 * Milliseconds that the loss term weighs: 1 % loss costs as much as 10 ms of delay, 5 % as much as 51 ms. A packet lost on
 * a path of R ms is there again after one more round trip at best, and after a retransmission timer of at least 200 ms
 * (RFC 6298, 2.4: 1 s) when it was the last of a burst; TCP's rate falls with the root of the loss (Mathis et al., "The
 * Macroscopic Behavior of the TCP Congestion Avoidance Algorithm", 1997). One second a loss is the order of both.
 */
export const LOSS_WEIGHT_MS = 1000;
