// When silence means that a link is down: an accrual detector (Hayashibara et al., "The phi Accrual Failure Detector",
// 2004) for packets that come at an even pace and get lost now and then.

export interface Pace {
  /** Between two packets. */
  readonly intervalMs: number;
  /** Share of packets lost while the link is alive, 0 to 1. */
  readonly loss: number;
  /** How much later than its time a packet comes once in a hundred times. */
  readonly latenessMs: number;
}

/** -log10 of the chance that a living link is silent for so long: at 20 packets a second a false alarm in half a day, at 1 % loss. */
const ENOUGH = 6;
/** Losses come in bursts: no link is taken to lose fewer, so never less than 3 packets in a row are an alarm. */
const LEAST_LOSS = 0.01;
/** A link that loses more is hardly alive; at 50 ms it is down after a second. */
const MOST_LOSS = 0.5;
const LEAST_LATENESS_MS = 25;
const MOST_LATENESS_MS = 400;

/**
 * The silence after which a link at this pace is taken to be down, ms: so many packets are missing that the chance of it,
 * were the link alive, is 10^-ENOUGH.
 */
export function patienceMs({ intervalMs, loss, latenessMs }: Pace): number {
  const late = Math.min(Math.max(latenessMs, LEAST_LATENESS_MS), MOST_LATENESS_MS);
  const chance = Math.min(Math.max(loss, LEAST_LOSS), MOST_LOSS);
  return late + intervalMs * Math.ceil((ENOUGH - ROUNDING) / -Math.log10(chance));
}

const ROUNDING = 1e-9;
