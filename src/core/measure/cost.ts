// What a link costs: one number in milliseconds, additive along a path, that a better path has less of.

export interface LinkQuality {
  /** Typical one-way delay, ms; on whatever clocks, as long as the two ends of the compared paths are the same. */
  readonly delayMs: number;
  /** p95 - p50 of the delay, ms. */
  readonly jitterMs: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss: number;
}

/**
 * Milliseconds that the loss term weighs: 1 % loss costs as much as 10 ms of delay, 5 % as much as 51 ms. A packet lost on
 * a path of R ms is there again after one more round trip at best, and after a retransmission timer of at least 200 ms
 * (RFC 6298, 2.4: 1 s) when it was the last of a burst; TCP's rate falls with the root of the loss (Mathis et al., "The
 * Macroscopic Behavior of the TCP Congestion Avoidance Algorithm", 1997). One second a loss is the order of both.
 */
const LOSS_WEIGHT_MS = 1000;

/** Milliseconds by which another path must be better before it is worth a word, or a switch. */
export const WORTHWHILE_MS = 2;

/**
 * `delay + jitter + k * -ln(1 - loss)`. The logarithm makes the loss term additive: along a path the shares that come
 * through multiply. Infinite when everything is lost. Negative delays (raw ones, of clocks apart) are as good as others.
 */
export const linkCostMs = (
  { delayMs, jitterMs, loss }: LinkQuality,
  lossWeightMs: number = LOSS_WEIGHT_MS,
): number => delayMs + jitterMs - lossWeightMs * Math.log1p(-loss);
