// NTP timestamps (RFC 5905, 6; RFC 8762, 4.2.1): 64 bits, seconds and their binary fraction.
//
// What is written into them here is a monotonic clock, which never steps and knows no date: S=0 in the error estimate says
// so, and nothing but differences of one machine's stamps may be read out of them.

const SECOND_NS = 1_000_000_000n;

/** Wraps at 2^32 s, as NTP does. */
export const timestampOf = (ns: bigint): bigint => BigInt.asUintN(64, (ns << 32n) / SECOND_NS);

/** Milliseconds; what stands above 2^31 s is taken for a negative number. */
export const millisecondsOf = (timestamp: bigint): number =>
  (Number(BigInt.asIntN(64, timestamp)) / 2 ** 32) * 1000;

/** Error Estimate (RFC 4656, 4.1.2; RFC 8186, 2.3): S=0 not synchronised, Z=0 NTP format, 2^(scale - 32) s. */
export const errorEstimate = (scale: number): number => ((scale & 0x3f) << 8) | 1;

/** Stamps read in a callback of Node's: mostly within 1 ms. */
export const USER_STAMPS = errorEstimate(22);
