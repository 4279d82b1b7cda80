// Robust figures of a list of numbers.

/** The share of values cut off at each end of `typical`. */
const TRIMMED = 0.1;

/** Ascending, a copy. */
export const sorted = (values: Iterable<number>): Float64Array => Float64Array.from(values).sort();

/**
 * The `p` quantile (0 to 1) of ascending values, interpolated between neighbours (type 7 of Hyndman and Fan, "Sample
 * Quantiles in Statistical Packages", 1996); NaN of none.
 */
export function quantile(ascending: Float64Array, p: number): number {
  const at = p * (ascending.length - 1);
  const low = ascending[Math.floor(at)] ?? NaN;
  const high = ascending[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** The same of values in any order: quick for a `p` near 1, of which only the largest few have to be known. */
export function highQuantile(values: Float64Array, p: number): number {
  const kept = values.length - Math.floor(p * (values.length - 1));
  // The largest, ascending.
  const largest = values.slice(0, kept).sort();
  for (let index = kept; index < values.length; index++) {
    const value = values[index]!;
    if (!(value > largest[0]!)) continue;
    let at = 0;
    for (; at + 1 < kept && largest[at + 1]! < value; at++) largest[at] = largest[at + 1]!;
    largest[at] = value;
  }
  const part = p * (values.length - 1) - (values.length - kept);
  return largest[0]! + ((largest[1] ?? largest[0]!) - largest[0]!) * part;
}

/**
 * The mean of the middle four fifths of ascending values: nearly as steady as the mean when jitter is even, nearly as deaf
 * to outliers as the median when it is not (Tukey, "A Survey of Sampling from Contaminated Distributions", 1960). NaN of
 * none.
 */
export function typical(ascending: Float64Array): number {
  const cut = Math.floor(ascending.length * TRIMMED);
  const middle = ascending.subarray(cut, ascending.length - cut);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** The mean distance from the median of ascending values. */
export function meanDeviation(ascending: Float64Array): number {
  const median = quantile(ascending, 0.5);
  return ascending.reduce((sum, value) => sum + Math.abs(value - median), 0) / ascending.length;
}
