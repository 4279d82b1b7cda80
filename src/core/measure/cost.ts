// What a link costs: one number in milliseconds, additive along a path, that a better path has less of.
import { LOSS_WEIGHT_MS } from "../choose/defaults.ts";

export interface LinkQuality {
  /** Typical one-way delay, ms; on whatever clocks, as long as the two ends of the compared paths are the same. */
  readonly delayMs: number;
  /** p95 - p50 of the delay, ms. */
  readonly jitterMs: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss: number;
}

/**
 * `delay + jitter + k * -ln(1 - loss)`. The logarithm makes the loss term additive: along a path the shares that come
 * through multiply. Infinite when everything is lost. Negative delays (raw ones, of clocks apart) are as good as others.
 */
export const linkCostMs = (
  { delayMs, jitterMs, loss }: LinkQuality,
  lossWeightMs: number = LOSS_WEIGHT_MS,
): number => delayMs + jitterMs - lossWeightMs * Math.log1p(-loss);
