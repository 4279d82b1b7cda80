// The loss that counts over several windows justify, so that one lost packet moves nothing.

export interface LossCount {
  /** Packets that were sent, or would have been. */
  readonly sent: number;
  readonly lost: number;
}

/** One-sided 95 %. */
const Z = 1.6448536269514722;

/**
 * The largest of the windows' lower confidence bounds, a share from 0 to 1: a short window speaks up when it has seen
 * much, a long one when it has seen it long enough. Wilson's score interval (E. B. Wilson, "Probable Inference, the Law
 * of Succession, and Statistical Inference", 1927), which holds for few packets, too. Nothing sent: 0.
 */
export const estimateLoss = (windows: readonly LossCount[]): number =>
  Math.max(0, ...windows.map(lowerBound));

function lowerBound({ sent, lost }: LossCount): number {
  if (sent === 0 || lost === 0) return 0;
  const share = lost / sent;
  const z2 = Z * Z;
  const centre = share + z2 / (2 * sent);
  const spread = Z * Math.sqrt((share * (1 - share)) / sent + z2 / (4 * sent * sent));
  return Math.max(0, (centre - spread) / (1 + z2 / sent));
}
