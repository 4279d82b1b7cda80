// The clock of every stamp: monotonic, in nanoseconds. Tests may shift it and let it drift, as the clocks of machines are.

/** In nanoseconds since nobody knows when. */
export type Clock = () => bigint;

export interface ClockError {
  /** Added to all that is read, in ms. */
  readonly offsetMs: number;
  /** Millionths by which it runs too fast. */
  readonly driftPpm: number;
}

export const TRUE_CLOCK: ClockError = { offsetMs: 0, driftPpm: 0 };

/** `read` is the true clock; its drift counts from the moment of this call. */
export function clockOf(
  { offsetMs, driftPpm }: ClockError,
  read: Clock = () => process.hrtime.bigint(),
): Clock {
  if (offsetMs === 0 && driftPpm === 0) return read;
  const start = read();
  const offset = BigInt(Math.round(offsetMs * 1e6));
  const drift = BigInt(Math.round(driftPpm * 1e3));
  return () => {
    const now = read();
    return now + offset + ((now - start) * drift) / 1_000_000_000n;
  };
}
